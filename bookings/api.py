"""Bookings and free times for programs."""

from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema
from pydantic import AwareDatetime

from bookings import queries, wording
from bookings.access import get_booking, get_professional, get_service
from bookings.errors import ScheduleError, SlotTakenError
from bookings.models import Booking, BookingOrigin, BookingState, Professional, Service
from bookings.services import booking as services
from bookings.services.google.freshness import check_calendar
from bookings.services.schedule import get_settings, zone
from bookings.services.slots import Slot, is_open_slot, open_slots, professionals_of
from core.clock import day_bounds, local, now
from core.pagination import keyset_page
from core.phones import InvalidPhoneError, canonical
from leads.access import get_contact
from leads.models import Contact
from leads.services.contacts import find_or_create_contact

router = Router(tags=["bookings"])
SIZE = 50
MOST_DAYS = 62


class ServiceOut(Schema):
    id: UUID
    name: str
    description: str
    duration_minutes: int
    price_cents: int
    professional_ids: list[UUID]

    @staticmethod
    def resolve_professional_ids(service: Service) -> list[UUID]:
        return sorted(who.pk for who in service.professionals.all() if who.is_active)


class SlotOut(Schema):
    starts_at: datetime
    professional_id: UUID
    professional: str


class BookingOut(Schema):
    id: UUID
    state: str
    origin: str
    starts_at: datetime
    ends_at: datetime
    service_id: UUID
    service: str
    professional_id: UUID
    professional: str
    contact_id: UUID
    price_cents: int
    email: str
    notes: str
    held_until: datetime | None
    attendance_confirmed_at: datetime | None
    cancel_reason: str
    link: str
    created_at: datetime

    @staticmethod
    def resolve_service(booking: Booking) -> str:
        return booking.service_name

    @staticmethod
    def resolve_professional(booking: Booking) -> str:
        return booking.professional.name

    @staticmethod
    def resolve_link(booking: Booking, context: dict[str, Any]) -> str:
        request = context["request"]
        if not hasattr(request, "booking_settings"):  # once for all rows of a page
            request.booking_settings = get_settings()
        return wording.link_of(booking, request.booking_settings)


class BookingPage(Schema):
    items: list[BookingOut]
    next_cursor: str | None


class BookingIn(Schema):
    service_id: UUID
    professional_id: UUID | None = Field(None, description="Whoever is free when nobody is named.")
    starts_at: AwareDatetime
    contact_id: UUID | None = None
    name: str = Field("", max_length=160)
    phone: str = Field("", max_length=40, description="Of the customer, where no contact_id is given.")
    email: str = Field("", max_length=254)
    notes: str = Field("", max_length=1000)
    hold: bool = Field(False, description="Keep the time until the customer confirms.")
    force: bool = Field(False, description="Book outside of the hours on offer too; never twice at one time.")


class MoveIn(Schema):
    starts_at: AwareDatetime
    professional_id: UUID | None = None


class CancelIn(Schema):
    reason: str = Field("", max_length=200)


class FinishIn(Schema):
    state: Literal["done", "missed"]


@router.get("/services", response=list[ServiceOut])
def list_services(request: HttpRequest) -> QuerySet[Service]:
    """What customers can book."""
    return queries.services().prefetch_related("professionals")


@router.get("/availability", response=list[SlotOut])
def list_availability(
    request: HttpRequest, service_id: UUID, first: date | None = None, last: date | None = None,
    professional_id: UUID | None = None,
) -> list[dict[str, object]]:  # fmt: skip
    """Free times of a service on the days from ``first`` (today) to ``last`` (a week on), at most 62 days."""
    service = get_service(service_id)
    begin = first or local(now(), zone()).date()
    end = last or begin + timedelta(days=6)
    if not 0 <= (end - begin).days < MOST_DAYS:
        raise ScheduleError(_("Ask for 1 to 62 days."))
    able = professionals_of(service)
    if professional_id:
        able = [who for who in able if who.pk == get_professional(professional_id).pk]
    return [_slot(slot) for slot in open_slots(service, able, begin, end)]


def _slot(slot: Slot) -> dict[str, object]:
    who = slot.professional
    return {"starts_at": slot.starts_at, "professional_id": who.pk, "professional": who.name}


