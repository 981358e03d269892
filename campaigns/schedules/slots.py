"""The times at which a series leaves: the days of its rule with its days off left out or moved. No clock, no database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from bookings.days_off import DaysOff
from campaigns.schedules.rules import SATURDAY, HolidayPolicy, Rule

# A yearly day that is always a holiday never comes; nobody waits for it longer.
FARTHEST = timedelta(days=366 * 5)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Slot:
    """One time of a series. ``planned_on`` is the day of the rule and names it for good; ``at`` None: it is left out.

    ``holiday`` is the name of the day off on which it falls.
    """

    planned_on: date
    at: datetime | None
    holiday: str = ""


def slots(rule: Rule, zone: str, off: DaysOff, *, after: date | None = None) -> Iterator[Slot]:
    """Yield the slots after a day of the rule in order, as far as its last day; its count is for who counts."""
    begins = max(rule.first_on, after or rule.first_on)
    for day, following in _with_next(rule, begins + FARTHEST):
        if after is None or day > after:
            yield _slot(rule, zone, off, day, following)


def limited(found: Iterator[Slot], left: int | None) -> Iterator[Slot]:
    """Yield slots until so many of them are real ones; None for no end."""
    for slot in found:
        if left is not None and left <= 0:
            return
        if left is not None and slot.at is not None:
            left -= 1
        yield slot


def _with_next(rule: Rule, last: date) -> Iterator[tuple[date, date | None]]:
    def days() -> Iterator[date | None]:
        for day in rule.days():
            if day > last:
                break
            yield day
        yield None

    for day, following in pairwise(days()):
        if day is not None:
            yield day, following


def _slot(rule: Rule, zone: str, off: DaysOff, day: date, following: date | None) -> Slot:
    name = off.name(day) if rule.holidays != HolidayPolicy.SEND else ""
    if not name:
        return Slot(day, rule.moment(day, zone))
    target = _next_working_day(day, off)
    # Two times on one day would write twice to the same people.
    if rule.holidays == HolidayPolicy.SKIP or (following is not None and following <= target):
        return Slot(day, None, name)
    return Slot(day, rule.moment(target, zone), name)


def _next_working_day(day: date, off: DaysOff) -> date:
    target = day + ONE_DAY
    while target.weekday() >= SATURDAY or target in off:
        target += ONE_DAY
    return target
