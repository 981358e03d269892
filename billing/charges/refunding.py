"""Money back: by Stripe where it came through Stripe, by a person's own hand where it came by a static Pix code."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from billing.charges.looking import look
from billing.charges.moves import locked, move
from billing.credentials import stripe_account
from billing.errors import ChargeStateError
from billing.models import Charge, ChargeProblem, ChargeState
from billing.providers.errors import ProviderRefusedError
from billing.providers.stripe import Refund
from core.crashpoints import crashpoint
from core.jobs import job


@transaction.atomic
def request_refund(charge_id: UUID | str, *, actor: Membership | None) -> Charge:
    """Decide that a paid charge goes back; a worker sends it. Asking twice is asking once.

    Raises :class:`ChargeStateError` when it is not paid or the payer disputes it.
    """
    charge = locked(charge_id)
    if charge.state in {ChargeState.REFUNDING, ChargeState.REFUNDED}:
        return charge
    check_refundable(charge)
    problem = "" if charge.is_stripe else ChargeProblem.REFUND_BY_HAND
    move(charge, ChargeState.REFUNDING, problem=problem, refund_id=None, refund_number=charge.refund_number + 1)
    record_audit("charge.refund_asked", actor=actor, target=str(charge), data={"cents": charge.amount_cents})
    if charge.is_stripe:
        refund_charge.enqueue(organization_id=str(charge.organization_id), charge_id=str(charge.pk))
    return charge


def check_refundable(charge: Charge) -> None:
    """Refuse the refund of a payment that the payer's bank decides about; raises :class:`ChargeStateError`."""
    if charge.state == ChargeState.PAID and charge.problem == ChargeProblem.DISPUTED:
        raise ChargeStateError(_("The payer disputes this payment at the bank; answer there, in Stripe."))


def send_refund(charge_id: UUID | str, *, seconds: float = 10.0) -> Charge:
    """Ask Stripe for the refund that was decided; the same decision never sends money twice.

    Raises ProviderDownError, ProviderBusyError and CircuitOpenError, after all of which it may be called again, and
    ProviderRefusedError, after which the charge is paid again and says so.
    """
    charge: Charge = Charge.objects.get(pk=charge_id)
    if charge.state != ChargeState.REFUNDING or not charge.is_stripe:
        return charge
    key = f"refund-{charge.pk}-{charge.refund_number}"
    account = stripe_account(seconds=seconds)
    left = charge.amount_cents - charge.refunded_cents
    crashpoint("refund.sending")
    try:
        refund = account.refund(charge.payment_intent_id or "", left, reference=str(charge.pk), key=key)
    except ProviderRefusedError as error:
        if error.code == "charge_already_refunded":
            look(charge_id, seconds=seconds)
            return Charge.objects.get(pk=charge_id)
        _give_up(charge_id, charge.refund_number)
        raise
    crashpoint("refund.sent")
    return _settle(charge_id, charge.refund_number, refund)


@transaction.atomic
def _settle(charge_id: UUID | str, number: int, refund: Refund) -> Charge:
    charge = locked(charge_id)
    if charge.state != ChargeState.REFUNDING or charge.refund_number != number:
        return charge
    charge.refund_id = refund.id
    charge.save(update_fields=["refund_id"])
    if refund.is_refused:
        move(charge, ChargeState.PAID, problem=ChargeProblem.REFUND_REFUSED)
    elif not refund.is_pending:
        move(charge, ChargeState.REFUNDED, refunded_cents=charge.refunded_cents + refund.amount_cents, problem="")
    return charge


@transaction.atomic
def _give_up(charge_id: UUID | str, number: int) -> None:
    charge = locked(charge_id)
    if charge.state == ChargeState.REFUNDING and charge.refund_number == number:
        move(charge, ChargeState.PAID, problem=ChargeProblem.REFUND_REFUSED)


@job("default", timeout_seconds=60)
def refund_charge(*, organization_id: str, charge_id: str) -> None:
    """Send a refund that somebody decided; a refusal is on the charge for them to see."""
    try:
        send_refund(charge_id)
    except ProviderRefusedError:
        return
