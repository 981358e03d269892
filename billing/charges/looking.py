"""Looking at Stripe: whatever a webhook, a returning payer or the clock says, the charge follows what is true there now."""

from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from billing.charges.moves import locked, move, tell
from billing.charges.verdict import verdict
from billing.credentials import stripe_account
from billing.errors import ChargeStateError
from billing.models import Charge, ChargeState, Confirmation
from billing.providers.stripe import Checkout
from core.clock import now
from core.jobs import job

UNPAID = frozenset({ChargeState.OPEN, ChargeState.EXPIRED, ChargeState.CANCELLED})


def look(charge_id: UUID | str, *, session_id: str = "", seconds: float = 10.0) -> Checkout | None:
    """Fetch a charge's payment page and let the charge follow it; None when it never had one.

    ``session_id`` names another page of the same charge. Raises ProviderError, NotConfiguredError or CircuitOpenError.
    """
    wanted = session_id or Charge.objects.values_list("session_id", flat=True).get(pk=charge_id)
    if not wanted:
        return None
    ticket = take_ticket(charge_id)
    seen = stripe_account(seconds=seconds).get_checkout(wanted)
    follow(charge_id, ticket, seen)
    return seen


@transaction.atomic
def take_ticket(charge_id: UUID | str) -> int:
    """Number a look before it begins: one that began earlier can only know what is older."""
    Charge.objects.filter(pk=charge_id).update(look_taken=F("look_taken") + 1)
    ticket: int = Charge.objects.values_list("look_taken", flat=True).get(pk=charge_id)
    return ticket


@transaction.atomic
def follow(charge_id: UUID | str, ticket: int, seen: Checkout) -> bool:
    """Apply what a look saw; False when a later look was quicker. Whose webhook it was does not matter."""
    charge = locked(charge_id)
    if seen.reference != str(charge.pk):
        raise ChargeStateError(_("This payment belongs to another charge."))
    if ticket <= charge.look_used:
        return False
    charge.look_used, charge.looked_at = ticket, now()
    found = verdict(charge, seen)
    changed = charge.problem != found.problem or charge.state != found.state
    charge.problem = found.problem
    if seen.is_paid:
        charge.session_id, charge.payment_intent_id = seen.id, seen.payment_intent_id or None
        charge.received_cents, charge.refunded_cents = seen.amount_cents, seen.refunded_cents
    _walk(charge, found.state, seen)
    charge.save()
    if changed:
        tell(charge)
    return True


def _walk(charge: Charge, target: ChargeState, seen: Checkout) -> None:
    charge.refund_id = next((r.id for r in seen.refunds if not r.is_refused), charge.refund_id)
    if charge.state in UNPAID and target not in UNPAID:
        # What was paid and sent back between two looks was paid all the same, but there is nothing to celebrate.
        charge.paid_at, charge.confirmation = seen.paid_at or now(), Confirmation.STRIPE
        if target != ChargeState.PAID:
            charge.state = ChargeState.PAID
    move(charge, target)


@job("default", timeout_seconds=60)
def look_at_charge(*, organization_id: str, charge_id: str) -> None:
    """Look because somebody came back from the payment page."""
    look(charge_id)
