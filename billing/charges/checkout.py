"""Payment pages at Stripe, opened when the payer comes: a page lives for a day, a charge as long as it likes."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.charges.looking import look
from billing.charges.moves import locked
from billing.credentials import stripe_account
from billing.errors import ChargeStateError
from billing.models import Charge, ChargeMethod, ChargeState
from billing.providers.stripe import Checkout, CheckoutOrder
from core.clock import now
from core.crashpoints import crashpoint

LEAST_LIFE: Final = timedelta(minutes=31)
LONGEST_LIFE: Final = timedelta(hours=23, minutes=50)


def public_url(charge: Charge) -> str:
    """Return the address of the charge's own page, the one that people get."""
    return settings.BASE_URL + reverse("billing:pay", args=[charge.public_token])


def open_checkout(charge_id: UUID | str, *, seconds: float = 10.0) -> str:
    """Return where to pay with Stripe, making a page there unless one is open; two clicks find the same page.

    Raises ChargeStateError, ProviderError, NotConfiguredError or CircuitOpenError.
    """
    seen = look(charge_id, seconds=seconds)
    if seen is not None and seen.is_open:
        _check_open(Charge.objects.get(pk=charge_id))
        return seen.url
    charge = _reserve(charge_id, ended=seen)
    account = stripe_account(seconds=seconds)
    crashpoint("checkout.opening")
    opened = account.create_checkout(_order(charge), key=f"session-{charge.pk}-{charge.session_number}")
    crashpoint("checkout.opened")
    return _settle(charge, opened)


@transaction.atomic
def _reserve(charge_id: UUID | str, *, ended: Checkout | None) -> Charge:
    """Write down what will be asked before asking, so that asking again is the very same request."""
    charge = locked(charge_id)
    _check_open(charge)
    if ended is not None and ended.status == "complete":
        raise ChargeStateError(_("The payment is being confirmed. This takes up to a few minutes."))
    if charge.session_id != (ended.id if ended else None):
        raise ChargeStateError(_("The payment page was opened in another tab. Go on there, or load this page again."))
    begun = charge.session_id is None and charge.session_expires_at
    if not begun or begun < now() + LEAST_LIFE - timedelta(minutes=1):
        charge.session_number, charge.session_id = charge.session_number + 1, None
        charge.session_expires_at = min(max(charge.expires_at, now() + LEAST_LIFE), now() + LONGEST_LIFE).replace(
            microsecond=0
        )
        charge.save(update_fields=["session_number", "session_id", "session_expires_at"])
    return charge


def _settle(charge: Charge, opened: Checkout) -> str:
    still = Charge.objects.filter(pk=charge.pk, state=ChargeState.OPEN, session_number=charge.session_number)
    if not still.update(session_id=opened.id):
        stripe_account().expire_checkout(opened.id)
        raise ChargeStateError(_("This charge was closed a moment ago."))
    return opened.url


def _check_open(charge: Charge) -> None:
    if not charge.is_stripe:
        raise ChargeStateError(_("This charge is paid by Pix, with the code on its page."))
    if charge.state != ChargeState.OPEN or charge.expires_at <= now():
        raise ChargeStateError(_("This charge is not open any more."))


def _order(charge: Charge) -> CheckoutOrder:
    assert charge.session_expires_at is not None
    return CheckoutOrder(
        reference=str(charge.pk),
        organization_id=str(charge.organization_id),
        amount_cents=charge.amount_cents,
        description=charge.description,
        method="pix" if charge.method == ChargeMethod.PIX_STRIPE else "card",
        email=charge.payer_email,
        return_url=public_url(charge),
        expires_at=charge.session_expires_at,
    )
