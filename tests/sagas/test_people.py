"""What people may ask of a saga: undo it, try it again."""

import pytest

from core.clock import now
from sagas.definition import SagaStep, StepCall
from sagas.errors import (
    PermanentStepError,
    SagaDefinitionChangedError,
    SagaNotDefinedError,
    SagaNotRetryableError,
    SagaNotUndoableError,
    WaitUntil,
)
from sagas.models import SagaExecution, SagaState, SagaStepRecord, StepState
from sagas.orchestrator import SagaOrchestrator
from tests.support.sagas import World, run_due_sagas

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]


def test_a_finished_saga_is_undone_in_reverse(engine: SagaOrchestrator, three: World) -> None:
    engine.execute("trip", "trip:1", {})
    three.calls.clear()
    undone = engine.compensate("trip:1")
    assert three.calls == ["car:undo", "hotel:undo", "flight:undo"]
    assert (undone.state, undone.compensation_performed, undone.error) == (SagaState.FAILED, True, "undo requested")


def test_undoing_twice_undoes_once(engine: SagaOrchestrator, three: World) -> None:
    engine.execute("trip", "trip:1", {})
    engine.compensate("trip:1")
    three.calls.clear()
    assert engine.compensate("trip:1").state == SagaState.FAILED
    assert three.calls == []


def test_a_saga_that_has_not_begun_ends_without_a_call(engine: SagaOrchestrator, three: World) -> None:
    engine.start("trip", "trip:1", {})
    ended = engine.compensate("trip:1")
    assert three.calls == []
    assert (ended.state, ended.compensation_performed) == (SagaState.FAILED, False)


def test_a_waiting_saga_turns_back_at_once(engine: SagaOrchestrator, three: World) -> None:
    three.fail("hotel", WaitUntil(now().replace(year=2099), "the day before"))
    engine.execute("trip", "trip:1", {})
    assert engine.compensate("trip:1").state == SagaState.FAILED
    assert three.calls == ["flight", "hotel", "flight:undo"]


def test_an_undo_asked_for_while_a_step_runs_happens_after_it(engine: SagaOrchestrator, world: World) -> None:
    def ask_meanwhile(call: StepCall) -> None:
        world.calls.append("ask")
        engine.request_undo(call.saga_id)

    step = SagaStep("ask", ask_meanwhile, world.compensation("ask"))
    engine.define_saga("trip", [world.step("pay"), step, world.step("ship")])
    assert engine.execute("trip", "trip:1", {}).state == SagaState.FAILED
    assert world.calls == ["pay", "ask", "ask:undo", "pay:undo"]


def test_an_undo_asked_for_during_the_last_step_is_not_forgotten(engine: SagaOrchestrator, world: World) -> None:
    def ask_meanwhile(call: StepCall) -> None:
        engine.request_undo(call.saga_id)

    engine.define_saga("trip", [world.step("pay"), SagaStep("ask", ask_meanwhile, world.compensation("ask"))])
    engine.execute("trip", "trip:1", {})
    run_due_sagas(engine)
    assert engine.get_status("trip:1").state == SagaState.FAILED
    assert world.calls == ["pay", "ask:undo", "pay:undo"]


def test_an_undo_asked_for_while_a_step_decides_to_wait_is_not_forgotten(
    engine: SagaOrchestrator, world: World
) -> None:
    def ask_and_wait(call: StepCall) -> None:
        engine.request_undo(call.saga_id)
        raise WaitUntil(now().replace(year=2099))

    engine.define_saga("trip", [world.step("pay"), SagaStep("ask", ask_and_wait)])
    engine.execute("trip", "trip:1", {})
    run_due_sagas(engine)
    assert engine.get_status("trip:1").state == SagaState.FAILED
    assert world.calls == ["pay", "pay:undo"]


def test_a_saga_that_must_stand_cannot_be_undone(engine: SagaOrchestrator, world: World) -> None:
    engine.define_saga("final", [world.step("pay")], undoable=False)
    engine.define_saga("notices", [world.step("mail", undoes=False)])
    for name in ("final", "notices"):
        done = engine.execute(name, f"{name}:1", {})
        assert not engine.can_undo(done)
        with pytest.raises(SagaNotUndoableError):
            engine.compensate(f"{name}:1")
        assert engine.get_status(f"{name}:1").state == SagaState.SUCCEEDED


