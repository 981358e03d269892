"""What a customer sees: choose a service, a person and a time, say who one is, and change one's mind later."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings as django_settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import queries
from bookings.forms import PublicForm, uuid_or_none
from bookings.icalendar import calendar_file
from bookings.models import Booking, BookingOrigin, BookingSettings, Professional, Service
from bookings.public import booking_link, public_page
from bookings.services import booking as services
from bookings.services.google.freshness import check_calendar
from bookings.services.offers import offer
from bookings.services.slots import is_open_slot, professionals_of
from core.clock import now
from core.errors import DomainError
from core.ids import uuid7
from core.ratelimit import rate_limited
from leads.services.contacts import find_or_create_contact

look_limit: Final = rate_limited("public-booking-look", limit=120, period=60)
book_limit: Final = rate_limited("public-booking-book", limit=12, period=3600, methods=("POST",))
link_limit: Final = rate_limited("public-booking-link", limit=60, period=60)
MADE: Final = "public_bookings"
REMEMBERED: Final = 10


def _render(
    request: HttpRequest, page: str, settings: BookingSettings, status: int = 200, **context: Any
) -> HttpResponse:
    context |= {"settings": settings, "business": settings.organization}
    return render(request, f"bookings/public/{page}.html", context, status=status)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


@require_safe
@look_limit
@public_page
def start(request: HttpRequest, settings: BookingSettings) -> HttpResponse:
    rows = queries.services().filter(professionals__is_active=True, professionals__membership__is_active=True)
    return _render(request, "start", settings, services=list(rows.distinct()[:100]))


def _service(service_id: UUID) -> Service:
    found = queries.services().filter(pk=service_id).first()
    if found is None:
        raise Http404
    return found


def _who(service: Service, text: str) -> Professional | None:
    wanted = uuid_or_none(text)
    return next((row for row in professionals_of(service) if row.pk == wanted), None)


@require_safe
@look_limit
@public_page
def times(request: HttpRequest, settings: BookingSettings, service_id: UUID) -> HttpResponse:
    service = _service(service_id)
    who = _who(service, request.GET.get("profissional", ""))
    found = offer(service, who, _day(request.GET.get("dia", "")))
    people = professionals_of(service)
    return _render(request, "times", settings, service=service, who=who, people=people, offer=found)


@require_http_methods(["GET", "HEAD", "POST"])
@look_limit
@book_limit
@public_page
def details(request: HttpRequest, settings: BookingSettings, service_id: UUID) -> HttpResponse:
    service = _service(service_id)
    values = request.POST if request.method == "POST" else request.GET
    who, at = _who(service, values.get("profissional", "")), _moment(values.get("inicio", ""))
    if who is None or at is None:
        return redirect("public_bookings:times", settings.slug, service.pk)
    made = _made(request, values.get("key", ""))
    if made:
        return redirect("public_bookings:manage", settings.slug, made)
    form = PublicForm(request.POST if request.method == "POST" else None)
    error, status = "", 422 if form.errors else 200
    if form.is_bound and form.is_valid() and not form.cleaned_data["site"]:
        try:
            check_calendar(service, who, at)
            booking = _book(service, who, at, form.cleaned_data)
        except DomainError as refusal:
            error, status = refusal.message, refusal.status
        else:
            _remember(request, values.get("key", ""), booking)
            return redirect("public_bookings:manage", settings.slug, booking.token)
    elif not form.is_bound and not is_open_slot(service, who, at):
        error, status = _("This time is no longer free. Choose another one."), 409
    key = values.get("key", "") or uuid7().hex
    context = {"service": service, "who": who, "at": at, "form": form, "error": error, "key": key}
    return _render(request, "details", settings, status, **context)


@transaction.atomic
def _book(service: Service, who: Professional, at: datetime, own: dict[str, Any]) -> Booking:
    contact, _created = find_or_create_contact(phone=own["phone"], identities=[], name=own["name"], source="agenda")
    wish = services.Wish(service, who, at, contact, origin=BookingOrigin.PUBLIC, notes=own["notes"], email=own["email"])
    return services.book(wish)


def _made(request: HttpRequest, key: str) -> str:
    """Return the link of what this browser has booked with this very form: a double click books once."""
    return dict(request.session.get(MADE, [])).get(key, "") if key and request.method == "POST" else ""


def _remember(request: HttpRequest, key: str, booking: Booking) -> None:
    request.session[MADE] = [*request.session.get(MADE, []), [key[:64], booking.token]][-REMEMBERED:]


@require_safe
@link_limit
@booking_link
def manage(request: HttpRequest, settings: BookingSettings, booking: Booking) -> HttpResponse:
    return _render(request, "manage", settings, booking=booking, can_change=_can_change(booking))


def _can_change(booking: Booking) -> bool:
    return booking.is_active and booking.starts_at > now()


@require_POST
@link_limit
@booking_link
def confirm(request: HttpRequest, settings: BookingSettings, booking: Booking) -> HttpResponse:
    try:
        services.confirm(booking, by="customer")
        messages.success(request, _("Confirmed. See you there."))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("public_bookings:manage", settings.slug, booking.token)


@require_http_methods(["GET", "HEAD", "POST"])
@link_limit
@booking_link
def cancel(request: HttpRequest, settings: BookingSettings, booking: Booking) -> HttpResponse:
    if request.method != "POST":
        return _render(request, "cancel", settings, booking=booking, can_change=_can_change(booking))
    try:
        services.cancel(booking, reason=request.POST.get("reason", "")[:200], by="customer")
        messages.success(request, _("Cancelled."))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("public_bookings:manage", settings.slug, booking.token)


@require_http_methods(["GET", "HEAD", "POST"])
@link_limit
@booking_link
def move(request: HttpRequest, settings: BookingSettings, booking: Booking) -> HttpResponse:
    if not _can_change(booking):
        return redirect("public_bookings:manage", settings.slug, booking.token)
    error, status = "", 200
    at = _moment(request.POST.get("inicio", ""))
    if request.method == "POST" and at:
        who = _who(booking.service, request.POST.get("profissional", "")) or booking.professional
        try:
            services.move(booking, at, professional=who, by="customer")
        except DomainError as refusal:
            error, status = refusal.message, refusal.status
        else:
            messages.success(request, _("Moved to the new time."))
            return redirect("public_bookings:manage", settings.slug, booking.token)
    wanted = _day(request.GET.get("dia", ""))
    found = offer(booking.service, booking.professional, wanted, ignoring=booking.pk)
    return _render(request, "move", settings, status, booking=booking, offer=found, error=error)


@require_safe
@link_limit
@booking_link
def calendar_entry(request: HttpRequest, settings: BookingSettings, booking: Booking) -> HttpResponse:
    """Give the booking as a file that every calendar opens."""
    link = f"{django_settings.BASE_URL}{request.path.removesuffix('agenda.ics')}"
    response = HttpResponse(calendar_file(booking, settings, link), content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="agenda.ics"'
    return response
