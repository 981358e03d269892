"""Bookings through their life: held, confirmed, moved, cancelled, done or missed.

The professional's row is locked first, so that two people who want one slot queue up; the database's exclusion constraint
refuses the second one whatever the code above it believes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from accounts.models import Membership
from bookings.errors import BookingStateError, SlotTakenError, TooManyBookingsError
from bookings.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingEvent,
    BookingFinished,
    BookingHeld,
    BookingMoved,
)
from bookings.models import ACTIVE, Booking, BookingChange, BookingOrigin, BookingState, Professional, Service
from bookings.services.schedule import get_settings
from bookings.services.slots import is_open_slot
from core.clock import now
from core.jobs import job
from core.live import signal
from core.tenancy import across_organizations, activate_organization
from leads.models import Contact
from sagas.orchestrator import orchestrator
from sagas.outbox import publish

OWN_LIMIT = 5
SELF_SERVICE = (BookingOrigin.PUBLIC, BookingOrigin.SDR)
GRACE = timedelta(minutes=1)
PROCESS = "create_booking"


@dataclass(frozen=True)
class Wish:
    """What is to be booked, for whom, and where the wish came from."""

    service: Service
    professional: Professional
    starts_at: datetime
    contact: Contact
    origin: BookingOrigin = BookingOrigin.OWNER
    notes: str = ""
    email: str = ""
    actor: Membership | None = None

    @property
    def by(self) -> str:
        return {"public": "customer", "sdr": "sdr", "api": "api"}.get(self.origin, "team")


@transaction.atomic
def book(wish: Wish) -> Booking:
    """Book at once. Raises :class:`SlotTakenError`, or :class:`TooManyBookingsError` for those who help themselves."""
    booking = _create(wish, BookingState.CONFIRMED, None)
    _publish(BookingConfirmed, booking, wish.by)
    _begin_process(booking)
    return booking


@transaction.atomic
def hold(wish: Wish, *, until: datetime | None = None) -> Booking:
    """Keep a slot until it is confirmed or ``until`` passes, at the latest until it begins."""
    until = until or now() + timedelta(minutes=get_settings().hold_minutes)
    if wish.starts_at > now():
        until = min(until, wish.starts_at)
    booking = _create(wish, BookingState.HELD, until)
    _publish(BookingHeld, booking, wish.by)
    return booking


def _create(wish: Wish, state: BookingState, held_until: datetime | None) -> Booking:
    _lock(wish.professional)
    if wish.origin in SELF_SERVICE:
        _check_own_limit(wish.contact)
        _check_open(wish.service, wish.professional, wish.starts_at)
    during, blocked = _ranges(wish.service, wish.starts_at)
    booking = Booking(
        organization_id=wish.professional.organization_id, contact=wish.contact, service=wish.service,
        professional=wish.professional, professional_number=wish.professional.number, during=during, blocked=blocked,
        state=state, held_until=held_until, origin=wish.origin, service_name=wish.service.name,
        price_cents=wish.service.price_cents, notes=wish.notes, email=wish.email, created_by=wish.actor,
    )  # fmt: skip
    _save(booking)
    _record(booking, state, wish.by, wish.actor, to=wish.starts_at)
    return booking


def process_id(booking_id: UUID | str) -> str:
    """Return the name of the saga that tells everybody else of a booking, see :mod:`bookings.booking_saga`."""
    return f"booking:{booking_id}"


def _begin_process(booking: Booking) -> None:
    orchestrator.start(PROCESS, process_id(booking.pk), {"booking_id": str(booking.pk)})


def _lock(professional: Professional) -> None:
    Professional.objects.select_for_update(no_key=True).get(pk=professional.pk)
    _release_lapsed(professional)


def _release_lapsed(professional: Professional) -> None:
    lapsed = Booking.objects.filter(professional=professional, state=BookingState.HELD, held_until__lte=now())
    for booking in lapsed.select_for_update(of=("self",)):
        _cancel(booking, _("Not confirmed in time"), "system", None)


def _check_own_limit(contact: Contact) -> None:
    ahead = Booking.objects.filter(contact=contact, state__in=ACTIVE, during__startswith__gt=now()).count()
    if ahead >= OWN_LIMIT:
        raise TooManyBookingsError(
            _("You have %(count)d bookings ahead already. Cancel one first, or talk to us.") % {"count": ahead}
        )


def _check_open(service: Service, professional: Professional, at: datetime, moving: Booking | None = None) -> None:
    if not is_open_slot(service, professional, at, ignoring=moving.pk if moving else None):
        raise SlotTakenError(_("This time is no longer free. Choose another one."))


def _ranges(service: Service, start: datetime) -> tuple[DateTimeTZRange, DateTimeTZRange]:
    end = start + timedelta(minutes=service.duration_minutes)
    before, after = timedelta(minutes=service.buffer_before_minutes), timedelta(minutes=service.buffer_after_minutes)
    return DateTimeTZRange(start, end), DateTimeTZRange(start - before, end + after)


def _save(booking: Booking) -> None:
    try:
        with transaction.atomic():
            booking.save()
    except IntegrityError as error:
        if "booking_never_twice" not in str(error):
            raise
        raise SlotTakenError(_("This time is no longer free. Choose another one.")) from error


@transaction.atomic
def confirm(booking: Booking, *, by: str, actor: Membership | None = None) -> Booking:
    """Turn a held slot into a booking; of one that stands already, note that the customer will come."""
    locked = _take(booking)
    if locked.state == BookingState.HELD:
        if locked.held_until and locked.held_until <= now():
            raise BookingStateError(_("The time to confirm has passed. Choose a new time."))
        locked.state, locked.held_until = BookingState.CONFIRMED, None
        if by == "customer":
            locked.attendance_confirmed_at = now()
        locked.save()
        _record(locked, "confirmed", by, actor)
        _publish(BookingConfirmed, locked, by)
        _begin_process(locked)
        return locked
    if locked.state not in ACTIVE:
        raise _past(locked)
    if locked.attendance_confirmed_at is None:
        locked.attendance_confirmed_at = now()
        locked.save(update_fields=["attendance_confirmed_at", "updated_at"])
        _record(locked, "attendance", by, actor)
        _tell(locked)
    return locked


@transaction.atomic
def move(
    booking: Booking, starts_at: datetime, *, by: str, actor: Membership | None = None,
    professional: Professional | None = None,
) -> Booking:  # fmt: skip
    """Give the booking another time, and another professional where one is named."""
    target = professional or booking.professional
    # Always in the order of the numbers, so that two moves across each other never wait for each other.
    for who in sorted({booking.professional, target}, key=lambda row: row.number):
        _lock(who)
    locked = _take(booking)
    if locked.state not in ACTIVE:
        raise _past(locked)
    if (locked.starts_at, locked.professional_id) == (starts_at, target.pk):
        return locked
    if by not in {"team", "api"}:
        _check_not_begun(locked)
        _check_open(locked.service, target, starts_at, moving=locked)
    before = locked.starts_at
    held = locked.state == BookingState.HELD
    locked.professional, locked.professional_number = target, target.number
    locked.during, locked.blocked = _shifted(locked, starts_at)
    locked.state = BookingState.HELD if held else BookingState.MOVED
    locked.version += 1
    locked.attendance_confirmed_at = None
    _save(locked)
    _record(locked, "moved", by, actor, was=before, to=starts_at)
    _publish(BookingMoved, locked, by)
    return locked


def _shifted(booking: Booking, start: datetime) -> tuple[DateTimeTZRange, DateTimeTZRange]:
    by = start - booking.starts_at
    during, blocked = booking.during, booking.blocked
    return (
        DateTimeTZRange(during.lower + by, during.upper + by),
        DateTimeTZRange(blocked.lower + by, blocked.upper + by),
    )


def _check_not_begun(booking: Booking) -> None:
    if booking.starts_at <= now():
        raise BookingStateError(_("This time has begun or passed. Talk to us to book a new one."))


@transaction.atomic
def cancel(booking: Booking, *, reason: str = "", by: str, actor: Membership | None = None) -> Booking:
    """Give the time back. Cancelling twice is harmless."""
    locked = _take(booking)
    if locked.state == BookingState.CANCELLED:
        return locked
    if locked.state not in ACTIVE:
        raise _past(locked)
    if by == "customer":
        _check_not_begun(locked)
    _cancel(locked, reason, by, actor)
    return locked


def _cancel(booking: Booking, reason: str, by: str, actor: Membership | None) -> None:
    was_held = booking.state == BookingState.HELD
    booking.state, booking.held_until, booking.cancel_reason = BookingState.CANCELLED, None, reason[:200]
    booking.save()
    _record(booking, "cancelled", by, actor, was=booking.starts_at, reason=reason)
    _publish(BookingCancelled, booking, by, was_held=was_held)


@transaction.atomic
def finish(booking: Booking, state: BookingState, *, actor: Membership | None) -> Booking:
    """Note that the customer came (done) or did not (missed); either may be corrected into the other."""
    if state not in {BookingState.DONE, BookingState.MISSED}:
        raise ValueError(state)
    locked = _take(booking)
    if locked.state == state:
        return locked
    if locked.state in {BookingState.HELD, BookingState.CANCELLED}:
        raise _past(locked)
    if locked.starts_at > now() + GRACE:
        raise BookingStateError(_("This booking has not begun yet."))
    locked.state = state
    locked.save(update_fields=["state", "updated_at"])
    _record(locked, state, "team", actor)
    _publish(BookingFinished, locked, "team", state=str(state.value))
    return locked


def _take(booking: Booking) -> Booking:
    rows = Booking.objects.select_related("contact", "service", "professional")
    return rows.select_for_update(of=("self",)).get(pk=booking.pk)  # type: ignore[no-any-return]


def _past(booking: Booking) -> BookingStateError:
    if booking.state == BookingState.CANCELLED:
        return BookingStateError(_("This booking was cancelled."))
    if booking.state == BookingState.HELD:
        return BookingStateError(_("This booking was not confirmed yet."))
    return BookingStateError(_("This booking is over."))


def _record(
    booking: Booking, action: str, by: str, actor: Membership | None, *, was: datetime | None = None,
    to: datetime | None = None, reason: str = "",
) -> None:  # fmt: skip
    BookingChange.objects.create(
        organization_id=booking.organization_id, booking=booking, action=str(action), by=by, actor=actor,
        from_starts_at=was, to_starts_at=to, reason=reason[:200],
    )  # fmt: skip


def _publish(kind: type[BookingEvent], booking: Booking, by: str, **more: object) -> None:
    facts = {"booking_id": str(booking.pk), "contact_id": str(booking.contact_id), "version": booking.version, "by": by}
    publish(kind(str(booking.organization_id), **facts, **more))  # type: ignore[arg-type]
    _tell(booking)


def _tell(booking: Booking) -> None:
    signal(booking.organization_id, "bookings")


@job("default")
def expire_holds() -> None:
    """Give back the slots that nobody confirmed in time."""
    with across_organizations():
        due = Booking.objects.filter(state=BookingState.HELD, held_until__lte=now())
        found = list(due.values_list("organization_id", "pk")[:500])
    for organization_id, pk in found:
        with activate_organization(organization_id), transaction.atomic():
            booking = (
                Booking.objects.select_for_update(of=("self",), skip_locked=True)
                .filter(pk=pk, state=BookingState.HELD, held_until__lte=now())
                .first()
            )
            if booking is not None:
                _cancel(booking, _("Not confirmed in time"), "system", None)
