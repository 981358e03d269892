"""What is written to customers about their bookings, in the business's language and time."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bookings.models import Booking, BookingNotice, BookingOrigin, BookingSettings, NoticeKind
from core.clock import local
from core.text import first_name


def when(at: datetime, zone: str) -> str:
    """Return a moment as it is said: "seg 7/12, 09:00"."""
    return date_format(local(at, zone), "D j/m, H:i").lower()


def link_of(booking: Booking, own: BookingSettings) -> str:
    """Return the address under which the customer moves or cancels."""
    return settings.BASE_URL + reverse("public_bookings:manage", args=[own.slug, booking.token])


def page_of(booking: Booking) -> str:
    """Return the address under which the team sees the booking."""
    return settings.BASE_URL + reverse("bookings:booking", args=[booking.pk])


def what(booking: Booking, own: BookingSettings, zone: str) -> str:
    """Return service, person, time and place."""
    line = _("%(service)s with %(who)s, %(when)s") % {
        "service": booking.service_name, "who": booking.professional.name, "when": when(booking.starts_at, zone),
    }  # fmt: skip
    return f"{line}\n{own.address}" if own.address else line


def choices() -> str:
    return _("Answer 1 to confirm, 2 to move or 3 to cancel.")


def notice_text(
    notice: BookingNotice, booking: Booking, own: BookingSettings, zone: str, *, answerable: bool = True
) -> str:
    """Return the message of a notice; an e-mail is not ``answerable`` and leaves the choices out."""
    name = first_name(booking.contact.name)
    hello = _("Hello, %(name)s.") % {"name": name} if name else _("Hello.")
    parts = [f"{hello} {_opening(notice, booking)}", what(booking, own, zone)]
    if notice.kind == NoticeKind.CANCELLED:
        if own.is_public:
            page = settings.BASE_URL + reverse("public_bookings:start", args=[own.slug])
            parts.append(_("To book another time: %(link)s") % {"link": page})
        return "\n\n".join(parts)
    if notice.kind == NoticeKind.HELD and booking.held_until:
        parts.append(_("It is kept for you until %(until)s.") % {"until": when(booking.held_until, zone)})
    if not answerable:
        parts.append(_("To confirm, move or cancel: %(link)s") % {"link": link_of(booking, own)})
        return "\n\n".join(parts)
    parts.append(choices())
    if notice.kind == NoticeKind.CONFIRMED and booking.origin == BookingOrigin.PUBLIC:
        parts.append(_("If this was not you, answer 3."))
    if notice.kind != NoticeKind.HOUR_BEFORE:
        parts.append(_("Or use your page: %(link)s") % {"link": link_of(booking, own)})
    return "\n\n".join(parts)


def owner_text(booking: Booking, zone: str, *, cancelled: bool) -> str:
    """Return what the business is told of a booking."""
    words = {
        "name": booking.contact.display_name, "service": booking.service_name, "who": booking.professional.name,
        "when": when(booking.starts_at, zone),
    }  # fmt: skip
    line = (
        _("Booking cancelled: %(name)s, %(service)s with %(who)s, %(when)s")
        if cancelled
        else _("New booking: %(name)s, %(service)s with %(who)s, %(when)s")
    )
    return f"{line % words}\n{page_of(booking)}"


def _opening(notice: BookingNotice, booking: Booking) -> str:
    match notice.kind:
        case NoticeKind.HELD:
            return _("We are holding a time for you:")
        case NoticeKind.CONFIRMED:
            return _("You are booked:")
        case NoticeKind.MOVED:
            return _("Your booking has a new time:")
        case NoticeKind.DAY_BEFORE:
            return _("Your time is tomorrow:") if not booking.attendance_confirmed_at else _("See you tomorrow:")
        case NoticeKind.HOUR_BEFORE:
            return _("Your time is soon:")
        case _:
            return _("This booking was cancelled:")


def subject(notice: BookingNotice, booking: Booking, zone: str) -> str:
    """Return the subject of the same notice as an e-mail."""
    words = {"service": booking.service_name, "when": when(booking.starts_at, zone)}
    match notice.kind:
        case NoticeKind.CANCELLED:
            return _("Cancelled: %(service)s, %(when)s") % words
        case NoticeKind.MOVED:
            return _("New time: %(service)s, %(when)s") % words
        case NoticeKind.DAY_BEFORE | NoticeKind.HOUR_BEFORE:
            return _("Reminder: %(service)s, %(when)s") % words
        case _:
            return _("Booked: %(service)s, %(when)s") % words


def offered(times: Sequence[datetime], zone: str, service: str, link: str = "") -> str:
    """Return free times as a numbered list."""
    lines = [f"{number}) {when(at, zone)}" for number, at in enumerate(times, 1)]
    head = _("Free times for %(service)s:") % {"service": service}
    tail = _("Answer with the number of the one you want.")
    more = ["", _("More times: %(link)s") % {"link": link}] if link else []
    return "\n".join([head, *lines, tail, *more])
