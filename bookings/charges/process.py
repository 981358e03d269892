"""The process of a charge: found by its charge, and told when what it waits for has happened."""

from uuid import UUID

from billing.charges.closing import cancel_charge
from billing.models import Charge, ChargeState
from core.jobs import job
from sagas.errors import SagaNotFoundError, SagaNotRetryableError, SagaNotUndoableError
from sagas.events import SagaEnded
from sagas.models import SagaExecution, SagaState
from sagas.orchestrator import orchestrator

PROCESS = "collect_payment"


class StillDrivenError(Exception):
    """A worker has the process in hand and may not have seen what happened; the event is delivered again."""


def process_id(charge_id: UUID | str) -> str:
    return f"payment:{charge_id}"


def process_of(charge_id: UUID | str) -> SagaExecution | None:
    """Return the charge's process; charges that were made without one have none."""
    try:
        return orchestrator.get_status(process_id(charge_id))
    except SagaNotFoundError:
        return None


def follow(charge_id: UUID | str) -> None:
    """Let the process go on after its charge was paid, closed or sent back. Raises :class:`StillDrivenError`."""
    execution = process_of(charge_id)
    if execution is None:
        return
    charge: Charge = Charge.objects.get(pk=charge_id)
    if charge.state == ChargeState.REFUNDED:
        _after_refund(execution)
    elif _came_late(charge, execution):
        orchestrator.request_retry(execution.saga_id)
    if not orchestrator.wake(execution.saga_id):
        raise StillDrivenError(execution.saga_id)


def withdraw_after(event: SagaEnded) -> None:
    """Withdraw the charge of a process that was undone before it began, when there was nothing to undo yet."""
    if event.definition != PROCESS:
        return
    execution = orchestrator.get_status(event.saga_id)
    if execution.undo_requested and not execution.failed_step:
        withdraw_charge.enqueue(organization_id=event.organization_id, charge_id=execution.context["charge_id"])


@job("default", timeout_seconds=60)
def withdraw_charge(*, organization_id: str, charge_id: str) -> None:
    """Withdraw a charge that nobody has paid; one that was paid, or is being paid, stands."""
    charge: Charge = Charge.objects.get(pk=charge_id)
    if charge.state == ChargeState.OPEN:
        cancel_charge(charge.pk, actor=None)


def _came_late(charge: Charge, execution: SagaExecution) -> bool:
    """Money for a charge that was given up is money all the same; money whose refund bounced is a person's business."""
    return (
        charge.state == ChargeState.PAID and execution.state == SagaState.FAILED and not charge.refund_number
        and not charge.refunded_cents
    )  # fmt: skip


def _after_refund(execution: SagaExecution) -> None:
    """Take the rest back too, whoever sent the money; what hung on the refund alone goes on."""
    try:
        if execution.needs_attention:
            orchestrator.request_retry(execution.saga_id)
        elif orchestrator.can_undo(execution):
            orchestrator.request_undo(execution.saga_id)
    except (SagaNotRetryableError, SagaNotUndoableError):
        return  # it has gone on meanwhile
