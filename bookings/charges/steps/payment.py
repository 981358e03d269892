"""The money: asked for, waited for, and sent back when the rest cannot be done."""

from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from billing.charges.checkout import open_checkout
from billing.charges.closing import cancel_charge
from billing.charges.refunding import request_refund, send_refund
from billing.errors import ChargeStateError
from billing.models import Charge, ChargeProblem, ChargeState
from billing.providers.errors import ProviderDownError
from billing.steps import step_errors
from bookings.charges.steps.charge import charge_of, words_of
from core.clock import now
from sagas.definition import JSON, StepCall
from sagas.errors import PermanentStepError, StepPostponed, WaitUntil

# Whoever pays wakes the process; it looks by itself only in case that was lost.
LOOK_EVERY: Final = timedelta(minutes=30)
SOON: Final = 60.0
AT_ONCE: Final = 2.0


def process_payment(call: StepCall) -> JSON:
    """Open the payment page where there is one, and wait until the money is there."""
    charge = charge_of(call)
    with words_of(charge):
        match charge.state:
            case ChargeState.PAID:
                return _paid(charge)
            case ChargeState.OPEN:
                _open_page(charge, call)
                raise WaitUntil(_next_look(charge), _("Waiting for the payment."), begun=True)
            case ChargeState.EXPIRED:
                reason = _("The day to pay has passed.")
            case ChargeState.CANCELLED:
                reason = _("The charge was withdrawn.")
            case _:
                reason = _("The payment was sent back.")
    raise PermanentStepError(reason, nothing_stands=True)


def _paid(charge: Charge) -> JSON:
    paid_at = charge.paid_at.isoformat() if charge.paid_at else ""
    return {
        "amount_cents": charge.amount_cents, "method": charge.method, "confirmed": charge.confirmation, "paid_at": paid_at,
        "refunds": charge.refund_number,
    }  # fmt: skip


def _open_page(charge: Charge, call: StepCall) -> None:
    """Open the first page at Stripe, so that a refusal is known at once; later ones are opened when the payer comes."""
    if not charge.is_stripe or charge.session_id or charge.expires_at <= now():
        return
    try:
        with step_errors():
            open_checkout(charge.pk, seconds=call.seconds_left())
    except ProviderDownError as failure:
        raise StepPostponed(SOON, failure.message) from failure
    except PermanentStepError as refusal:
        if isinstance(refusal.__cause__, ChargeStateError):
            raise StepPostponed(AT_ONCE, refusal.reason) from refusal
        raise


def _next_look(charge: Charge) -> datetime:
    at = now()
    return max(at + timedelta(seconds=SOON), min(charge.expires_at, at + LOOK_EVERY))


def refund_payment(call: StepCall) -> None:
    """Send the money back, or withdraw the charge that nobody has paid."""
    charge = charge_of(call)
    with words_of(charge):
        if charge.state == ChargeState.OPEN:
            _withdraw(charge, call)
        elif charge.state in {ChargeState.PAID, ChargeState.REFUNDING}:
            _send_back(charge, call)


def _withdraw(charge: Charge, call: StepCall) -> None:
    try:
        with step_errors():
            cancel_charge(charge.pk, actor=None, seconds=call.seconds_left())
    except PermanentStepError as refusal:
        # It is being paid right now; a moment later it is known whether it was.
        if isinstance(refusal.__cause__, ChargeStateError):
            raise StepPostponed(AT_ONCE, refusal.reason) from refusal
        raise


def _send_back(charge: Charge, call: StepCall) -> None:
    was_asked = charge.refund_number > int(call.result.get("refunds", 0))
    if charge.state == ChargeState.PAID and was_asked and charge.problem == ChargeProblem.REFUND_REFUSED:
        raise PermanentStepError(_("The refund was refused. Send it again on the page of the charge."))
    with step_errors():
        request_refund(charge.pk, actor=None)
        after = send_refund(charge.pk, seconds=call.seconds_left())
    if after.state == ChargeState.REFUNDED:
        return
    if after.state == ChargeState.PAID:
        raise PermanentStepError(_("The refund was refused. Send it again on the page of the charge."))
    if after.is_stripe:
        raise WaitUntil(SOON, _("Stripe is sending the money back."))
    raise WaitUntil(
        now() + LOOK_EVERY, _("Send the money back in your bank's app, then say so on the page of the charge.")
    )
