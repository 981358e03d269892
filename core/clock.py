"""Time: now, and the arithmetic of days and sending hours in an organization's own zone."""

from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta
from typing import TypedDict
from zoneinfo import ZoneInfo

EVERY_DAY = tuple(range(7))
# Longer than any weekly pattern with a long run of holidays.
FARTHEST_DAYS = 62


class SendingHours(TypedDict, total=False):
    """``days`` counts from Monday = 0; ``start`` and ``end`` are ``HH:MM``. Empty means at any time.

    ``skips_holidays`` asks whoever knows the days off to hand them over. An ``end`` at or before ``start`` belongs to the next
    day (18:00 to 02:00).
    """

    days: list[int]
    start: str
    end: str
    skips_holidays: bool


def now() -> datetime:
    """Return the current moment in UTC."""
    return datetime.now(UTC)


def local(at: datetime, zone: str) -> datetime:
    """Return the moment as the clocks of the zone show it."""
    return at.astimezone(ZoneInfo(zone))


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """Return the first moment of a local day and of the next, in UTC (23 to 25 hours apart)."""
    return wall_moment(day, time.min, zone), wall_moment(day + timedelta(days=1), time.min, zone)


def is_allowed(at: datetime, hours: SendingHours, zone: str, holidays: Container[date] = ()) -> bool:
    """Tell whether ``at`` lies within the hours."""
    return next_allowed(at, hours, zone, holidays) == at


def next_allowed(at: datetime, hours: SendingHours, zone: str, holidays: Container[date] = ()) -> datetime:
    """Return ``at`` when it lies within the hours, else the moment at which they begin again.

    ``holidays`` are local days on which the hours do not begin. Where no day is left within two months, the moment
    two months from now is returned, to ask again.
    """
    if not holidays and not (hours.get("start") and hours.get("end")) and not hours.get("days"):
        return at
    today = local(at, zone).date()
    # Yesterday first: its hours may reach past midnight.
    for offset in range(-1, FARTHEST_DAYS):
        day = today + timedelta(days=offset)
        if day.weekday() not in (hours.get("days") or EVERY_DAY) or day in holidays:
            continue
        opens, closes = _span(day, hours, zone)
        if at < closes:
            return max(at, opens)
    return wall_moment(today + timedelta(days=FARTHEST_DAYS), time.min, zone)


def _span(day: date, hours: SendingHours, zone: str) -> tuple[datetime, datetime]:
    if not hours.get("start") or not hours.get("end"):
        return day_bounds(day, zone)
    start, end = time.fromisoformat(hours["start"]), time.fromisoformat(hours["end"])
    last = day + timedelta(days=1) if end <= start else day
    return wall_moment(day, start, zone), wall_moment(last, end, zone)


def outside_quiet(at: datetime, start: time, end: time, zone: str) -> datetime:
    """Return ``at`` unless it lies in the quiet hours (which may span midnight), else the moment they end."""
    if start == end:
        return at
    today = local(at, zone)
    clock = today.time()
    quiet = start <= clock < end if start < end else clock >= start or clock < end
    if not quiet:
        return at
    return wall_moment(today.date() + timedelta(days=1 if start > end and clock >= start else 0), end, zone)


def wall_moment(day: date, clock: time, zone: str) -> datetime:
    """Return the moment at which the clocks of the zone show a time on a day."""
    # Through UTC and back a wall time that a clock change skips becomes the first one that exists.
    return datetime.combine(day, clock, tzinfo=ZoneInfo(zone)).astimezone(UTC)
