"""What a saga says while it runs: log lines, events, signals to open pages."""

import logging
from dataclasses import asdict
from typing import Any

import pytest

from accounts.models import Organization
from core.clock import now
from core.live import stream_key
from core.redis import redis_client
from sagas import driver, journal, outbox
from sagas.errors import LeaseLostError, PermanentStepError, WaitUntil
from sagas.events import Event, SagaFailed, SagaStuck, SagaSucceeded
from sagas.models import SagaExecution, SagaState
from sagas.orchestrator import SagaOrchestrator
from tests.support.jobs import drain
from tests.support.sagas import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]

heard: list[Event] = []


@pytest.fixture(autouse=True)
def _listening() -> object:
    heard.clear()

    def hear(event: Event) -> None:
        heard.append(event)

    for kind in (SagaSucceeded, SagaFailed, SagaStuck):
        outbox.subscriber(kind)(hear)
    yield
    for kind in (SagaSucceeded, SagaFailed, SagaStuck):
        outbox._subscribers[kind.name].pop()


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, int]]:
    return [
        (record.message, record.step, record.attempt)  # type: ignore[attr-defined]
        for record in caplog.records
        if record.name == "saga" and record.message != "saga attempt failed"
    ]


def test_every_transition_is_a_line(engine: SagaOrchestrator, three: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "saga")
    three.fail("hotel", RuntimeError("busy"))
    three.fail("car", PermanentStepError("sold out"))
    three.fail("flight:undo", RuntimeError("busy"), RuntimeError("busy"))
    engine.execute("trip", "trip:1", {})
    assert lines(caplog) == [
        ("saga in_progress", "flight", 0),
        ("step done", "flight", 1),
        ("step retrying", "hotel", 1),
        ("step done", "hotel", 2),
        ("step failed", "car", 1),
        ("undo done", "hotel", 1),
        ("undo retrying", "flight", 1),
        ("undo stuck", "flight", 2),
    ]
    assert {record.saga_id for record in caplog.records if record.name == "saga"} == {"trip:1"}  # type: ignore[attr-defined]


def test_what_needs_people_is_a_warning(
    engine: SagaOrchestrator, three: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "saga")
    three.fail("car", PermanentStepError("sold out"))
    three.fail("hotel:undo", PermanentStepError("too late"))
    engine.execute("trip", "trip:1", {})
    loud = [one.message for one in caplog.records if one.name == "saga" and one.levelno >= logging.WARNING]
    assert loud == ["undo stuck", "undo done"]


def test_a_line_holds_no_payload(engine: SagaOrchestrator, three: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "saga")
    engine.execute("trip", "trip:1", {"guest": "Ana Souza"})
    assert all("Ana Souza" not in str(record.__dict__) for record in caplog.records if record.name == "saga")


def test_a_wait_and_an_end_are_lines_too(
    engine: SagaOrchestrator, three: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "saga")
    three.fail("flight", WaitUntil(now(), "tomorrow"))
    engine.execute("trip", "trip:1", {})
    engine.execute("trip", "trip:1", {})
    messages = [message for message, _step, _attempt in lines(caplog)]
    assert messages == ["saga in_progress", "saga waits", "step done", "step done", "saga succeeded"]


@pytest.mark.parametrize("ends", ["succeeded", "failed", "stuck"])
def test_each_end_is_told_once(engine: SagaOrchestrator, three: World, in_acme: Organization, ends: str) -> None:
    if ends != "succeeded":
        three.fail("car", PermanentStepError("no"))
    if ends == "stuck":
        three.fail("flight:undo", PermanentStepError("no"))
    engine.execute("trip", "trip:1", {})
    engine.execute("trip", "trip:1", {})
    drain()
    kind = {"succeeded": SagaSucceeded, "failed": SagaFailed, "stuck": SagaStuck}[ends]
    assert [type(event) for event in heard] == [kind]
    assert asdict(heard[0]) == {"organization_id": str(in_acme.pk), "saga_id": "trip:1", "definition": "trip"}


def test_an_end_that_nobody_could_be_told_of_has_not_happened(
    engine: SagaOrchestrator, three: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(event: Event) -> None:
        raise RuntimeError("no room for events")

    monkeypatch.setattr(driver, "publish", fail)
    with pytest.raises(RuntimeError, match="no room"):
        engine.execute("trip", "trip:1", {})
    row = engine.get_status("trip:1")
    assert (row.state, row.steps_completed, row.position) == (SagaState.IN_PROGRESS, ["flight", "hotel"], 2)


def test_nobody_is_told_of_an_end_that_was_not_committed(
    engine: SagaOrchestrator, three: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = journal.commit

    def overtaken(execution: SagaExecution, *args: Any, **kwargs: Any) -> bool:
        if execution.is_finished:
            raise LeaseLostError(execution.saga_id)
        return commit(execution, *args, **kwargs)

    monkeypatch.setattr(journal, "commit", overtaken)
    assert engine.execute("trip", "trip:1", {}).state == SagaState.IN_PROGRESS
    drain()
    assert heard == []


def test_open_pages_are_told(engine: SagaOrchestrator, three: World, in_acme: Organization) -> None:
    execution = engine.execute("trip", "trip:1", {})
    drain()
    topics = [fields[b"topic"].decode() for _id, fields in redis_client().xrange(stream_key(in_acme.pk))]
    assert {"sagas", f"saga:{execution.pk}"} <= set(topics)
