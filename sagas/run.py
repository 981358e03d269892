"""One saga in the hands of one driver."""

import time
from copy import deepcopy
from dataclasses import dataclass, field

from django.conf import settings

from core.clock import now
from sagas.definition import JSON, SagaDefinition, SagaStep, StepCall
from sagas.journal import StepOutcome
from sagas.models import SagaExecution, StepKind, StepState

_LEFT = {StepState.DONE, StepState.UNKNOWN}


@dataclass
class Run:
    """One saga in the hands of one driver. ``done`` and ``undone`` are this round's outcomes by position."""

    execution: SagaExecution
    definition: SagaDefinition
    waits: bool = False
    """Sleep through the pauses between attempts, for a caller who wants the end; else give the saga back."""
    ends_at: float = float("inf")
    done: dict[int, StepState] = field(default_factory=dict)
    undone: dict[int, StepState] = field(default_factory=dict)
    results: dict[str, JSON] = field(default_factory=dict)
    is_held: bool = True
    signalled_at: float = field(default_factory=time.monotonic)
    """When open pages were last told, by the monotonic clock; a saga that takes a moment is told once it ends."""

    @property
    def step(self) -> SagaStep:
        return self.definition.steps[self.execution.position]

    def next_to_do(self) -> int | None:
        """Return the first position whose effect does not stand yet."""
        return next((n for n in range(len(self.definition.steps)) if self.done.get(n) is not StepState.DONE), None)

    def next_to_undo(self) -> int | None:
        """Return the last position whose effect stands or may stand."""
        left = (n for n, state in self.done.items() if state in _LEFT and n not in self.undone)
        return max(left, default=None)

    def call(self, kind: StepKind) -> StepCall:
        """Return what the present step's action or compensation is called with now."""
        execution, step = self.execution, self.step
        key = f"{execution.saga_id}:{step.name}" + (f"#{execution.round}" if execution.round > 1 else "")
        return StepCall(
            saga_id=execution.saga_id,
            step=step.name,
            attempt=execution.attempt + 1,
            idempotency_key=f"{key}:undo" if kind is StepKind.UNDO else key,
            context=deepcopy(execution.context),
            results=deepcopy(self.results),
            result=deepcopy(self.results.get(step.name, {})) if kind is StepKind.UNDO else {},
            deadline=time.monotonic() + step.timeout,
            organization_id=str(execution.organization_id),
        )

    def outcome(self, kind: StepKind, state: StepState, *, result: JSON | None = None, error: str = "") -> StepOutcome:
        """Return the journal's line about the present step."""
        execution, was_tried = self.execution, state is not StepState.SKIPPED
        return StepOutcome(
            position=execution.position,
            kind=kind,
            name=self.step.name,
            state=state,
            attempts=execution.attempt + was_tried,
            result=result or {},
            error=error,
            started_at=execution.step_started_at,
            finished_at=now(),
        )


def lease_for(step: SagaStep) -> float:
    """Return how long a driver may hold a saga for one attempt at the step, in seconds."""
    margin: float = settings.SAGA_LEASE_MARGIN_SECONDS
    return step.timeout + margin
