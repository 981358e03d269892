"""What is done with one charge; every action leads back to its page."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from bookings.charges import services
from bookings.charges.access import get_charge
from core.errors import DomainError
from core.once import once


def _done(request: MemberRequest, charge_id: UUID, act: Callable[[], object], words: str) -> HttpResponse:
    try:
        act()
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, words)
    return redirect("charges:charge", charge_id)


@require_POST
@role_required(Role.AGENT)
@once("charges:list")
def charge_send(request: MemberRequest, charge_id: UUID) -> HttpResponse:
    charge = get_charge(charge_id)
    key = request.POST.get("once", "")[:64] or "again"
    return _done(
        request, charge_id, lambda: services.send_link(charge, actor=request.membership, key=key),
        _("The link is on its way."),
    )  # fmt: skip


@require_POST
@role_required(Role.AGENT)
def charge_confirm(request: MemberRequest, charge_id: UUID) -> HttpResponse:
    charge = get_charge(charge_id)
    return _done(
        request, charge_id, lambda: services.confirm_by_hand(charge.pk, actor=request.membership),
        _("Paid. The receipt goes to the payer."),
    )  # fmt: skip


@require_POST
@role_required(Role.AGENT)
def charge_cancel(request: MemberRequest, charge_id: UUID) -> HttpResponse:
    charge = get_charge(charge_id)
    return _done(
        request, charge_id, lambda: services.cancel_charge(charge.pk, actor=request.membership),
        _("Withdrawn. Nobody can pay it any more."),
    )  # fmt: skip


@require_POST
@role_required(Role.ADMIN)
def charge_refund(request: MemberRequest, charge_id: UUID) -> HttpResponse:
    charge = get_charge(charge_id)
    words = _("The refund is on its way.") if charge.is_stripe else _("Now send the money back in your bank's app.")
    return _done(request, charge_id, lambda: services.give_back(charge.pk, actor=request.membership), words)


@require_POST
@role_required(Role.ADMIN)
def charge_sent_back(request: MemberRequest, charge_id: UUID) -> HttpResponse:
    charge = get_charge(charge_id)
    return _done(
        request, charge_id, lambda: services.record_refund_by_hand(charge.pk, actor=request.membership),
        _("Noted: the money went back."),
    )  # fmt: skip
