"""How a campaign repeats: a rule of days, kept as it was chosen, and the days that follow from it. No clock, no database."""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any, Final, Self

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.errors import CampaignIncompleteError
from core.clock import wall_moment


class Unit(models.TextChoices):
    DAY = "day", gettext_lazy("day")
    WEEK = "week", gettext_lazy("week")
    MONTH = "month", gettext_lazy("month")


class HolidayPolicy(models.TextChoices):
    SEND = "send", gettext_lazy("Send all the same")
    SKIP = "skip", gettext_lazy("Leave that time out")
    MOVE = "move", gettext_lazy("Move it to the next working day")


MOST: Final = {Unit.DAY: 365, Unit.WEEK: 52, Unit.MONTH: 12}
MAX_COUNT = 500
SATURDAY = 5


@dataclass(frozen=True)
class Rule:
    """Every ``interval`` days, weeks or months from ``first_on`` on, at a wall time.

    ``weekdays`` (Monday = 0) are for weeks, ``month_day`` is for months: in a shorter month its last day. ``until`` is the last day
    that may be one of them, ``count`` how many times it is sent at the most.
    """

    unit: Unit
    at: time
    first_on: date
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    month_day: int | None = None
    until: date | None = None
    count: int | None = None
    holidays: HolidayPolicy = HolidayPolicy.SEND

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """Return a rule as :meth:`kept` gives it; raises :class:`CampaignIncompleteError` in words."""
        try:
            rule = cls(
                unit=Unit(kept.get("unit") or Unit.WEEK),
                at=time.fromisoformat(str(kept["at"])).replace(second=0, microsecond=0, tzinfo=None),
                first_on=date.fromisoformat(str(kept["first_on"])),
                interval=1 if kept.get("interval") in (None, "") else int(kept["interval"]),
                weekdays=tuple(sorted({int(day) for day in kept.get("weekdays") or ()})),
                month_day=int(kept["month_day"]) if kept.get("month_day") else None,
                until=date.fromisoformat(str(kept["until"])) if kept.get("until") else None,
                count=None if kept.get("count") in (None, "") else int(kept["count"]),
                holidays=HolidayPolicy(kept.get("holidays") or HolidayPolicy.SEND),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise refused(_("Choose again when it repeats.")) from error
        return rule.checked()

    def checked(self) -> Self:
        """Return the rule without what its unit does not ask for; raises :class:`CampaignIncompleteError`."""
        if not 1 <= self.interval <= MOST[self.unit]:
            raise refused(_("It repeats after 1 to %(most)d.") % {"most": MOST[self.unit]})
        if self.unit == Unit.WEEK and not self.weekdays:
            raise refused(_("Choose at least one day of the week."))
        if any(not 0 <= day <= 6 for day in self.weekdays):
            raise refused(_("Choose at least one day of the week."))
        if self.unit == Unit.MONTH and not 1 <= (self.month_day or 0) <= 31:
            raise refused(_("Choose a day of the month from 1 to 31."))
        if self.count is not None and not 1 <= self.count <= MAX_COUNT:
            raise refused(_("It ends after 1 to %(most)d times.") % {"most": MAX_COUNT})
        if self.until is not None and self.until < self.first_on:
            raise refused(_("The last day comes before the first one."))
        if not 2000 <= self.first_on.year <= 2200 or (self.until and self.until.year > 2200):
            raise refused(_("Choose again when it repeats."))
        kept = asdict(self)
        kept["weekdays"] = self.weekdays if self.unit == Unit.WEEK else ()
        kept["month_day"] = self.month_day if self.unit == Unit.MONTH else None
        return type(self)(**kept)

    def kept(self) -> dict[str, Any]:
        """Return the rule as JSON."""
        return {
            name: value.isoformat() if isinstance(value, date | time) else list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value not in (None, ())
        }  # fmt: skip

    def moment(self, day: date, zone: str) -> datetime:
        """Return when it leaves on a day; a time that a clock change skips is the first one that exists."""
        return wall_moment(day, self.at, zone)

    def days(self) -> Iterator[date]:
        """Yield the days of the rule in order, whether they are days off or not; for ever where no end is given."""
        for day in self._endless():
            if self.until is not None and day > self.until:
                return
            if day >= self.first_on:
                yield day

    def _endless(self) -> Iterator[date]:
        match self.unit:
            case Unit.DAY:
                yield from (self.first_on + timedelta(days=step) for step in count(0, self.interval))
            case Unit.WEEK:
                monday = self.first_on - timedelta(days=self.first_on.weekday())
                for step in count(0, self.interval):
                    yield from (monday + timedelta(weeks=step, days=day) for day in self.weekdays)
            case Unit.MONTH:
                yield from (self._in_month(step) for step in count(0, self.interval))

    def _in_month(self, step: int) -> date:
        year, month = divmod(self.first_on.year * 12 + self.first_on.month - 1 + step, 12)
        return date(year, month + 1, min(self.month_day or 1, monthrange(year, month + 1)[1]))


def refused(words: str) -> CampaignIncompleteError:
    return CampaignIncompleteError(words, code="recurrence")
