"""The agenda as rows and columns: which quarter of an hour a booking begins in, and beside whom it stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from bookings.availability import Span
from core.clock import day_bounds, local

QUARTER = 15
FIRST_HOUR, LAST_HOUR = 8, 19
SHORTEST_ROWS = 2
MOST_LANES = 6


@dataclass
class Block:
    """Something in a day's column. ``row`` counts quarters from 1, ``lane`` from 1 of the ``lanes`` beside each other."""

    span: Span
    thing: Any
    row: int = 1
    rows: int = 1
    lane: int = 1


@dataclass
class Day:
    """One column. ``closed`` says why nobody works; ``away`` is time off and what linked calendars hold."""

    day: date
    is_today: bool
    closed: str = ""
    blocks: list[Block] = field(default_factory=list)
    away: list[Block] = field(default_factory=list)
    lanes: int = 1


@dataclass(frozen=True)
class Grid:
    days: list[Day]
    first_hour: int
    last_hour: int

    @property
    def hours(self) -> range:
        return range(self.first_hour, self.last_hour)

    @property
    def slots(self) -> list[tuple[int, str]]:
        """Return the half hours to click on, as row and clock."""
        halves = range(self.first_hour * 2, self.last_hour * 2)
        return [(1 + (half - self.first_hour * 2) * 2, f"{half // 2:02d}:{half % 2 * 30:02d}") for half in halves]


def build_grid(
    days: Sequence[date], bookings: Iterable[tuple[Span, Any]], away: Iterable[tuple[Span, Any]],
    closed: dict[date, str], zone: str, at: datetime,
) -> Grid:  # fmt: skip
    """Place bookings and absences; the hours shown grow with what lies outside of the usual ones."""
    booked, gone = list(bookings), list(away)
    today = local(at, zone).date()
    columns = [Day(day, day == today, closed.get(day, "")) for day in days]
    first, last = _hours([span for span, _thing in booked], set(days), zone)
    for column in columns:
        column.blocks = _placed(column.day, booked, first, last, zone)
        column.away = _placed(column.day, gone, first, last, zone)
        column.lanes = _share_lanes(column.blocks)
    return Grid(columns, first, last)


def _hours(spans: Sequence[Span], days: set[date], zone: str) -> tuple[int, int]:
    first, last = FIRST_HOUR, LAST_HOUR
    for span in spans:
        start, end = local(span.start, zone), local(span.end, zone)
        if start.date() not in days:
            continue
        first = min(first, start.hour)
        reach = 24 if end.date() > start.date() else end.hour + (1 if end.minute or end.second else 0)
        last = max(last, reach)
    return first, last


def _placed(day: date, things: Sequence[tuple[Span, Any]], first: int, last: int, zone: str) -> list[Block]:
    begin, end = day_bounds(day, zone)
    blocks = []
    for span, thing in things:
        if span.start >= end or span.end <= begin:
            continue
        top = max(_quarter(max(span.start, begin), day, zone) - first * 4, 0)
        bottom = min(_quarter(min(span.end, end), day, zone, is_end=True) - first * 4, (last - first) * 4)
        if bottom > top:
            blocks.append(Block(span, thing, row=top + 1, rows=bottom - top))
    return sorted(blocks, key=lambda block: (block.span, block.rows))


def _quarter(at: datetime, day: date, zone: str, *, is_end: bool = False) -> int:
    wall = local(at, zone)
    minutes = 1440 if wall.date() > day else wall.hour * 60 + wall.minute
    return -(-minutes // QUARTER) if is_end else minutes // QUARTER


def _share_lanes(blocks: list[Block]) -> int:
    """Put what overlaps side by side and return how many lanes the day needs."""
    ends: list[int] = []
    for block in blocks:
        block.rows = max(block.rows, SHORTEST_ROWS)
        free = next((number for number, end in enumerate(ends) if end <= block.row), None)
        if free is None:
            free = len(ends)
            ends.append(0)
        ends[free] = block.row + block.rows
        block.lane = min(free + 1, MOST_LANES)
    return min(max(len(ends), 1), MOST_LANES)


def week_of(day: date) -> list[date]:
    """Return the seven days, Monday first, of the week that the day lies in."""
    monday = day - timedelta(days=day.weekday())
    return [monday + timedelta(days=offset) for offset in range(7)]
