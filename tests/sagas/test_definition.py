"""What a definition may be is decided when it is defined, not at three in the morning."""

from typing import Any

import pytest

from sagas.definition import SagaStep
from sagas.errors import SagaDefinitionError, SagaNotDefinedError
from sagas.orchestrator import SagaOrchestrator


def act(call: Any) -> None: ...


def test_a_step_has_thirty_seconds_and_three_retries_unless_it_says_otherwise() -> None:
    step = SagaStep("pay", act)
    assert (step.timeout, step.retry_count, step.compensation) == (30.0, 3, None)


def test_a_definition_keeps_its_steps_in_order(engine: SagaOrchestrator) -> None:
    made = engine.define_saga("trip", [SagaStep("a", act), SagaStep("b", act)], label="Viagem")
    assert (made.step_names, made.label, engine.definition("trip")) == (["a", "b"], "Viagem", made)
    assert engine.definitions() == [made]


def test_a_saga_without_steps_is_refused(engine: SagaOrchestrator) -> None:
    with pytest.raises(SagaDefinitionError, match="no steps"):
        engine.define_saga("trip", [])


def test_two_steps_of_one_name_are_refused(engine: SagaOrchestrator) -> None:
    with pytest.raises(SagaDefinitionError, match="twice: a"):
        engine.define_saga("trip", [SagaStep("a", act), SagaStep("b", act), SagaStep("a", act)])


def test_two_sagas_of_one_name_are_refused(engine: SagaOrchestrator) -> None:
    engine.define_saga("trip", [SagaStep("a", act)])
    with pytest.raises(SagaDefinitionError, match="defined twice"):
        engine.define_saga("trip", [SagaStep("a", act)])


@pytest.mark.parametrize("name", ["", "  ", "a:b", "a#b", "x" * 101, None, 7])
def test_names_that_would_spoil_a_key_are_refused(engine: SagaOrchestrator, name: Any) -> None:
    with pytest.raises(SagaDefinitionError, match="no name"):
        engine.define_saga(name, [SagaStep("a", act)])
    with pytest.raises(SagaDefinitionError, match="no name"):
        engine.define_saga("trip", [SagaStep(name, act)])


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "5", None, True])
def test_a_timeout_is_a_number_above_zero(engine: SagaOrchestrator, timeout: Any) -> None:
    with pytest.raises(SagaDefinitionError, match="timeout"):
        engine.define_saga("trip", [SagaStep("a", act, timeout=timeout)])


@pytest.mark.parametrize("count", [-1, 1.5, "3", None, True])
def test_a_retry_count_is_a_whole_number(engine: SagaOrchestrator, count: Any) -> None:
    with pytest.raises(SagaDefinitionError, match="retry count"):
        engine.define_saga("trip", [SagaStep("a", act, retry_count=count)])


def test_what_cannot_be_called_is_refused(engine: SagaOrchestrator) -> None:
    with pytest.raises(SagaDefinitionError, match="no action"):
        engine.define_saga("trip", [SagaStep("a", "act")])  # type: ignore[arg-type]
    with pytest.raises(SagaDefinitionError, match="compensation"):
        engine.define_saga("trip", [SagaStep("a", act, compensation="undo")])  # type: ignore[arg-type]
    with pytest.raises(SagaDefinitionError, match="no SagaStep"):
        engine.define_saga("trip", ["a"])  # type: ignore[list-item]


def test_a_refused_definition_leaves_its_name_free(engine: SagaOrchestrator) -> None:
    with pytest.raises(SagaDefinitionError):
        engine.define_saga("trip", [SagaStep("a", act, timeout=0)])
    engine.define_saga("trip", [SagaStep("a", act)])


def test_an_unknown_saga_is_named(engine: SagaOrchestrator) -> None:
    with pytest.raises(SagaNotDefinedError, match="trip"):
        engine.definition("trip")
