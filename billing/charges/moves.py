"""The only place where a charge changes its state; the table of what may follow what is ``models.charges.MOVES``."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from billing.errors import ChargeStateError
from billing.events import ChargeClosed, ChargePaid, ChargeRefunded
from billing.models import Charge, ChargeState
from core.clock import now
from core.live import signal
from sagas.outbox import publish

TOPIC: Final = "charges"
_STAMPS: Final = {
    ChargeState.PAID: "paid_at",
    ChargeState.CANCELLED: "cancelled_at",
    ChargeState.REFUNDED: "refunded_at",
}


def locked(charge_id: UUID | str) -> Charge:
    """Return a charge locked until the transaction ends."""
    charge: Charge = Charge.objects.select_for_update().get(pk=charge_id)
    return charge


def move(charge: Charge, state: ChargeState, *, at: datetime | None = None, **changes: Any) -> None:
    """Change the state of a locked charge and say so; a charge that is there already stays as it is.

    Raises :class:`ChargeStateError` for a move that the table does not know.
    """
    if charge.state == state:
        return
    if not charge.may_become(state):
        raise ChargeStateError(_("This charge is %(state)s.") % {"state": charge.get_state_display()})
    charge.state = state
    _stamp(charge, state, at or now())
    for name, value in changes.items():
        setattr(charge, name, value)
    charge.save()
    _tell(charge)


def tell(charge: Charge) -> None:
    """Let the open pages of the organization look again."""
    signal(charge.organization_id, TOPIC)
    signal(charge.organization_id, f"charge:{charge.pk}")


def _stamp(charge: Charge, state: ChargeState, at: datetime) -> None:
    name = _STAMPS.get(state)
    if name and not (name == "paid_at" and charge.paid_at):
        setattr(charge, name, at)
    if state == ChargeState.PAID:
        charge.refunded_at = None


def _tell(charge: Charge) -> None:
    organization_id, charge_id = str(charge.organization_id), str(charge.pk)
    if charge.state == ChargeState.PAID:
        publish(ChargePaid(organization_id, charge_id))
    if charge.state == ChargeState.REFUNDED:
        publish(ChargeRefunded(organization_id, charge_id))
    if charge.state in {ChargeState.CANCELLED, ChargeState.EXPIRED}:
        publish(ChargeClosed(organization_id, charge_id))
    tell(charge)
