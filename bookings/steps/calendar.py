"""The booking in the professional's own calendar; without a linked one the agenda in house is all there is."""

from collections.abc import Iterator
from contextlib import contextmanager

from bookings.providers.google import GoogleBusyError, GoogleRefusedError, GoogleRevokedError
from bookings.services.google.mirroring import event_id, mirror, withdraw
from bookings.steps.standing import booking_of, standing_booking
from sagas.definition import JSON, StepCall
from sagas.errors import PermanentStepError, StepPostponed


def write_event(call: StepCall) -> JSON:
    """Write the booking to the calendar; one whose owner took the access back does not cost the customer the time."""
    booking = standing_booking(call)
    try:
        with _step_errors():
            home = mirror(booking, seconds=call.seconds_left())
    except GoogleRevokedError:
        return {"skipped": "no_access"}
    return {"event_id": event_id(booking.pk), "calendar_id": str(home.pk)} if home else {"skipped": "in_house"}


def delete_event(call: StepCall) -> None:
    """Take the booking out of the calendar, whether or not it is known to stand there."""
    try:
        with _step_errors():
            withdraw(booking_of(call), seconds=call.seconds_left())
    except GoogleRevokedError:
        return


@contextmanager
def _step_errors() -> Iterator[None]:
    try:
        yield
    except GoogleBusyError as busy:
        raise StepPostponed(busy.retry_after, busy.message) from busy
    except GoogleRefusedError as refusal:
        raise PermanentStepError(refusal.message) from refusal
