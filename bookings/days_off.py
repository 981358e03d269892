"""Days off: the holidays of country and state and the business's own special days, as its agenda has them."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from django.utils.translation import gettext as _

from bookings.holidays import holidays_in
from bookings.models import BookingSettings, DayRule
from core.clock import SendingHours

# A new year's agenda is filled in the year before; what lies further back matters to nobody.
RULES_AT_MOST = 2_000


@dataclass(frozen=True)
class DaysOff:
    """Tells of each day whether it is one; to be given where a container of days is asked for.

    Here a holiday counts as one even if the agenda says that the business opens on holidays in general: who asks for days off
    means them. A day that was opened by name is none.
    """

    state: str = ""
    optional: bool = False
    own: Mapping[date, str | None] = field(default_factory=dict)
    """The business's own days by name; None for one on which it opens all the same."""

    @classmethod
    def of_business(cls) -> Self:
        """Return those of the active organization, in two queries."""
        settings = BookingSettings.objects.values_list("state_code", "closes_on_optional").first() or ("", False)
        rules = DayRule.objects.order_by("-day").values_list("day", "is_open", "name")[:RULES_AT_MOST]
        own = {day: None if is_open else name or _("closed day") for day, is_open, name in rules}
        return cls(settings[0], settings[1], own)

    def name(self, day: date) -> str:
        """Return what a day off is called, or "" for a day of work."""
        if day in self.own:
            return self.own[day] or ""
        return holidays_in(day.year, self.state, optional=self.optional).get(day, "")

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and bool(self.name(day))


def days_off_in(hours: Iterable[SendingHours]) -> DaysOff:
    """Return the days off if any of the hours rests on them; nothing is read where none does."""
    return DaysOff.of_business() if any(one.get("skips_holidays") for one in hours) else DaysOff()


def rests_of(hours: SendingHours, off: DaysOff) -> Container[date]:
    """Return the days on which these hours do not begin."""
    return off if hours.get("skips_holidays") else ()
