"""What Stripe's present state means for a charge: a pure function, so that the order of webhooks cannot matter."""

from dataclasses import dataclass

from billing.models import Charge, ChargeProblem, ChargeState
from billing.providers.stripe import Checkout
from billing.providers.stripe.contract import CURRENCY


@dataclass(frozen=True)
class Verdict:
    state: ChargeState
    problem: str


def verdict(charge: Charge, seen: Checkout) -> Verdict:
    """Return where a charge stands; what is not paid stays as it is, for time alone expires a charge."""
    present, amount_cents = ChargeState(charge.state), charge.amount_cents
    if not seen.is_paid:
        return Verdict(present, charge.problem)
    if seen.currency != CURRENCY or seen.amount_cents != amount_cents:
        return Verdict(present, ChargeProblem.AMOUNT)
    if seen.refunded_cents >= amount_cents:
        return Verdict(ChargeState.REFUNDED, "")
    if seen.refunded_cents + seen.pending_refund_cents >= amount_cents:
        return Verdict(ChargeState.REFUNDING, "")
    return _kept(present, charge.refund_id, seen)


def _kept(present: ChargeState, refund_id: str | None, seen: Checkout) -> Verdict:
    refused = any(refund.is_refused and refund.id == refund_id for refund in seen.refunds)
    if present == ChargeState.REFUNDING and not refused:
        # We asked a moment ago and Stripe has not heard yet; older refusals say nothing about this time.
        return Verdict(present, "")
    if seen.is_disputed:
        return Verdict(ChargeState.PAID, ChargeProblem.DISPUTED)
    if refused or present == ChargeState.REFUNDED:
        return Verdict(ChargeState.PAID, ChargeProblem.REFUND_REFUSED)
    partly = seen.refunded_cents + seen.pending_refund_cents > 0
    return Verdict(ChargeState.PAID, ChargeProblem.PARTLY_REFUNDED if partly else "")
