"""New charges: from a contact, a booking, a chat, or out of nothing."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from billing.charges.creating import available_methods
from billing.errors import ChargeError
from billing.models import Charge
from bookings.access import get_booking
from bookings.charges.forms import ChargeForm
from bookings.charges.services import Occasion, ask_payment, send_link
from conversations.queries import get_conversation
from core.errors import DomainError
from core.money import format_brl
from core.once import once
from leads.access import get_contact
from leads.queries import ids_of


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
@once("charges:list")
def charge_create(request: MemberRequest) -> HttpResponse:
    occasion, methods = _occasion(request), available_methods()
    form = ChargeForm(
        request.POST if request.method == "POST" else None, methods=methods, can_send=occasion.person is not None,
        initial=_known(occasion),
    )  # fmt: skip
    if form.is_bound and form.is_valid():
        try:
            charge = ask_payment(form.draft(request.organization.timezone), occasion, actor=request.membership)
        except ChargeError as error:
            form.refuse(error)
        else:
            _say(request, charge, send=bool(form.cleaned_data.get("send")))
            return redirect("charges:charge", charge.pk)
    context = {"form": form, "occasion": occasion, "person": occasion.person, "methods": methods}
    return render(request, "bookings/charges/form.html", context, status=422 if form.errors else 200)


def _occasion(request: MemberRequest) -> Occasion:
    """Read what the address says that the charge is about; a foreign id is as absent as one that never was."""
    contact, booking, chat = (_id(request, name) for name in ("contato", "reserva", "conversa"))
    return Occasion(
        contact=get_contact(contact) if contact else None,
        booking=get_booking(booking) if booking else None,
        conversation=get_conversation(chat) if chat else None,
    )


def _id(request: MemberRequest, name: str) -> UUID | None:
    return next(iter(ids_of([request.GET.get(name, "")])), None)


def _known(occasion: Occasion) -> dict[str, Any]:
    known: dict[str, Any] = {}
    if (person := occasion.person) is not None:
        known = {"name": person.name, "phone": person.phone, "email": person.email}
    if (booking := occasion.booking) is not None:
        known |= {"description": booking.service_name, "email": booking.email or known["email"]}
        if booking.price_cents:
            known["amount"] = format_brl(booking.price_cents)
    return known


def _say(request: MemberRequest, charge: Charge, *, send: bool) -> None:
    if not send:
        messages.success(request, _("The charge is ready. Copy its link and send it."))
        return
    try:
        send_link(charge, actor=request.membership, key="first")
    except DomainError as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("The charge is ready and its link is on its way."))
