"""Sagas whose steps really reach outside of their process and behave as their context says.

``{"fails": {"car": "refused"}}``: *refused* has no effect and says so; *down* has none and does not say; *lost* has its
effect and fails to tell; *flaky* is down once; *slow* takes a moment. Compensations by ``"hotel:undo"``.
"""

import time
from collections.abc import Callable

from sagas.definition import JSON, SagaStep, StepCall
from sagas.errors import PermanentStepError, StepUnknown
from sagas.orchestrator import orchestrator
from tests.sagas import outside

STEPS = ["flight", "hotel", "notice", "car", "card"]
UNDOABLE = ["flight", "hotel", "car", "card"]
SLOW_SECONDS = 0.3


def _reach(name: str, kind: str) -> Callable[[StepCall], JSON]:
    def reach(call: StepCall) -> JSON:
        way = call.context.get("fails", {}).get(name if kind == "do" else f"{name}:undo", "")
        said = (call.saga_id, call.idempotency_key, name, kind, call.organization_id)
        if way == "slow":
            time.sleep(SLOW_SECONDS)
        if way in {"refused", "down"} or (way == "flaky" and not _asked_before(call)):
            outside.note_refusal(*said)
            raise PermanentStepError("refused") if way == "refused" else RuntimeError("down")
        outside.ask(*said)
        if way == "lost":
            raise StepUnknown("the answer was lost")
        return {"id": call.idempotency_key}

    return reach


def _asked_before(call: StepCall) -> bool:
    return any(line.key == call.idempotency_key for line in outside.history(call.saga_id))


def _step(name: str) -> SagaStep:
    undo = _reach(name, "undo") if name in UNDOABLE else None
    return SagaStep(name, _reach(name, "do"), undo, timeout=20, retry_count=1)  # type: ignore[arg-type]


journey = orchestrator.define_saga("journey", [_step(name) for name in STEPS])