def test_a_stuck_undo_goes_on_where_it_stopped(engine: SagaOrchestrator, three: World) -> None:
    three.fail("car", PermanentStepError("no"))
    three.fail("hotel:undo", *[RuntimeError("down")] * 2)
    stuck = engine.execute("trip", "trip:1", {})
    assert engine.can_retry(stuck)
    three.calls.clear()
    ended = engine.retry_failed("trip:1")
    assert three.calls == ["hotel:undo"]
    assert (ended.state, ended.needs_attention, ended.stuck_at) == (SagaState.FAILED, False, None)
    assert ended.compensation_performed


def test_a_stuck_undo_may_get_stuck_again(engine: SagaOrchestrator, three: World) -> None:
    three.fail("car", PermanentStepError("no"))
    three.fail("hotel:undo", *[RuntimeError("down")] * 4)
    engine.execute("trip", "trip:1", {})
    assert engine.retry_failed("trip:1").needs_attention
    assert SagaStepRecord.objects.get(name="hotel", kind="undo").state == StepState.STUCK


def test_a_failed_saga_runs_again_with_new_keys(engine: SagaOrchestrator, three: World) -> None:
    three.fail("car", PermanentStepError("no"))
    engine.execute("trip", "trip:1", {})
    three.calls.clear()
    ended = engine.retry_failed("trip:1")
    assert three.calls == ["flight", "hotel", "car"]
    assert [call.idempotency_key for call in three.seen[-3:]] == [f"trip:1:{n}#2" for n in ("flight", "hotel", "car")]
    assert (ended.state, ended.steps_completed) == (SagaState.SUCCEEDED, ["flight", "hotel", "car"])
    assert (ended.failed_step, ended.error, ended.compensation_performed) == ("", "", False)
    assert SagaStepRecord.objects.filter(round=1).count() == 5, "the first round stays in the journal"


def test_what_still_stands_is_not_done_again(engine: SagaOrchestrator, world: World) -> None:
    engine.define_saga("trip", [world.step("mail", undoes=False), world.step("pay"), world.step("ship")])
    world.fail("ship", PermanentStepError("no"))
    engine.execute("trip", "trip:1", {})
    world.calls.clear()
    ended = engine.retry_failed("trip:1")
    assert world.calls == ["pay", "ship"]
    assert world.seen[-1].results == {"mail": {"id": "mail-1"}, "pay": {"id": "pay-1"}}
    assert ended.results().keys() == {"mail", "pay", "ship"}


def test_a_refused_first_step_is_tried_again_with_a_new_key(engine: SagaOrchestrator, three: World) -> None:
    three.fail("flight", PermanentStepError("card refused"))
    engine.execute("trip", "trip:1", {})
    assert engine.retry_failed("trip:1").state == SagaState.SUCCEEDED
    assert three.seen[1].idempotency_key == "trip:1:flight#2"


def test_the_second_round_is_undone_under_its_own_keys(engine: SagaOrchestrator, three: World) -> None:
    three.fail("hotel", PermanentStepError("no"), PermanentStepError("still no"))
    engine.execute("trip", "trip:1", {})
    assert engine.retry_failed("trip:1").state == SagaState.FAILED
    assert three.seen[-1].idempotency_key == "trip:1:flight#2:undo"


@pytest.mark.parametrize("ends", ["running", "succeeded"])
def test_what_has_not_failed_is_not_tried_again(engine: SagaOrchestrator, three: World, ends: str) -> None:
    execution = (engine.execute if ends == "succeeded" else engine.start)("trip", "trip:1", {})
    assert not engine.can_retry(execution)
    with pytest.raises(SagaNotRetryableError):
        engine.retry_failed("trip:1")


def test_other_steps_at_a_stored_position_raise(engine: SagaOrchestrator, three: World) -> None:
    three.fail("hotel", WaitUntil(now(), "soon"))
    engine.execute("trip", "trip:1", {})
    changed, calls = SagaOrchestrator(), len(three.calls)
    changed.define_saga("trip", [three.step(name) for name in ("flight", "train", "car")])
    with pytest.raises(SagaDefinitionChangedError, match="hotel"):
        changed.execute("trip", "trip:1", {})
    parked = changed.get_status("trip:1")
    assert (parked.needs_attention, parked.wake_at, parked.lease_until) == (True, None, None)
    assert len(three.calls) == calls
    # The code that knows these steps can go on with it.
    assert engine.retry_failed("trip:1").state == SagaState.SUCCEEDED


def test_a_saga_that_this_code_does_not_know_waits_for_code_that_does(engine: SagaOrchestrator, three: World) -> None:
    started = engine.start("trip", "trip:1", {})
    with pytest.raises(SagaNotDefinedError):
        SagaOrchestrator().run_claimed(started.pk)
    assert SagaExecution.objects.get().lease_until is None
    run_due_sagas(engine)
    assert engine.get_status("trip:1").state == SagaState.SUCCEEDED
