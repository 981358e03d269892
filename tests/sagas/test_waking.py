"""Sagas that wait for something to happen outside, and are told when it has."""

from datetime import timedelta

import pytest

from accounts.models import Organization
from core.clock import now
from sagas import orchestrator as module
from sagas.errors import PermanentStepError, SagaNotFoundError, WaitUntil
from sagas.models import SagaExecution, SagaState
from sagas.orchestrator import SagaOrchestrator
from tests.support.jobs import drain
from tests.support.sagas import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(
    engine: SagaOrchestrator, three: World, in_acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> SagaExecution:
    monkeypatch.setattr(module, "orchestrator", engine)
    three.fail("hotel", WaitUntil(3600, "nobody has paid yet"))
    return engine.execute("trip", "trip:1", {})


def test_what_it_waited_for_ends_the_wait(engine: SagaOrchestrator, three: World, waiting: SagaExecution) -> None:
    drain()
    assert engine.get_status("trip:1").wait_reason == "nobody has paid yet"
    assert engine.wake("trip:1")
    drain()
    assert engine.get_status("trip:1").state == SagaState.SUCCEEDED
    assert three.calls == ["flight", "hotel", "hotel", "car"]


def test_what_ended_is_not_woken(engine: SagaOrchestrator, three: World, waiting: SagaExecution) -> None:
    for _time in range(2):
        assert engine.wake("trip:1")
        drain()
    assert three.calls.count("car") == 1


def test_while_somebody_drives_it_the_caller_has_to_ask_again(engine: SagaOrchestrator, waiting: SagaExecution) -> None:
    SagaExecution.objects.update(lease_until=now() + timedelta(minutes=1))
    assert not engine.wake("trip:1")
    # A driver that died holds nobody up.
    SagaExecution.objects.update(lease_until=now() - timedelta(minutes=1))
    assert engine.wake("trip:1")


def test_what_never_was_cannot_be_woken(engine: SagaOrchestrator, in_acme: Organization) -> None:
    with pytest.raises(SagaNotFoundError):
        engine.wake("trip:1")


# ---- Waiting for what was set going


def test_what_was_set_going_is_undone_when_the_saga_turns_back(
    engine: SagaOrchestrator, three: World, in_acme: Organization
) -> None:
    three.fail("hotel", WaitUntil(3600, "being booked", begun=True))
    engine.execute("trip", "trip:1", {})
    assert engine.compensate("trip:1").state == SagaState.FAILED
    assert three.calls == ["flight", "hotel", "hotel:undo", "flight:undo"]


def test_a_wait_before_anything_was_done_leaves_nothing_to_undo(
    engine: SagaOrchestrator, three: World, in_acme: Organization
) -> None:
    three.fail("hotel", WaitUntil(3600, "too early"))
    engine.execute("trip", "trip:1", {})
    engine.compensate("trip:1")
    assert three.calls == ["flight", "hotel", "flight:undo"]


def test_a_refusal_after_a_wait_is_undone_unless_the_step_knows_better(
    engine: SagaOrchestrator, three: World, in_acme: Organization
) -> None:
    for number, refusal in enumerate((PermanentStepError("no"), PermanentStepError("no", nothing_stands=True))):
        three.fail("hotel", WaitUntil(3600, "being booked", begun=True), refusal)
        engine.execute("trip", f"trip:{number}", {})
        SagaExecution.objects.exclude(wake_at=None).update(wake_at=now())
        engine.execute("trip", f"trip:{number}", {})
    assert three.calls == [
        "flight", "hotel", "hotel", "hotel:undo", "flight:undo", "flight", "hotel", "hotel", "flight:undo",
    ]  # fmt: skip
