"""Bookings in the contact's own history."""

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from bookings import wording
from bookings.events import BookingCancelled, BookingConfirmed, BookingEvent, BookingFinished, BookingHeld, BookingMoved
from bookings.models import Booking
from core.clock import now
from leads.services.timeline import record_timeline


def note_in_timeline(event: BookingEvent) -> None:
    """Add what happened to the contact's page, once per event."""
    booking = Booking.objects.select_related("professional").get(pk=event.booking_id)
    organization = Organization.objects.get(pk=event.organization_id)
    kind = type(event).__name__
    with translation.override(organization.language):
        words = {"service": booking.service_name, "when": wording.when(booking.starts_at, organization.timezone)}
        record_timeline(
            event.contact_id, kind="booking", title=_title(event) % words, at=now(),
            url=reverse("bookings:booking", args=[booking.pk]), detail=booking.professional.name,
            dedupe_key=f"booking:{booking.pk}:{kind}:{event.version}:{getattr(event, 'state', '')}",
        )  # fmt: skip


def _title(event: BookingEvent) -> str:
    if isinstance(event, BookingFinished):
        return _("Came: %(service)s, %(when)s") if event.state == "done" else _("Did not come: %(service)s, %(when)s")
    titles = {
        BookingHeld: _("Time held: %(service)s, %(when)s"), BookingConfirmed: _("Booked: %(service)s, %(when)s"),
        BookingMoved: _("New time: %(service)s, %(when)s"), BookingCancelled: _("Cancelled: %(service)s, %(when)s"),
    }  # fmt: skip
    return titles[type(event)]
