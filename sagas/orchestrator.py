"""Business steps over several outside systems that happen wholly or are undone, and survive a crash at any instant."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.functional import Promise

from core.clock import now
from core.crashpoints import crashpoint
from core.jobs import job
from core.live import signal
from core.tenancy import current_organization_id
from sagas import journal
from sagas.definition import JSON, SagaDefinition, SagaStep, checked
from sagas.driver import drive, resume
from sagas.errors import (
    LeaseLostError,
    PayloadRefusedError,
    SagaConflictError,
    SagaDefinitionError,
    SagaInTransactionError,
    SagaNotDefinedError,
    SagaNotFoundError,
    SagaNotRetryableError,
    SagaNotUndoableError,
)
from sagas.models import SagaExecution, SagaState
from sagas.payloads import checked_json
from sagas.run import Run
from sagas.transitions import note

MAX_SAGA_ID = 200
# Well below the time limit of a job: between two steps a worker hands a long saga to the next.
JOB_BUDGET_SECONDS = 300.0


class SagaOrchestrator:
    """Defines sagas and runs them. Everything but ``define_saga`` acts within the active organization."""

    def __init__(self) -> None:
        self._definitions: dict[str, SagaDefinition] = {}

    # ---- Definitions

    def define_saga(
        self, name: str, steps: Sequence[SagaStep], *, label: Promise | str = "", undoable: bool = True
    ) -> SagaDefinition:
        """Register a definition; raises :class:`SagaDefinitionError` when it could not run or the name is taken."""
        if name in self._definitions:
            raise SagaDefinitionError(f"Saga {name!r} is defined twice.")
        definition = checked(name, steps, label, undoable=undoable)
        self._definitions[name] = definition
        return definition

    def definition(self, name: str) -> SagaDefinition:
        """Return a definition; raises :class:`SagaNotDefinedError`."""
        try:
            return self._definitions[name]
        except KeyError:
            raise SagaNotDefinedError(f"No saga is called {name!r}.") from None

    def definitions(self) -> list[SagaDefinition]:
        """Return all definitions, by name."""
        return sorted(self._definitions.values(), key=lambda one: one.name)

    # ---- Running

    def execute(self, name: str, saga_id: str, context: JSON) -> SagaExecution:
        """Run the saga here to its end, or to a wait; a saga that was started before goes on, an ended one is returned.

        Raises :class:`SagaConflictError` when the id was used with another context or definition.
        """
        _refuse_transaction()
        definition, context = self.definition(name), _checked(saga_id, context)
        organization_id, lease = current_organization_id(), _lease(definition)
        created = journal.create(
            organization_id, saga_id, name, definition.step_names, context, at=now(), lease_seconds=lease
        )
        if created is None:
            return self._go_on(self._stored(name, saga_id, context))
        crashpoint("saga.created")
        note(created, "saga in_progress", step=definition.steps[0].name)
        return self._driven(Run(created, definition, waits=True))

    def start(self, name: str, saga_id: str, context: JSON) -> SagaExecution:
        """Write the saga in the caller's transaction; workers run it once that has committed.

        Calling again with the same context changes nothing. Raises :class:`SagaConflictError` as :meth:`execute` does.
        """
        definition, context = self.definition(name), _checked(saga_id, context)
        organization_id = current_organization_id()
        created = journal.create(
            organization_id, saga_id, name, definition.step_names, context, at=now(), lease_seconds=None
        )
        if created is None:
            return self._stored(name, saga_id, context)
        note(created, "saga pending", step=definition.steps[0].name)
        signal(organization_id, "sagas")
        self._ring(created)
        return created

    def compensate(self, saga_id: str) -> SagaExecution:
        """Undo the saga here, to the end or to a wait. One that is driven elsewhere turns back after its present step.

        Raises :class:`SagaNotUndoableError` where the definition forbids it.
        """
        _refuse_transaction()
        return self._go_on(self._asked_to_undo(saga_id))

    def request_undo(self, saga_id: str) -> SagaExecution:
        """As :meth:`compensate`, but on workers."""
        execution = self._asked_to_undo(saga_id)
        self._ring(execution)
        return execution

    def retry_failed(self, saga_id: str) -> SagaExecution:
        """Go on where a stuck or failed saga stopped; raises :class:`SagaNotRetryableError` for any other."""
        _refuse_transaction()
        return self._go_on(self._tried_again(saga_id))

    def request_retry(self, saga_id: str) -> SagaExecution:
        """As :meth:`retry_failed`, but on workers."""
        execution = self._tried_again(saga_id)
        self._ring(execution)
        return execution

    def wake(self, saga_id: str) -> bool:
        """Drive a waiting saga now, since what it waits for has happened; one that waits for nothing stays as it is.

        False while somebody drives it: the look at the outside may be older than what happened, so ask again later.
        """
        execution = self.get_status(saga_id)
        if execution.wake_at is None:
            return True
        if not journal.wake(execution, now()):
            return False
        self._ring(execution)
        return True

    def get_status(self, saga_id: str) -> SagaExecution:
        """Return the saga as it is now; raises :class:`SagaNotFoundError`."""
        execution: SagaExecution | None = SagaExecution.objects.filter(saga_id=saga_id).first()
        if execution is None:
            raise SagaNotFoundError(saga_id)
        return execution

    def can_undo(self, execution: SagaExecution) -> bool:
        """Say whether a person may ask for the saga to be undone now."""
        known = self._definitions.get(execution.definition)
        return (
            known is not None and known.can_be_undone and not execution.undo_requested and execution.state in _UNDOABLE
        )

    def can_retry(self, execution: SagaExecution) -> bool:
        """Say whether a person may ask for another try."""
        is_parked = execution.needs_attention and execution.wake_at is None
        return execution.definition in self._definitions and (is_parked or execution.state == SagaState.FAILED)

    def run_claimed(self, execution_id: UUID | str) -> None:
        """Drive one saga on a worker if it is due and nobody else does."""
        execution: SagaExecution | None = SagaExecution.objects.filter(pk=execution_id).first()
        if execution is not None and not execution.is_finished:
            self._go_on(execution, waits=False, budget=JOB_BUDGET_SECONDS)

    # ---- Inside

    def _go_on(self, execution: SagaExecution, *, waits: bool = True, budget: float = float("inf")) -> SagaExecution:
        if execution.is_finished or execution.wake_at is None:
            return execution
        definition = self.definition(execution.definition)
        lease = _lease(definition)
        claimed = journal.claim(execution.organization_id, execution.pk, at=now(), lease_seconds=lease)
        if claimed is None:
            return self.get_status(execution.saga_id)
        crashpoint("saga.claimed")
        return self._driven(resume(claimed, definition, waits=waits, budget=budget))

    def _driven(self, run: Run) -> SagaExecution:
        try:
            return drive(run)
        except LeaseLostError:
            note(run.execution, "saga lease lost", step=run.step.name)
            return self.get_status(run.execution.saga_id)

    def _stored(self, name: str, saga_id: str, context: JSON) -> SagaExecution:
        execution = self.get_status(saga_id)
        if execution.definition != name or execution.context != context:
            raise SagaConflictError(saga_id)
        return execution

    def _asked_to_undo(self, saga_id: str) -> SagaExecution:
        execution = self.get_status(saga_id)
        known = self._definitions.get(execution.definition)
        if known is None or not known.can_be_undone:
            raise SagaNotUndoableError
        if journal.ask_undo(execution, now()):
            note(execution, "undo requested", step="")
        return self.get_status(saga_id)

    def _tried_again(self, saga_id: str) -> SagaExecution:
        execution = self.get_status(saga_id)
        if not journal.try_again(execution, now()):
            raise SagaNotRetryableError
        note(execution, "retry requested", step=execution.failed_step)
        return self.get_status(saga_id)

    def _ring(self, execution: SagaExecution) -> None:
        drive_saga.enqueue(
            coalesce_key=str(execution.pk),
            organization_id=str(execution.organization_id),
            execution_id=str(execution.pk),
        )


orchestrator = SagaOrchestrator()
_UNDOABLE = {SagaState.PENDING, SagaState.IN_PROGRESS, SagaState.SUCCEEDED}


@job("default", timeout_seconds=900)
def drive_saga(*, organization_id: str, execution_id: str) -> None:
    """Bell of one saga: drive it if it is due and nobody else does."""
    orchestrator.run_claimed(execution_id)


def _lease(definition: SagaDefinition) -> float:
    margin: float = settings.SAGA_LEASE_MARGIN_SECONDS
    return max(step.timeout for step in definition.steps) + margin


def _checked(saga_id: str, context: JSON) -> JSON:
    if not isinstance(saga_id, str) or not saga_id.strip() or len(saga_id) > MAX_SAGA_ID:
        raise PayloadRefusedError(f"A saga id has 1 to {MAX_SAGA_ID} characters.")
    return checked_json(context, "context")


def _refuse_transaction() -> None:
    """Refuse to drive inside a transaction, as ``atomic(durable=True)`` does; the tests' own ones are let through."""
    blocks = connection.atomic_blocks
    if blocks and not getattr(blocks[-1], "_from_testcase", False):
        raise SagaInTransactionError("Use start() inside a transaction: its commit is what makes the saga real.")
