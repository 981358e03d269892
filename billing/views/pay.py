"""The page that a payer gets: whoever has the link sees what is asked, how to pay it and whether it is paid."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from billing.charges.checkout import open_checkout
from billing.charges.looking import look_at_charge
from billing.models import Charge, ChargeState
from core.clock import now
from core.errors import DomainError
from core.qr import qr_path
from core.ratelimit import rate_limited
from core.tenancy import across_organizations, activate_organization

VIEWS: Final = 120
OPENINGS: Final = 10
View = Callable[[HttpRequest, Charge], HttpResponse]


def by_token(view: View) -> Callable[..., HttpResponse]:
    """Find the charge of the address and act for its organization, in its language and time zone."""

    @wraps(view)
    def found(request: HttpRequest, token: str) -> HttpResponse:
        with across_organizations():
            charge: Charge | None = Charge.objects.select_related("organization").filter(public_token=token).first()
        if charge is None:
            return _private(render(request, "404.html", status=404))
        organization = charge.organization
        with (
            activate_organization(organization.pk),
            translation.override(organization.language),
            timezone.override(organization.timezone),
        ):
            return _private(view(request, charge))

    return found


@require_safe
@rate_limited("pay", limit=VIEWS, period=60)
@by_token
def pay(request: HttpRequest, charge: Charge) -> HttpResponse:
    """Show a charge to whoever has its link."""
    came_back = "pago" in request.GET and charge.is_stripe and charge.state == ChargeState.OPEN
    if came_back:
        look_at_charge.enqueue(
            coalesce_key=str(charge.pk), organization_id=str(charge.organization_id), charge_id=str(charge.pk)
        )
    return _page(request, charge, came_back=came_back)


@require_safe
@rate_limited("pay-stripe", limit=OPENINGS, period=60)
@by_token
def pay_at_stripe(request: HttpRequest, charge: Charge) -> HttpResponse:
    """Send the payer to Stripe. A link and not a form: the content policy lets no form end on another site."""
    try:
        return redirect(open_checkout(charge.pk))
    except DomainError as error:
        charge.refresh_from_db()
        return _page(request, charge, error=error.message, status=error.status)


def _page(request: HttpRequest, charge: Charge, *, status: int = 200, **more: Any) -> HttpResponse:
    can_pay = charge.state == ChargeState.OPEN and charge.expires_at > now()
    context = {
        "charge": charge,
        "can_pay": can_pay,
        "is_late": charge.state == ChargeState.OPEN and not can_pay,
        "qr": qr_path(charge.pix_code) if can_pay and charge.pix_code else None,
    }
    is_fragment = getattr(request, "htmx", None) and request.htmx.target == "charge"  # type: ignore[attr-defined]
    name = "billing/pay.html#charge" if is_fragment else "billing/pay.html"
    return render(request, name, context | more, status=status)


def _private(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    # The address is the key to the page: no other site may learn it.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
