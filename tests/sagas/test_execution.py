"""A saga from its start to its end, without a crash."""

import pytest

from sagas.errors import PermanentStepError, SagaConflictError, SagaNotFoundError
from sagas.models import SagaExecution, SagaState, SagaStepRecord
from sagas.orchestrator import SagaOrchestrator
from tests.support.sagas import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]


def test_steps_run_in_order_and_each_sees_the_results_before_it(engine: SagaOrchestrator, three: World) -> None:
    done = engine.execute("trip", "trip:1", {"seats": 2})
    assert three.calls == ["flight", "hotel", "car"]
    assert [sorted(call.results) for call in three.seen] == [[], ["flight"], ["flight", "hotel"]]
    assert three.seen[2].results["hotel"] == {"id": "hotel-1"}
    assert (done.state, done.steps_completed, done.failed_step) == (
        SagaState.SUCCEEDED,
        ["flight", "hotel", "car"],
        "",
    )
    assert done.completed_at is not None and not done.compensation_performed


def test_a_failed_step_undoes_those_before_it_in_reverse(engine: SagaOrchestrator, three: World) -> None:
    three.fail("car", PermanentStepError("sold out"))
    failed = engine.execute("trip", "trip:1", {})
    assert three.calls == ["flight", "hotel", "car", "hotel:undo", "flight:undo"]
    assert (failed.state, failed.failed_step, failed.error) == (SagaState.FAILED, "car", "sold out")
    assert failed.compensation_performed and failed.steps_completed == ["flight", "hotel"]


def test_running_a_finished_saga_again_calls_nothing(engine: SagaOrchestrator, three: World) -> None:
    first = engine.execute("trip", "trip:1", {"seats": 2})
    three.calls.clear()
    again = engine.execute("trip", "trip:1", {"seats": 2})
    assert three.calls == []
    assert (again.pk, again.state, again.results()) == (first.pk, first.state, first.results())


def test_the_same_id_with_another_context_is_refused(engine: SagaOrchestrator, three: World) -> None:
    engine.execute("trip", "trip:1", {"seats": 2})
    for attempt in (engine.execute, engine.start):
        with pytest.raises(SagaConflictError):
            attempt("trip", "trip:1", {"seats": 3})
    assert SagaExecution.objects.count() == 1


def test_the_id_of_another_process_is_refused(engine: SagaOrchestrator, three: World) -> None:
    engine.define_saga("walk", [three.step("shoes")])
    engine.execute("trip", "trip:1", {})
    for attempt in (engine.execute, engine.start):
        with pytest.raises(SagaConflictError):
            attempt("walk", "trip:1", {})
    assert "shoes" not in three.calls


def test_status_is_what_the_rows_say(engine: SagaOrchestrator, three: World) -> None:
    engine.execute("trip", "trip:1", {})
    assert engine.get_status("trip:1").state == SagaState.SUCCEEDED
    assert SagaStepRecord.objects.count() == 3
    with pytest.raises(SagaNotFoundError):
        engine.get_status("trip:2")
