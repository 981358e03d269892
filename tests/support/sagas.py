"""The outside world of saga tests, and workers cranked by hand."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from core.tenancy import activate_organization
from sagas.definition import JSON, SagaStep, StepCall
from sagas.models import SagaExecution
from sagas.orchestrator import SagaOrchestrator, orchestrator


def run_due_sagas(engine: SagaOrchestrator = orchestrator, rounds: int = 50) -> int:
    """Drive every saga that is due, as sweep and workers would, until none moves; return how often one was driven.

    A pause between two attempts is taken as over; a wait for a moment is not.
    """
    driven = 0
    for _ in range(rounds):
        moved = [row for row in SagaExecution.unscoped.exclude(wake_at=None) if _drive(engine, row)]
        if not moved:
            return driven
        driven += len(moved)
    raise AssertionError("sagas never became quiet")


def _drive(engine: SagaOrchestrator, row: SagaExecution) -> bool:
    if row.attempt and not row.wait_reason and not row.lease_until:
        SagaExecution.unscoped.filter(pk=row.pk).update(wake_at=row.created_at)
    with activate_organization(row.organization_id):
        engine.run_claimed(row.pk)
    return bool(SagaExecution.unscoped.get(pk=row.pk).fence != row.fence)


@dataclass
class World:
    """Counts calls; ``failing`` names keys (``pay``, ``pay:undo``) and what each next call of them raises."""

    calls: list[str] = field(default_factory=list)
    seen: list[StepCall] = field(default_factory=list)
    failing: dict[str, list[BaseException]] = field(default_factory=dict)
    effects: Counter[str] = field(default_factory=Counter)

    def fail(self, key: str, *errors: BaseException) -> None:
        self.failing.setdefault(key, []).extend(errors)

    def action(self, name: str) -> Callable[[StepCall], JSON]:
        def act(call: StepCall) -> JSON:
            self._visit(name, call)
            return {"id": f"{name}-1"}

        return act

    def compensation(self, name: str) -> Callable[[StepCall], None]:
        def undo(call: StepCall) -> None:
            self._visit(f"{name}:undo", call)

        return undo

    def step(self, name: str, *, undoes: bool = True, timeout: float = 5, retry_count: int = 0) -> SagaStep:
        return SagaStep(name, self.action(name), self.compensation(name) if undoes else None, timeout, retry_count)

    def _visit(self, name: str, call: StepCall) -> None:
        self.calls.append(name)
        self.seen.append(call)
        if self.failing.get(name):
            raise self.failing[name].pop(0)
        self.effects[call.idempotency_key] += 1
