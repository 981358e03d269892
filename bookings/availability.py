"""Which moments are free: a pure function of the week's hours, closed days, what is taken and the rules of booking.

Hours are wall time of the organization's zone; what is stepped through and compared are moments, so that a clock change
neither loses nor doubles a slot.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

Shift = tuple[int, int]
"""Minutes since midnight of the local clock; 1440 is the next midnight."""


class Span(NamedTuple):
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Rules:
    """What a slot must keep to. Buffers lie outside of ``duration`` and may reach beyond the hours of work."""

    zone: str
    duration: timedelta
    step: timedelta
    before: timedelta = timedelta()
    after: timedelta = timedelta()
    min_notice: timedelta = timedelta()
    horizon_days: int = 60


def moment(day: date, minute: int, zone: str) -> datetime:
    """Return the moment of a local wall time; one that a clock change skips becomes the first that exists."""
    day, minute = day + timedelta(days=minute // 1440), minute % 1440
    wall = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=ZoneInfo(zone))
    return wall.astimezone(UTC)


def shifts_of(day: date, hours: Mapping[int, Sequence[Shift]], closed: Collection[date], zone: str) -> list[Span]:
    """Return the stretches of work of a local day."""
    if day in closed:
        return []
    spans = (Span(moment(day, start, zone), moment(day, end, zone)) for start, end in hours.get(day.weekday(), ()))
    return sorted(span for span in spans if span.start < span.end)


def free_slots(
    first: date, last: date, *, hours: Mapping[int, Sequence[Shift]], closed: Collection[date], busy: Sequence[Span],
    rules: Rules, at: datetime,
) -> list[datetime]:  # fmt: skip
    """Return the beginnings that can be booked at ``at`` on the local days from ``first`` to ``last``, in order."""
    today = at.astimezone(ZoneInfo(rules.zone)).date()
    taken = merge(busy)
    days = _days(max(first, today), min(last, today + timedelta(days=rules.horizon_days)))
    shifts = (span for day in days for span in shifts_of(day, hours, closed, rules.zone))
    starts = (start for span in shifts for start in _steps(span, rules))
    earliest = at + rules.min_notice
    fits = (s for s in starts if s >= earliest and is_free(s - rules.before, s + rules.duration + rules.after, taken))
    return sorted(set(fits))


def _days(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def _steps(span: Span, rules: Rules) -> Iterator[datetime]:
    start = span.start
    while start + rules.duration <= span.end:
        yield start
        start += rules.step


def merge(spans: Sequence[Span]) -> list[Span]:
    """Return the same time as few spans, in order and apart."""
    merged: list[Span] = []
    for span in sorted(span for span in spans if span.start < span.end):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def is_free(start: datetime, end: datetime, merged: Sequence[Span]) -> bool:
    """Tell whether [start, end) touches none of the merged spans."""
    after = bisect_right(merged, start, key=lambda span: span.start)
    if after and merged[after - 1].end > start:
        return False
    return after == len(merged) or merged[after].start >= end
