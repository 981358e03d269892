from bookings.charges.models import ChargeLink
from bookings.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingEvent,
    BookingFinished,
    BookingHeld,
    BookingMoved,
)
from bookings.models import Booking, NoticeKind
from bookings.services import erasure, notices, processes, replies
from bookings.services.google.mirroring import mirror_booking
from bookings.services.history import note_in_timeline
from conversations.events import CustomerReplied
from leads.events import ContactAnonymised
from leads.services.joining import Part, register
from sagas.events import SagaFailed, SagaStuck
from sagas.outbox import subscriber

register(Part("bookings", (Booking, ChargeLink)))


def _tell(event: BookingEvent, kind: NoticeKind) -> None:
    notices.plan(event.booking_id, kind, event.version, by=event.by)
    note_in_timeline(event)


@subscriber(BookingHeld)
def ask_to_confirm(event: BookingHeld) -> None:
    _tell(event, NoticeKind.HELD)


@subscriber(BookingConfirmed)
def tell_of_the_booking(event: BookingConfirmed) -> None:
    _tell(event, NoticeKind.CONFIRMED)


@subscriber(BookingMoved)
def tell_of_the_new_time(event: BookingMoved) -> None:
    _tell(event, NoticeKind.MOVED)


@subscriber(BookingMoved)
def move_it_in_the_calendar(event: BookingMoved) -> None:
    mirror_booking.enqueue(
        coalesce_key=event.booking_id, organization_id=event.organization_id, booking_id=event.booking_id
    )


@subscriber(BookingCancelled)
def tell_of_the_cancelling(event: BookingCancelled) -> None:
    _tell(event, NoticeKind.CANCELLED)


@subscriber(BookingCancelled)
def undo_the_process_of_the_booking(event: BookingCancelled) -> None:
    processes.undo(event.booking_id)


@subscriber(SagaFailed)
def cancel_what_failed(event: SagaFailed) -> None:
    processes.cancel_after(event)


@subscriber(SagaStuck)
def cancel_what_is_stuck(event: SagaStuck) -> None:
    processes.cancel_after(event)


@subscriber(BookingFinished)
def stop_reminding(event: BookingFinished) -> None:
    notices.drop_planned(event.booking_id)
    note_in_timeline(event)


@subscriber(CustomerReplied)
def answer_the_reminder(event: CustomerReplied) -> None:
    replies.answer(event)


@subscriber(ContactAnonymised)
def forget_the_person(event: ContactAnonymised) -> None:
    erasure.forget(event.contact_id)
