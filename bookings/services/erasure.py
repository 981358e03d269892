"""What bookings hold of a person who asked to be erased."""

from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from bookings.models import ACTIVE, Booking, BookingChange, CalendarEntry
from bookings.services.booking import cancel
from bookings.services.google.mirroring import mirror_booking
from core.clock import now
from core.tenancy import current_organization_id


def forget(contact_id: UUID | str) -> None:
    """Blank what names the person, give the times ahead back, and take the events out of linked calendars."""
    own = Booking.objects.filter(contact_id=contact_id)
    own.update(email="", notes="", cancel_reason="")
    BookingChange.objects.filter(booking__contact_id=contact_id).update(reason="")
    language = Organization.objects.values_list("language", flat=True).get(pk=current_organization_id())
    with translation.override(language):
        for booking in own.filter(state__in=ACTIVE, during__startswith__gt=now()):
            cancel(booking, reason=_("The data of this person was erased"), by="system")
    for entry in CalendarEntry.objects.filter(booking__contact_id=contact_id):
        mirror_booking.enqueue(organization_id=str(entry.organization_id), booking_id=str(entry.booking_id))
