from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from bookings import queries
from bookings.access import get_booking
from bookings.forms import BookingForm, WhenForm, uuid_or_none
from bookings.models import Booking, BookingState, Service
from bookings.services import booking as services
from bookings.services.processes import process_steps
from bookings.services.slots import open_slots, professionals_of
from core.errors import DomainError
from leads.access import get_contact
from leads.models import Contact
from leads.services.contacts import find_or_create_contact

DIALOG = "booking-dialog"


def _in_dialog(request: MemberRequest) -> bool:
    return bool(request.htmx) and request.htmx.target == DIALOG


def _show(request: MemberRequest, page: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Answer with the page, or with its middle alone for the dialog of the agenda."""
    dialog = _in_dialog(request)
    name = f"bookings/{page}.html#dialog" if dialog else f"bookings/{page}.html"
    return render(request, name, context | {"in_dialog": dialog}, status=status)


def _agenda_at(booking: Booking) -> str:
    return f"{reverse('bookings:agenda')}?dia={timezone.localdate(booking.starts_at).isoformat()}"


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def booking_create(request: MemberRequest) -> HttpResponse:
    chosen = uuid_or_none(request.GET.get("contato", "") or request.POST.get("contato", ""))
    contact = get_contact(chosen) if chosen else None
    form = BookingForm(
        request.POST if request.method == "POST" else None, professionals=queries.professionals(),
        initial=_wished(request), has_contact=contact is not None,
    )  # fmt: skip
    if form.is_bound and form.is_valid():
        try:
            made = _book(request, form, contact)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Held.") if made.state == BookingState.HELD else _("Booked."))
            return redirect(_agenda_at(made))
    context = {"form": form, "contact": contact, "has_services": queries.services().exists()}
    return _show(request, "booking_form", context, status=422 if form.errors else 200)


def _wished(request: MemberRequest) -> dict[str, Any]:
    wished: dict[str, Any] = {
        "professional": request.GET.get("profissional", ""),
        "service": request.GET.get("servico", ""),
    }
    try:
        start = datetime.fromisoformat(request.GET.get("inicio", ""))
    except ValueError:
        return wished | {"day": timezone.localdate()}
    return wished | {"day": start.date(), "clock": start.time()}


def _book(request: MemberRequest, form: BookingForm, contact: Contact | None) -> Booking:
    own = form.cleaned_data
    if contact is None:
        contact, _created = find_or_create_contact(phone=own["phone"], identities=[], name=own["name"], source="agenda")
    wish = services.Wish(
        own["service"], own["professional"], form.starts_at, contact, notes=own["notes"], actor=request.membership
    )
    return services.hold(wish) if own["hold"] else services.book(wish)


@require_safe
@member_required
def free_times(request: MemberRequest) -> HttpResponse:
    """Say which times of a day are free, while the form is filled in."""
    service = Service.objects.filter(pk=uuid_or_none(request.GET.get("service", "")), is_active=True).first()
    moving = Booking.objects.filter(pk=uuid_or_none(request.GET.get("booking", ""))).first()
    service = service or (moving.service if moving else None)
    who = queries.find_professional(request.GET.get("professional", ""))
    times: list[datetime] = []
    day = _day(request.GET.get("day", ""))
    if service and day and (who is None or who in professionals_of(service)):
        able = [who] if who else professionals_of(service)
        ignoring = moving.pk if moving else None
        slots = open_slots(service, able, day, day, unhurried=True, ignoring=ignoring)
        times = sorted({slot.starts_at for slot in slots})
    return render(request, "bookings/booking_form.html#free", {"times": times, "asked": bool(service and day)})


def _day(text: str) -> Any:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # a local day has no zone
    except ValueError:
        return None


@require_safe
@member_required
def booking_page(request: MemberRequest, booking_id: UUID) -> HttpResponse:
    booking = get_booking(booking_id)
    context = {
        "booking": booking, "changes": booking.changes.select_related("actor__user"), "agenda_url": _agenda_at(booking),
        "notices": booking.notices.exclude(state="planned").order_by("sent_at", "created_at"),
        "planned": booking.notices.filter(state="planned").order_by("due_at"),
        "begun": booking.starts_at <= timezone.now(), "process": process_steps(booking),
    }  # fmt: skip
    return _show(request, "booking", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def booking_move(request: MemberRequest, booking_id: UUID) -> HttpResponse:
    booking = get_booking(booking_id)
    start = timezone.localtime(booking.starts_at)
    initial = {"professional": booking.professional_id, "day": start.date(), "clock": start.time()}
    form = WhenForm(
        request.POST if request.method == "POST" else None, initial=initial, professionals=queries.professionals()
    )
    if form.is_bound and form.is_valid():
        try:
            who = form.cleaned_data["professional"]
            moved = services.move(booking, form.starts_at, professional=who, by="team", actor=request.membership)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Moved. The customer is told."))
            return redirect(_agenda_at(moved))
    return _show(request, "booking_move", {"form": form, "booking": booking}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def booking_cancel(request: MemberRequest, booking_id: UUID) -> HttpResponse:
    booking = get_booking(booking_id)
    if request.method != "POST":
        return _show(request, "booking_cancel", {"booking": booking})
    try:
        services.cancel(booking, reason=request.POST.get("reason", "")[:200], by="team", actor=request.membership)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("bookings:booking", booking.pk)
    messages.success(request, _("Cancelled. The time is free again and the customer is told."))
    return redirect(_agenda_at(booking))


@require_POST
@role_required(Role.AGENT)
def booking_confirm(request: MemberRequest, booking_id: UUID) -> HttpResponse:
    booking = get_booking(booking_id)
    try:
        services.confirm(booking, by="team", actor=request.membership)
        messages.success(request, _("Confirmed."))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("bookings:booking", booking.pk)


@require_POST
@role_required(Role.AGENT)
def booking_finish(request: MemberRequest, booking_id: UUID) -> HttpResponse:
    booking = get_booking(booking_id)
    state = BookingState.MISSED if request.POST.get("state") == "missed" else BookingState.DONE
    try:
        services.finish(booking, state, actor=request.membership)
        messages.success(request, _("Noted."))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("bookings:booking", booking.pk)
