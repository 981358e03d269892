"""When messages about a booking leave.

They leave between 8:00 and 21:00 of the organization's own clock. What a customer has just done is answered at once, at
whatever hour. Else a message of the night waits for the morning; a reminder that would then come too late leaves in the
evening before, and the one an hour before is left out where no allowed moment lies between it and the booking.
"""

from datetime import datetime, time, timedelta

from core.clock import local, outside_quiet

QUIET_FROM, QUIET_UNTIL = time(21), time(8)
DAY, HOUR = timedelta(hours=24), timedelta(hours=1)
SHORTEST_WARNING = timedelta(minutes=30)
# A reminder says nothing to somebody who booked a moment ago.
SOON_AFTER_BOOKING = timedelta(hours=2)


def is_quiet(at: datetime, zone: str) -> bool:
    return outside_quiet(at, QUIET_FROM, QUIET_UNTIL, zone) != at


def evening_before(at: datetime, zone: str) -> datetime:
    """Return half an hour before the quiet hours that ``at`` lies in began."""
    wall = local(at, zone)
    day = wall.date() if wall.time() >= QUIET_FROM else wall.date() - timedelta(days=1)
    return datetime.combine(day, QUIET_FROM, tzinfo=wall.tzinfo).astimezone(at.tzinfo) - timedelta(minutes=30)


def news_at(at: datetime, starts_at: datetime, zone: str, *, own_doing: bool) -> datetime:
    """Return when to tell of something that happened at ``at``; what the customer did is answered at once."""
    if own_doing or not is_quiet(at, zone):
        return at
    morning = outside_quiet(at, QUIET_FROM, QUIET_UNTIL, zone)
    # Better woken than standing before a closed door.
    return morning if morning + SHORTEST_WARNING <= starts_at else at


def day_before_at(booked_at: datetime, starts_at: datetime, zone: str) -> datetime | None:
    """Return when the reminder of the day before leaves, or None when it was booked too late for one."""
    due = starts_at - DAY
    if is_quiet(due, zone):
        wall = local(due, zone)
        morning = outside_quiet(due, QUIET_FROM, QUIET_UNTIL, zone)
        due = evening_before(due, zone) if wall.time() >= QUIET_FROM else morning
    return due if due >= booked_at + SOON_AFTER_BOOKING else None


def hour_before_at(booked_at: datetime, starts_at: datetime, zone: str) -> datetime | None:
    """Return when the reminder of the last hour leaves, or None when no allowed moment is left for it."""
    due = outside_quiet(starts_at - HOUR, QUIET_FROM, QUIET_UNTIL, zone)
    if due + SHORTEST_WARNING > starts_at or due < booked_at + SOON_AFTER_BOOKING:
        return None
    return due
