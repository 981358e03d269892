"""How often and when a step is tried again."""

from datetime import timedelta

import pytest
import time_machine

from core.breaker import CircuitOpenError
from core.clock import now
from sagas import retries
from sagas.errors import StepPostponed, StepUnknown, WaitUntil
from sagas.models import SagaState, SagaStepRecord
from sagas.orchestrator import SagaOrchestrator
from tests.support.sagas import World, run_due_sagas

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]


@pytest.fixture
def one(engine: SagaOrchestrator, world: World) -> World:
    engine.define_saga("order", [world.step("pay", retry_count=3), world.step("ship")])
    return world


@pytest.mark.parametrize("failures", range(4))
def test_a_step_may_fail_as_often_as_it_has_retries(engine: SagaOrchestrator, one: World, failures: int) -> None:
    one.fail("pay", *[RuntimeError("busy")] * failures)
    assert engine.execute("order", "o:1", {}).state == SagaState.SUCCEEDED
    assert one.calls == ["pay"] * (failures + 1) + ["ship"]
    assert SagaStepRecord.objects.get(name="pay").attempts == failures + 1


def test_after_its_retries_a_step_has_failed(engine: SagaOrchestrator, one: World) -> None:
    one.fail("pay", *[RuntimeError("busy")] * 9)
    failed = engine.execute("order", "o:1", {})
    assert one.calls == ["pay"] * 4 + ["pay:undo"]
    assert (failed.state, failed.error) == (SagaState.FAILED, "RuntimeError: busy")


def test_every_attempt_has_the_same_key_and_its_number(engine: SagaOrchestrator, one: World) -> None:
    one.fail("pay", StepUnknown("?"), RuntimeError("?"))
    engine.execute("order", "o:1", {})
    assert [(c.idempotency_key, c.attempt) for c in one.seen[:3]] == [("o:1:pay", n) for n in (1, 2, 3)]


def test_each_step_has_retries_of_its_own(engine: SagaOrchestrator, world: World) -> None:
    engine.define_saga("order", [world.step("pay", retry_count=1), world.step("ship", retry_count=1)])
    world.fail("pay", RuntimeError("busy"))
    world.fail("ship", RuntimeError("busy"))
    assert engine.execute("order", "o:1", {}).state == SagaState.SUCCEEDED


def test_pauses_double_and_scatter_up_to_a_bound(settings: object) -> None:
    settings.SAGA_FIRST_RETRY_SECONDS = 1.0  # type: ignore[attr-defined]
    for attempt, whole in ((1, 1), (2, 2), (3, 4), (5, 16), (20, retries.LONGEST_SECONDS), (10_000, 300)):
        pauses = [retries.delay_after(attempt) for _ in range(50)]
        assert min(pauses) >= whole / 2 and max(pauses) <= whole
        assert len(set(pauses)) > 1


def test_workers_do_not_sleep_through_a_pause(engine: SagaOrchestrator, one: World, settings: object) -> None:
    settings.SAGA_FIRST_RETRY_SECONDS = 3600.0  # type: ignore[attr-defined]
    one.fail("pay", RuntimeError("busy"))
    started = engine.start("order", "o:1", {})
    engine.run_claimed(started.pk)
    waiting = engine.get_status("o:1")
    assert one.calls == ["pay"]
    assert waiting.lease_until is None and waiting.wake_at > now() + timedelta(minutes=2)
    engine.run_claimed(started.pk)
    assert one.calls == ["pay"], "it is not due yet"
    with time_machine.travel(now() + timedelta(hours=2)):
        engine.run_claimed(started.pk)
    assert engine.get_status("o:1").state == SagaState.SUCCEEDED


def test_a_postponed_step_uses_up_no_retry(engine: SagaOrchestrator, world: World) -> None:
    engine.define_saga("order", [world.step("pay", retry_count=0)])
    world.fail("pay", *[StepPostponed(0, "busy line")] * 4)
    started = engine.start("order", "o:1", {})
    engine.run_claimed(started.pk)
    waiting = engine.get_status("o:1")
    assert (waiting.attempt, waiting.wait_reason) == (0, "busy line")
    run_due_sagas(engine)
    assert engine.get_status("o:1").state == SagaState.SUCCEEDED
    assert world.calls == ["pay"] * 5
    assert {call.attempt for call in world.seen} == {1}


def test_an_open_circuit_postpones_until_it_may_be_tried(engine: SagaOrchestrator, one: World) -> None:
    one.fail("pay", CircuitOpenError(20))
    waiting = engine.execute("order", "o:1", {})
    assert waiting.state == SagaState.IN_PROGRESS
    assert timedelta(seconds=15) < waiting.wake_at - now() <= timedelta(seconds=20)
    assert waiting.attempt == 0 and waiting.wait_reason


def test_an_open_circuit_postpones_an_undo_and_keeps_the_order(engine: SagaOrchestrator, three: World) -> None:
    three.fail("car", *[RuntimeError("no")] * 2)
    three.fail("hotel:undo", CircuitOpenError(1))
    waiting = engine.execute("trip", "trip:1", {})
    assert waiting.state == SagaState.COMPENSATING and not waiting.needs_attention
    with time_machine.travel(now() + timedelta(minutes=1)):
        assert engine.execute("trip", "trip:1", {}).state == SagaState.FAILED
    assert [c for c in three.calls if c.endswith("undo")] == ["car:undo", "hotel:undo", "hotel:undo", "flight:undo"]


def test_a_step_may_wait_for_its_moment(engine: SagaOrchestrator, world: World) -> None:
    moment = now() + timedelta(days=1)
    engine.define_saga("reminder", [world.step("remind", retry_count=0)])
    world.fail("remind", WaitUntil(moment, "tomorrow"))
    waiting = engine.execute("reminder", "r:1", {})
    assert (waiting.wake_at, waiting.lease_until, waiting.wait_reason) == (moment, None, "tomorrow")
    engine.execute("reminder", "r:1", {})
    assert world.calls == ["remind"]
    with time_machine.travel(moment):
        assert engine.execute("reminder", "r:1", {}).state == SagaState.SUCCEEDED
    assert world.calls == ["remind"] * 2
