"""The booking that a step of its process is about."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from bookings.models import Booking, BookingState
from sagas.definition import StepCall
from sagas.errors import PermanentStepError


def booking_of(call: StepCall) -> Booking:
    rows = Booking.objects.select_related("contact", "professional", "service", "organization")
    return rows.get(pk=call.context["booking_id"])  # type: ignore[no-any-return]


def standing_booking(call: StepCall) -> Booking:
    """Return the booking; nobody is told any more of one that was cancelled meanwhile."""
    booking = booking_of(call)
    if booking.state == BookingState.CANCELLED:
        raise PermanentStepError(_("This booking was cancelled."))
    return booking


@contextmanager
def language_of(organization: Organization) -> Iterator[None]:
    with translation.override(organization.language):
        yield


def action_key(call: StepCall) -> str:
    """Return, in a compensation, the key under which the step's action was done."""
    return call.idempotency_key.removesuffix(":undo")
