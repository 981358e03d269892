"""Rules and their times as people say them: "toda segunda às 9h", "a cada 2 semanas, seg e qua, às 9h"."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.schedules.rules import HolidayPolicy, Rule, Unit
from campaigns.schedules.slots import Slot
from core.moments import spoken_time

SURE_DAYS = 28


class NamedSlot(NamedTuple):
    """A time of a series in words, and a word on it where it is left out or was moved."""

    day: str
    note: str
    is_left_out: bool
    planned_on: date
    is_next: bool = False


def rule_in_words(rule: Rule) -> str:
    """Return when it repeats, without its end."""
    words = {"time": spoken_time(datetime.combine(date.min, rule.at)), "count": rule.interval, "day": rule.month_day}
    match rule.unit, rule.interval:
        case Unit.DAY, 1:
            return _("every day at %(time)s") % words
        case Unit.DAY, _count:
            return _("every %(count)d days at %(time)s") % words
        case Unit.MONTH, 1:
            return _("every month on day %(day)d at %(time)s") % words
        case Unit.MONTH, _count:
            return _("every %(count)d months on day %(day)d at %(time)s") % words
        case Unit.WEEK, 1 if len(rule.weekdays) == 1:
            return _every(rule.weekdays[0]) % words
    words["days"] = get_text_list([str(WEEKDAYS_ABBR[day]).lower() for day in rule.weekdays], _("and"))
    if rule.interval == 1:
        return _("every week on %(days)s at %(time)s") % words
    return _("every %(count)d weeks on %(days)s at %(time)s") % words


def _every(weekday: int) -> str:
    return (
        _("every Monday at %(time)s"), _("every Tuesday at %(time)s"), _("every Wednesday at %(time)s"),
        _("every Thursday at %(time)s"), _("every Friday at %(time)s"), _("every Saturday at %(time)s"),
        _("every Sunday at %(time)s"),
    )[weekday]  # fmt: skip


def rule_notes(rule: Rule) -> list[str]:
    """Return what else there is to say of a rule: its end, its days off, months that are too short."""
    found = []
    if rule.until:
        found.append(_("until %(day)s") % {"day": date_format(rule.until, "SHORT_DATE_FORMAT")})
    if rule.count:
        found.append(ngettext("%(count)d time", "%(count)d times", rule.count) % {"count": rule.count})
    if rule.holidays == HolidayPolicy.SKIP:
        found.append(_("not on holidays"))
    if rule.holidays == HolidayPolicy.MOVE:
        found.append(_("from a holiday it moves to the next working day"))
    if rule.month_day and rule.month_day > SURE_DAYS:
        found.append(_("in shorter months on the last day"))
    return found


def slots_in_words(slots: Iterable[Slot]) -> list[NamedSlot]:
    """Return times as a list to be read before saving."""
    named = [_named(slot) for slot in slots]
    first = next((number for number, one in enumerate(named) if not one.is_left_out), -1)
    return [one._replace(is_next=number == first) for number, one in enumerate(named)]


def _named(slot: Slot) -> NamedSlot:
    if slot.at is None:
        words = _("left out: %(holiday)s") % {"holiday": slot.holiday}
        return NamedSlot(_day(slot.planned_on), words, True, slot.planned_on)
    note = ""
    if slot.holiday:
        planned = date_format(slot.planned_on, "d/m")
        note = _("instead of %(day)s: %(holiday)s") % {"day": planned, "holiday": slot.holiday}
    return NamedSlot(day_and_time(slot.at), note, False, slot.planned_on)


def day_and_time(at: datetime) -> str:
    """Return a moment with its weekday and year, in the active zone."""
    local = timezone.localtime(at)
    return _("%(day)s at %(time)s") % {"day": _day(local), "time": spoken_time(local)}


def _day(day: date) -> str:
    words = {"weekday": date_format(day, "l").capitalize(), "day": date_format(day, "DATE_FORMAT").lower()}
    return _("%(weekday)s, %(day)s") % words
