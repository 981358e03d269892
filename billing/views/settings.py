"""How an organization gets paid: keys are written here and never shown again."""

from typing import Any

from django.conf import settings as installation
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from accounts.services.audit import record_audit
from accounts.services.secrets_store import set_secret
from billing.credentials import (
    PIX_KEY,
    STRIPE_HOOK,
    STRIPE_KEY,
    has_secret,
    hints,
    payment_settings,
    stripe_account,
)
from billing.forms import PixForm, StripeForm
from billing.models import PaymentSettings
from core.errors import DomainError

STRIPE_EVENTS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "charge.refunded",
    "charge.dispute.created",
    "refund.created",
    "refund.updated",
    "refund.failed",
)


@require_safe
@role_required(Role.ADMIN)
def payments(request: MemberRequest) -> HttpResponse:
    return _page(request)


@require_POST
@role_required(Role.ADMIN)
def pix_save(request: MemberRequest) -> HttpResponse:
    form = PixForm(request.POST, has_key=has_secret(PIX_KEY))
    if not form.is_valid():
        return _page(request, pix_form=form, status=422)
    if form.cleaned_data["key"]:
        set_secret(PIX_KEY, form.cleaned_data["key"], actor=request.membership)
    settings = payment_settings()
    settings.pix_name, settings.pix_city = form.cleaned_data["name"], form.cleaned_data["city"]
    settings.save()
    record_audit("payments.pix_changed", actor=request.membership)
    messages.success(request, _("Pix saved. New charges use it."))
    return redirect("billing:payments")


@require_POST
@role_required(Role.ADMIN)
def stripe_save(request: MemberRequest) -> HttpResponse:
    form = StripeForm(request.POST)
    if not form.is_valid():
        return _page(request, stripe_form=form, status=422)
    for name, field in ((STRIPE_KEY, "secret_key"), (STRIPE_HOOK, "hook_secret")):
        if form.cleaned_data[field]:
            set_secret(name, form.cleaned_data[field], actor=request.membership)
    settings = payment_settings()
    settings.stripe_pix = form.cleaned_data["stripe_pix"]
    settings.save()
    _test(request, settings)
    return redirect("billing:payments")


@require_POST
@role_required(Role.ADMIN)
def stripe_test(request: MemberRequest) -> HttpResponse:
    """Ask Stripe whose key this is and say the answer."""
    _test(request, payment_settings())
    return redirect("billing:payments")


@require_POST
@role_required(Role.ADMIN)
def stripe_remove(request: MemberRequest) -> HttpResponse:
    for name in (STRIPE_KEY, STRIPE_HOOK):
        set_secret(name, "", actor=request.membership)
    PaymentSettings.objects.update(stripe_account="", stripe_pix=False)
    messages.success(request, _("Stripe is disconnected. Open card charges cannot be paid any more."))
    return redirect("billing:payments")


def _test(request: MemberRequest, settings: PaymentSettings) -> None:
    try:
        account = stripe_account().account()
    except DomainError as error:
        messages.error(request, error.message)
        return
    wanted_pix, settings.stripe_pix = settings.stripe_pix, settings.stripe_pix and account.has_pix
    settings.stripe_account = account.name[:120]
    settings.save()
    if account.is_live:
        messages.success(request, _("Connected to %(name)s at Stripe.") % {"name": account.name})
    else:
        messages.success(request, _("Connected to %(name)s at Stripe, in test mode.") % {"name": account.name})
    if wanted_pix and not account.has_pix:
        messages.warning(request, _("This Stripe account has no Pix yet. Use Pix to your own key meanwhile."))


def _page(request: MemberRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    settings = payment_settings()
    context = {
        "settings": settings,
        "hints": hints(),
        "hook_url": installation.BASE_URL + reverse("billing:stripe-hook", args=[settings.hook_token]),
        "stripe_events": STRIPE_EVENTS,
        "pix_form": PixForm(
            initial={"name": settings.pix_name or request.organization.name, "city": settings.pix_city}
        ),
        "stripe_form": StripeForm(initial={"stripe_pix": settings.stripe_pix}),
    }
    return render(request, "billing/payments.html", context | forms, status=status)
