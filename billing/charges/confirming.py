"""Pix to the organization's own key: nobody tells us, somebody looks at the bank statement."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from billing.charges.looking import UNPAID
from billing.charges.moves import locked, move
from billing.errors import ChargeStateError
from billing.models import Charge, ChargeMethod, ChargeState, Confirmation


@transaction.atomic
def confirm_by_hand(charge_id: UUID | str, *, actor: Membership | None) -> Charge:
    """Record that the money is in the account; a second click changes nothing. Raises :class:`ChargeStateError`."""
    charge = _static(charge_id)
    if charge.state == ChargeState.PAID:
        return charge
    if charge.state not in UNPAID:
        raise ChargeStateError(_("This charge is %(state)s.") % {"state": charge.get_state_display()})
    move(
        charge,
        ChargeState.PAID,
        confirmation=Confirmation.HAND,
        confirmed_by=actor,
        received_cents=charge.amount_cents,
        problem="",
    )
    record_audit("charge.confirmed", actor=actor, target=str(charge), data={"cents": charge.amount_cents})
    return charge


@transaction.atomic
def record_refund_by_hand(charge_id: UUID | str, *, actor: Membership | None) -> Charge:
    """Record that the money was sent back by the bank's own Pix. Raises :class:`ChargeStateError`."""
    charge = _static(charge_id)
    if charge.state == ChargeState.REFUNDED:
        return charge
    move(charge, ChargeState.REFUNDED, refunded_cents=charge.amount_cents, problem="")
    record_audit("charge.refunded", actor=actor, target=str(charge), data={"cents": charge.amount_cents})
    return charge


def _static(charge_id: UUID | str) -> Charge:
    charge = locked(charge_id)
    if charge.method != ChargeMethod.PIX_STATIC:
        raise ChargeStateError(_("Stripe says by itself when this charge is paid."))
    return charge
