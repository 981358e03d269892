"""Time: now, and the arithmetic of sending hours in an organization's own zone."""

from datetime import UTC, datetime, time, timedelta
from typing import TypedDict
from zoneinfo import ZoneInfo


class SendingHours(TypedDict, total=False):
    """``days`` counts from Monday = 0; ``start`` and ``end`` are ``HH:MM``. Empty means at any time."""

    days: list[int]
    start: str
    end: str


def now() -> datetime:
    """Return the current moment in UTC."""
    return datetime.now(UTC)


def next_allowed(at: datetime, hours: SendingHours, zone: str) -> datetime:
    """Return ``at`` when it lies within the hours, else the moment at which they begin again."""
    if not hours.get("start") or not hours.get("end"):
        return at
    local = at.astimezone(ZoneInfo(zone))
    days = hours.get("days") or list(range(7))
    start, end = time.fromisoformat(hours["start"]), time.fromisoformat(hours["end"])
    for offset in range(8):
        day = local.date() + timedelta(days=offset)
        if day.weekday() not in days:
            continue
        opens = datetime.combine(day, start, tzinfo=local.tzinfo)
        closes = datetime.combine(day, end, tzinfo=local.tzinfo)
        if closes <= opens:
            closes += timedelta(days=1)
        if local < closes:
            return max(local, opens).astimezone(UTC)
    return at


def outside_quiet(at: datetime, start: time, end: time, zone: str) -> datetime:
    """Return ``at`` unless it lies in the quiet hours (which may span midnight), else the moment they end."""
    if start == end:
        return at
    local = at.astimezone(ZoneInfo(zone))
    clock = local.time()
    quiet = start <= clock < end if start < end else clock >= start or clock < end
    if not quiet:
        return at
    day = local.date() + timedelta(days=1 if start > end and clock >= start else 0)
    return datetime.combine(day, end, tzinfo=local.tzinfo).astimezone(UTC)
