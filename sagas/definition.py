"""What a saga is made of: named steps, each with an action and the compensation that takes its effect back."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from sagas.errors import SagaDefinitionError

JSON = dict[str, Any]
MAX_NAME = 100


@dataclass(frozen=True)
class StepCall:
    """What an action or a compensation is called with.

    ``idempotency_key`` is the same at every attempt: ``<saga_id>:<step>`` for an action, with ``:undo`` for its
    compensation; a saga that was undone and is run again by hand has new keys (``<saga_id>:<step>#2``).
    ``results`` are those of the steps before, by name. ``result`` is, in a compensation only, what the action answered:
    empty when nobody knows, and then there may be nothing to undo. ``deadline`` is a time of :func:`time.monotonic`.
    """

    saga_id: str
    step: str
    attempt: int
    idempotency_key: str
    context: JSON
    results: dict[str, JSON]
    result: JSON
    deadline: float
    organization_id: str

    def seconds_left(self) -> float:
        """Return how long this attempt may still take; never less than a moment, so that it can be a time-out."""
        return max(0.01, self.deadline - time.monotonic())


Action = Callable[[StepCall], JSON | None]
Compensation = Callable[[StepCall], None]


@dataclass(frozen=True)
class SagaStep:
    """``timeout`` is in seconds per attempt; ``retry_count`` are the attempts after the first; ``label`` is for owners."""

    name: str
    action: Action
    compensation: Compensation | None = None
    timeout: float = 30.0
    retry_count: int = 3
    label: Promise | str = ""


@dataclass(frozen=True)
class SagaDefinition:
    """A named, checked sequence of steps. ``undoable``: a person may undo it after it has succeeded."""

    name: str
    steps: tuple[SagaStep, ...]
    label: Promise | str = ""
    undoable: bool = True

    @property
    def step_names(self) -> list[str]:
        return [step.name for step in self.steps]

    @property
    def can_be_undone(self) -> bool:
        """Say whether a person may undo it and there is anything to undo."""
        return self.undoable and any(step.compensation for step in self.steps)

    def label_of(self, step_name: str) -> str:
        """Return the words for a step, or its name where the definition has none."""
        return next((str(step.label) for step in self.steps if step.name == step_name and step.label), step_name)


def checked(name: str, steps: Sequence[SagaStep], label: Promise | str, *, undoable: bool) -> SagaDefinition:
    """Return the definition; raise :class:`SagaDefinitionError` when it could not run."""
    _check_name("saga", name)
    if not steps:
        raise SagaDefinitionError(f"Saga {name!r} has no steps.")
    for step in steps:
        _check_step(name, step)
    names = [step.name for step in steps]
    if repeated := {one for one in names if names.count(one) > 1}:
        raise SagaDefinitionError(f"Saga {name!r} names steps twice: {', '.join(sorted(repeated))}.")
    return SagaDefinition(name, tuple(steps), label, undoable)


def _check_name(what: str, name: object) -> None:
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME or ":" in name or "#" in name:
        raise SagaDefinitionError(f"{name!r} is no name for a {what}: 1 to {MAX_NAME} characters without ':' and '#'.")


def _check_step(saga: str, step: SagaStep) -> None:
    if not isinstance(step, SagaStep):
        raise SagaDefinitionError(f"Saga {saga!r} has a step that is no SagaStep: {step!r}.")
    _check_name("step", step.name)
    where = f"Step {step.name!r} of saga {saga!r}"
    if not callable(step.action):
        raise SagaDefinitionError(f"{where} has no action that can be called.")
    if step.compensation is not None and not callable(step.compensation):
        raise SagaDefinitionError(f"{where} has a compensation that cannot be called.")
    if not _is_number(step.timeout) or not math.isfinite(step.timeout) or step.timeout <= 0:
        raise SagaDefinitionError(f"{where} needs a timeout above zero.")
    if not isinstance(step.retry_count, int) or isinstance(step.retry_count, bool) or step.retry_count < 0:
        raise SagaDefinitionError(f"{where} needs a retry count of zero or more.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
