from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bookings.models import BookingChange

register = template.Library()


@register.filter
def change_words(change: BookingChange) -> str:
    """Return what happened and by whom, e.g. "Remarcado para qui 10/12, 14:00 pelo cliente"."""
    to = date_format(timezone.localtime(change.to_starts_at), "D j/m, H:i") if change.to_starts_at else ""
    texts = {
        "held": _("Held for %(when)s"), "confirmed": _("Booked for %(when)s") if to else _("Confirmed"),
        "attendance": _("Attendance confirmed"),
        "moved": _("Moved to %(when)s"), "cancelled": _("Cancelled"), "done": _("Came"), "missed": _("Did not come"),
    }  # fmt: skip
    what = texts.get(change.action, change.action) % {"when": to}
    who = {"customer": _("the customer"), "sdr": _("SDR"), "system": _("the system"), "api": _("API")}.get(change.by)
    name = change.actor.user.first_name if change.actor else who or _("the team")
    return _("%(what)s, by %(who)s") % {"what": what, "who": name}


@register.filter
def reason_words(code: str) -> str:
    """Return why a message to the customer was left out."""
    words = {
        "stale": _("something newer was said instead"), "too_late": _("it was too late for it"),
        "opted_out": _("the customer asked for silence"), "no_number": _("no number is connected"),
        "over": _("the booking was over"),
    }  # fmt: skip
    return str(words.get(code, ""))
