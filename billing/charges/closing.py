"""Charges that nobody will pay any more: cancelled by a person or past their day."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from billing.charges.looking import look
from billing.charges.moves import locked, move
from billing.credentials import stripe_account
from billing.errors import ChargeStateError, NotConfiguredError
from billing.models import Charge, ChargeState
from billing.providers.errors import ProviderError, ProviderKeyError, ProviderRefusedError
from core.breaker import CircuitOpenError
from core.clock import now


def cancel_charge(charge_id: UUID | str, *, actor: Membership | None, seconds: float = 10.0) -> Charge:
    """Withdraw an open charge, closing its payment page first, so that nobody pays what was withdrawn.

    Raises ChargeStateError when it was paid meanwhile, ProviderError when the page could not be closed.
    """
    charge: Charge = Charge.objects.get(pk=charge_id)
    if charge.state != ChargeState.OPEN:
        raise ChargeStateError(_("Only an open charge can be cancelled."))
    _close_page(charge, seconds=seconds)
    with transaction.atomic():
        charge = locked(charge_id)
        move(charge, ChargeState.CANCELLED)
        record_audit("charge.cancelled", actor=actor, target=str(charge))
    return charge


def expire_charge(charge_id: UUID | str) -> bool:
    """Close a charge whose day has passed; False when it was paid after all or Stripe cannot be asked now."""
    charge: Charge = Charge.objects.get(pk=charge_id)
    if charge.state != ChargeState.OPEN or charge.expires_at > now():
        return False
    try:
        _close_page(charge)
    except (NotConfiguredError, ProviderKeyError):
        # Nobody can ask about this page any more; Stripe closes it within the day.
        pass
    except (ProviderError, CircuitOpenError, ChargeStateError):
        Charge.objects.filter(pk=charge_id).update(looked_at=now())
        return False
    with transaction.atomic():
        charge = locked(charge_id)
        if charge.state == ChargeState.OPEN and charge.expires_at <= now():
            move(charge, ChargeState.EXPIRED)
    return charge.state == ChargeState.EXPIRED


def _close_page(charge: Charge, *, seconds: float = 10.0) -> None:
    seen = look(charge.pk, seconds=seconds)
    if seen is None or seen.status == "expired":
        return
    if seen.is_paid or not seen.is_open:
        raise ChargeStateError(_("This charge was paid, or is being paid, right now."))
    try:
        stripe_account(seconds=seconds).expire_checkout(seen.id)
    except ProviderRefusedError:
        # Paid or ended between our look and our word; the next look knows which.
        again = look(charge.pk, seconds=seconds)
        if again is None or again.status != "expired":
            raise ChargeStateError(_("This charge was paid, or is being paid, right now.")) from None
