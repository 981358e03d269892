"""What happens when a step does not come through."""

import pytest

from core.http import OutgoingError
from sagas.definition import SagaStep, StepCall
from sagas.errors import PermanentStepError, StepUnknown
from sagas.models import SagaExecution, SagaState, SagaStepRecord, StepKind, StepState
from sagas.orchestrator import SagaOrchestrator
from tests.support.sagas import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]
NAMES = ["flight", "hotel", "car"]


def undone(world: World) -> list[str]:
    return [name.removesuffix(":undo") for name in world.calls if name.endswith(":undo")]


@pytest.mark.parametrize("place", range(3))
def test_a_refusal_at_any_place_undoes_exactly_what_was_done(
    engine: SagaOrchestrator, three: World, place: int
) -> None:
    three.fail(NAMES[place], PermanentStepError("no"))
    failed = engine.execute("trip", "trip:1", {})
    assert failed.state == SagaState.FAILED
    assert failed.failed_step == NAMES[place]
    assert undone(three) == NAMES[:place][::-1]
    assert failed.compensation_performed is (place > 0)


@pytest.mark.parametrize("error", [StepUnknown("lost"), RuntimeError("lost"), TimeoutError()])
def test_a_step_that_may_have_happened_is_undone_too(engine: SagaOrchestrator, three: World, error: Exception) -> None:
    three.fail("hotel", error, error)
    failed = engine.execute("trip", "trip:1", {})
    assert undone(three) == ["hotel", "flight"]
    assert failed.steps_completed == ["flight"]
    record = SagaStepRecord.objects.get(name="hotel", kind=StepKind.DO)
    assert (record.state, record.attempts) == (StepState.UNKNOWN, 2)


def test_a_request_that_never_left_needs_no_undoing(engine: SagaOrchestrator, three: World) -> None:
    refused = OutgoingError("refused", kind="refused", nothing_left=True)
    three.fail("hotel", refused, refused)
    engine.execute("trip", "trip:1", {})
    assert undone(three) == ["flight"]


def test_one_doubtful_attempt_before_a_refusal_is_remembered(engine: SagaOrchestrator, three: World) -> None:
    three.fail("hotel", StepUnknown("no answer"), PermanentStepError("already there"))
    engine.execute("trip", "trip:1", {})
    assert undone(three) == ["hotel", "flight"]


def test_the_undo_of_an_unknown_step_gets_an_empty_result(engine: SagaOrchestrator, three: World) -> None:
    three.fail("hotel", StepUnknown("?"), StepUnknown("?"))
    engine.execute("trip", "trip:1", {})
    results = {call.step: call.result for call in three.seen if call.idempotency_key.endswith(":undo")}
    assert results == {"hotel": {}, "flight": {"id": "flight-1"}}


def test_a_step_without_compensation_is_passed_over(engine: SagaOrchestrator, world: World) -> None:
    engine.define_saga("trip", [world.step("pay"), world.step("notify", undoes=False), world.step("ship")])
    world.fail("ship", PermanentStepError("no"))
    failed = engine.execute("trip", "trip:1", {})
    assert undone(world) == ["pay"]
    assert failed.state == SagaState.FAILED
    assert SagaStepRecord.objects.get(name="notify", kind=StepKind.UNDO).state == StepState.SKIPPED


def test_nothing_to_undo_is_not_called_undone(engine: SagaOrchestrator, world: World) -> None:
    engine.define_saga("trip", [world.step("notify", undoes=False), world.step("ship")])
    world.fail("ship", PermanentStepError("no"))
    assert engine.execute("trip", "trip:1", {}).compensation_performed is False


def test_a_compensation_is_retried_with_its_own_key(engine: SagaOrchestrator, three: World) -> None:
    three.fail("car", PermanentStepError("no"))
    three.fail("hotel:undo", RuntimeError("busy"))
    failed = engine.execute("trip", "trip:1", {})
    assert undone(three) == ["hotel", "hotel", "flight"]
    assert failed.state == SagaState.FAILED
    keys = [(call.idempotency_key, call.attempt) for call in three.seen[3:]]
    assert keys == [("trip:1:hotel:undo", 1), ("trip:1:hotel:undo", 2), ("trip:1:flight:undo", 1)]


def test_a_compensation_that_keeps_failing_is_seen_and_the_others_still_happen(
    engine: SagaOrchestrator, three: World
) -> None:
    three.fail("car", PermanentStepError("no"))
    three.fail("hotel:undo", *[RuntimeError("down")] * 2)
    stuck = engine.execute("trip", "trip:1", {})
    assert undone(three) == ["hotel", "hotel", "flight"]
    assert (stuck.state, stuck.needs_attention, stuck.completed_at) == (SagaState.COMPENSATING, True, None)
    assert stuck.stuck_at is not None and not stuck.compensation_performed
    assert list(SagaExecution.objects.filter(needs_attention=True)) == [stuck]


def test_a_refused_compensation_is_not_tried_again(engine: SagaOrchestrator, three: World) -> None:
    three.fail("car", PermanentStepError("no"))
    three.fail("hotel:undo", PermanentStepError("too late to cancel"))
    stuck = engine.execute("trip", "trip:1", {})
    assert undone(three) == ["hotel", "flight"]
    record = SagaStepRecord.objects.get(name="hotel", kind=StepKind.UNDO)
    assert (record.state, record.error, stuck.needs_attention) == (StepState.STUCK, "too late to cancel", True)


def test_a_stuck_saga_is_left_alone_until_a_person_tries_again(engine: SagaOrchestrator, three: World) -> None:
    three.fail("car", PermanentStepError("no"))
    three.fail("hotel:undo", *[RuntimeError("down")] * 2)
    engine.execute("trip", "trip:1", {})
    three.calls.clear()
    assert engine.execute("trip", "trip:1", {}).needs_attention
    assert three.calls == []


@pytest.mark.parametrize("answer", [["list"], {"token": "abc"}, {"at": object()}])
def test_a_result_that_cannot_be_kept_undoes_the_step(engine: SagaOrchestrator, world: World, answer: object) -> None:
    def leak(call: StepCall) -> dict[str, object]:
        return answer  # type: ignore[return-value]

    engine.define_saga("trip", [world.step("pay"), SagaStep("leak", leak, world.compensation("leak"))])
    failed = engine.execute("trip", "trip:1", {})
    assert undone(world) == ["leak", "pay"]
    assert failed.failed_step == "leak" and "abc" not in failed.error


def test_a_secret_in_the_context_starts_nothing(engine: SagaOrchestrator, three: World) -> None:
    for begin in (engine.execute, engine.start):
        with pytest.raises(ValueError, match="secret"):
            begin("trip", "trip:1", {"api_key": "abc"})
    assert not SagaExecution.objects.exists()
    assert three.calls == []


def test_a_step_cannot_change_what_the_next_one_sees(engine: SagaOrchestrator, world: World) -> None:
    def spoil(call: StepCall) -> None:
        call.context["list"].append(1)

    engine.define_saga("trip", [SagaStep("spoil", spoil), world.step("look")])
    engine.execute("trip", "trip:1", {"list": []})
    assert world.seen[0].context == {"list": []}