@router.get("/bookings", response=BookingPage)
def list_bookings(
    request: HttpRequest, day: date | None = None, contact_id: UUID | None = None,
    state: Literal["held", "confirmed", "moved", "cancelled", "done", "missed"] | None = None, cursor: str | None = None,
) -> object:  # fmt: skip
    """The newest made first; ``day`` is one of the business's own time zone."""
    rows = Booking.objects.select_related("service", "professional")
    if day:
        rows = rows.filter(during__overlap=DateTimeTZRange(*day_bounds(day, zone())))
    if contact_id:
        rows = rows.filter(contact=get_contact(contact_id))
    if state:
        rows = rows.filter(state=BookingState(state))
    return keyset_page(rows, order="-created_at", cursor=cursor, size=SIZE)


@router.post("/bookings", response={201: BookingOut})
def create_booking(request: HttpRequest, data: BookingIn) -> tuple[int, Booking]:
    """Book a time. 409 when it is taken or not on offer; send ``Idempotency-Key`` to be safe against a lost answer."""
    service = get_service(data.service_id)
    _check_email(data.email)
    who = _able(service, data)
    if not data.force:
        check_calendar(service, who, data.starts_at)
    with transaction.atomic():
        wish = services.Wish(
            service, who, data.starts_at, _customer(data), origin=BookingOrigin.API, notes=data.notes, email=data.email
        )
        made = services.hold(wish) if data.hold else services.book(wish)
    return 201, get_booking(made.pk)


def _check_email(email: str) -> None:
    try:
        if email:
            validate_email(email)
    except ValidationError as error:
        raise ScheduleError(str(error.messages[0])) from error


def _able(service: Service, data: BookingIn) -> Professional:
    able = professionals_of(service)
    if data.professional_id:
        wanted = get_professional(data.professional_id)
        able = [who for who in able if who.pk == wanted.pk]
        if not able:
            raise ScheduleError(_("%(name)s does not do this service.") % {"name": wanted.name})
    free = able if data.force else [who for who in able if is_open_slot(service, who, data.starts_at)]
    if not free:
        raise SlotTakenError(_("This time is no longer free. Choose another one."))
    return free[0]


def _customer(data: BookingIn) -> Contact:
    if data.contact_id:
        return get_contact(data.contact_id)
    if not data.phone:
        raise ScheduleError(_("Give the phone: reminders go there."))
    try:
        phone = canonical(data.phone).e164
    except InvalidPhoneError as error:
        raise ScheduleError(str(error)) from error
    return find_or_create_contact(phone=phone, identities=[], name=data.name, source="api")[0]


@router.get("/bookings/{uuid:booking_id}", response=BookingOut)
def read_booking(request: HttpRequest, booking_id: UUID) -> Booking:
    return get_booking(booking_id)


@router.post("/bookings/{uuid:booking_id}/confirm", response=BookingOut)
def confirm_booking(request: HttpRequest, booking_id: UUID) -> Booking:
    """Confirm a held time, or note that the customer will come."""
    return get_booking(services.confirm(get_booking(booking_id), by="api").pk)


@router.post("/bookings/{uuid:booking_id}/move", response=BookingOut)
def move_booking(request: HttpRequest, booking_id: UUID, data: MoveIn) -> Booking:
    """Give it another time; the customer is told. 409 when that one is not free."""
    who = get_professional(data.professional_id) if data.professional_id else None
    return get_booking(services.move(get_booking(booking_id), data.starts_at, professional=who, by="api").pk)


@router.post("/bookings/{uuid:booking_id}/cancel", response=BookingOut)
def cancel_booking(request: HttpRequest, booking_id: UUID, data: CancelIn) -> Booking:
    """Give the time back; whoever was told of the booking is told."""
    return get_booking(services.cancel(get_booking(booking_id), reason=data.reason, by="api").pk)


@router.post("/bookings/{uuid:booking_id}/finish", response=BookingOut)
def finish_booking(request: HttpRequest, booking_id: UUID, data: FinishIn) -> Booking:
    """Note that the customer came, or did not."""
    return get_booking(services.finish(get_booking(booking_id), BookingState(data.state), actor=None).pk)
