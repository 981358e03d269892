"""Moments as people say them: ``hoje às 16h05``, ``sáb 21 às 9h``."""

from datetime import datetime, timedelta

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

WEEK = timedelta(days=6)


def spoken(at: datetime | None) -> str:
    """Return a moment in the active zone with its day in words; empty for None."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    distance = local.date() - timezone.localdate()
    words = {"time": spoken_time(local)}
    match distance.days:
        case 0:
            return _("today at %(time)s") % words
        case 1:
            return _("tomorrow at %(time)s") % words
        case -1:
            return _("yesterday at %(time)s") % words
    day = formats.date_format(local, "D j" if abs(distance) <= WEEK else "d/m").lower()
    return _("%(day)s at %(time)s") % {**words, "day": day}


def spoken_time(local: datetime) -> str:
    """Return the time of day, without minutes on the hour: ``16h05``, ``9h``."""
    if not local.minute:
        return pgettext("clock", "%(hour)s:00") % {"hour": local.hour}
    return pgettext("clock", "%(hour)s:%(minute)s") % {"hour": local.hour, "minute": f"{local.minute:02d}"}


def spoken_date_time(at: datetime) -> str:
    """Return a moment in the active zone with its whole date, for what is read on another day: ``21/11/2026 às 16h05``."""
    local = timezone.localtime(at)
    return _("%(day)s at %(time)s") % {"day": local.strftime("%d/%m/%Y"), "time": spoken_time(local)}
