"""Two drivers never run one saga, whatever clocks, pauses and hosts do."""

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction

from accounts.models import Organization
from core.clock import now
from core.ids import uuid7
from core.tenancy import activate_organization
from sagas import journal
from sagas.definition import SagaStep, StepCall
from sagas.errors import LeaseLostError, SagaInTransactionError, SagaNotFoundError
from sagas.journal import StepOutcome
from sagas.models import SagaExecution, SagaState, SagaStepRecord, StepKind, StepState
from sagas.orchestrator import SagaOrchestrator
from tests.faults.senders import until
from tests.sagas import outside
from tests.sagas.drivers import Drivers, is_frozen, lapse_leases
from tests.sagas.journeys import STEPS
from tests.support.sagas import World


def row_of(execution: SagaExecution) -> dict[str, Any]:
    return dict(SagaExecution.unscoped.filter(pk=execution.pk).values().get())


@pytest.fixture
def held(engine: SagaOrchestrator, three: World, in_acme: Organization) -> SagaExecution:
    """A saga in the hands of a driver."""
    started = engine.start("trip", "trip:1", {})
    claimed = journal.claim(in_acme.pk, started.pk, at=now(), lease_seconds=60)
    assert claimed is not None
    return claimed


@pytest.mark.django_db
def test_who_comes_second_gets_nothing_and_calls_nothing(
    engine: SagaOrchestrator, three: World, held: SagaExecution
) -> None:
    assert journal.claim(held.organization_id, held.pk, at=now(), lease_seconds=60) is None
    assert engine.execute("trip", "trip:1", {}).fence == held.fence
    engine.run_claimed(held.pk)
    assert three.calls == []


@pytest.mark.django_db
def test_each_driver_gets_a_later_fence(held: SagaExecution) -> None:
    lapse_leases()
    second = journal.claim(held.organization_id, held.pk, at=now(), lease_seconds=60)
    assert second is not None and second.fence == held.fence + 1
    assert second.is_doubtful and second.interruptions == 1


@pytest.mark.django_db
def test_a_driver_that_was_overtaken_writes_nothing(held: SagaExecution) -> None:
    lapse_leases()
    journal.claim(held.organization_id, held.pk, at=now(), lease_seconds=60)
    before = row_of(held)
    held.state, held.position = SagaState.COMPENSATING, 2
    with pytest.raises(LeaseLostError):
        journal.commit(held, lease_seconds=60)
    assert row_of(held) == before


@pytest.mark.django_db
def test_a_lapsed_lease_is_lost_even_if_nobody_has_taken_it(held: SagaExecution) -> None:
    lapse_leases()
    before = row_of(held)
    with pytest.raises(LeaseLostError):
        journal.commit(held, lease_seconds=60)
    assert row_of(held) == before


@pytest.mark.django_db
def test_no_commit_reaches_into_another_organization(held: SagaExecution, carla: Any) -> None:
    before = row_of(held)
    held.organization_id = carla.organization_id
    with pytest.raises(LeaseLostError):
        journal.commit(held, lease_seconds=60)
    held.refresh_from_db()
    assert row_of(held) == before
    assert journal.claim(carla.organization_id, held.pk, at=now(), lease_seconds=60) is None


@pytest.mark.django_db
@pytest.mark.parametrize("shift", [timedelta(days=3), -timedelta(days=3), timedelta(hours=1)], ids=str)
def test_a_wrong_clock_steals_no_lease(
    engine: SagaOrchestrator, three: World, held: SagaExecution, shift: timedelta
) -> None:
    with time_machine.travel(now() + shift):
        assert journal.claim(held.organization_id, held.pk, at=now(), lease_seconds=60) is None
        assert journal.commit(held, lease_seconds=60) is False
    assert three.calls == []


@pytest.mark.django_db
def test_a_clock_that_jumps_in_the_middle_changes_nothing_but_the_times(
    engine: SagaOrchestrator, world: World, in_acme: Organization
) -> None:
    with time_machine.travel(now()) as clock:
        jumps = iter([timedelta(days=3), timedelta(days=-6), timedelta(hours=1)])

        def act(call: StepCall) -> None:
            world.calls.append(call.step)
            clock.shift(next(jumps))

        engine.define_saga("trip", [SagaStep(name, act) for name in ("a", "b", "c")])
        assert engine.execute("trip", "trip:1", {}).state == SagaState.SUCCEEDED
    assert world.calls == ["a", "b", "c"]


@pytest.mark.django_db
def test_what_is_noted_as_done_stays_so(held: SagaExecution) -> None:
    def outcome(state: StepState, result: dict[str, Any]) -> StepOutcome:
        return StepOutcome(0, StepKind.DO, "flight", state, 1, result, "", None, now())

    journal.commit(held, outcome(StepState.RETRYING, {}), lease_seconds=60)
    journal.commit(held, outcome(StepState.DONE, {"id": 1}), lease_seconds=60)
    journal.commit(held, outcome(StepState.FAILED, {}), lease_seconds=60)
    record = SagaStepRecord.objects.get()
    assert (record.state, record.result) == (StepState.DONE, {"id": 1})


def lease_left() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXTRACT(epoch FROM lease_until - clock_timestamp()) FROM sagas_sagaexecution")
        return float(cursor.fetchone()[0])


@pytest.mark.django_db
@pytest.mark.parametrize("first", ["execute", "run_claimed"])
def test_the_lease_outlasts_each_attempt(engine: SagaOrchestrator, in_acme: Organization, first: str) -> None:
    spare: list[float] = []

    def look(call: StepCall) -> None:
        spare.append(lease_left() - call.seconds_left())

    engine.define_saga(
        "trip", [SagaStep(name, look, timeout=timeout) for name, timeout in (("a", 400), ("b", 900), ("c", 100))]
    )
    if first == "execute":
        engine.execute("trip", "trip:1", {})
    else:
        engine.run_claimed(engine.start("trip", "trip:1", {}).pk)
    assert len(spare) == 3 and min(spare) > 0


@pytest.mark.django_db
def test_the_lease_outlasts_a_pause_and_the_attempt_after_it(
    engine: SagaOrchestrator, world: World, in_acme: Organization, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.SAGA_FIRST_RETRY_SECONDS = 250.0
    spare: list[float] = []
    monkeypatch.setattr("sagas.driver.time.sleep", lambda seconds: spare.append(lease_left() - seconds - 30))
    engine.define_saga("trip", [world.step("a", timeout=30, retry_count=1)])
    world.fail("a", RuntimeError("busy"))
    assert engine.execute("trip", "trip:1", {}).state == SagaState.SUCCEEDED
    assert len(spare) == 1 and spare[0] > 0


@pytest.mark.django_db
def test_the_same_id_in_two_organizations_are_two_sagas(
    engine: SagaOrchestrator, three: World, acme: Organization, carla: Any
) -> None:
    for organization_id in (acme.pk, carla.organization_id):
        with activate_organization(organization_id):
            assert engine.execute("trip", "trip:1", {"org": str(organization_id)}).state == SagaState.SUCCEEDED
    assert len(three.calls) == 6
    with activate_organization(carla.organization_id):
        engine.execute("trip", "trip:2", {})
    with activate_organization(acme.pk), pytest.raises(SagaNotFoundError):
        engine.get_status("trip:2")
    assert {call.organization_id for call in three.seen[:3]} == {str(acme.pk)}


@pytest.mark.django_db(transaction=True)
def test_nothing_is_driven_inside_a_transaction(engine: SagaOrchestrator, three: World, acme: Organization) -> None:
    with activate_organization(acme.pk):
        drives: list[Callable[[], object]] = [
            lambda: engine.execute("trip", "trip:1", {}),
            lambda: engine.compensate("trip:1"),
        ]
        for drive in drives:
            with transaction.atomic(), pytest.raises(SagaInTransactionError):
                drive()
    assert not SagaExecution.unscoped.exists()


@pytest.mark.django_db(transaction=True)
def test_each_step_is_committed_before_the_next_begins(
    engine: SagaOrchestrator, acme: Organization, world: World
) -> None:
    seen: list[list[str]] = []

    def look(call: StepCall) -> dict[str, str]:
        # From outside of the driver's connection only what is committed can be seen.
        seen.append(committed())
        return {"n": call.step}

    def committed() -> list[str]:
        with connection.copy().cursor() as cursor:  # type: ignore[no-untyped-call]
            cursor.execute("SELECT name FROM sagas_sagasteprecord WHERE state = 'done' ORDER BY position")
            names = [row[0] for row in cursor.fetchall()]
            cursor.connection.close()
            return names

    engine.define_saga("trip", [SagaStep(name, look) for name in ("a", "b", "c")])
    with activate_organization(acme.pk):
        engine.execute("trip", "trip:1", {})
    assert seen == [[], ["a"], ["a", "b"]]


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("place", ["saga.acting", "saga.acted", "saga.committing"])
def test_a_frozen_driver_wakes_up_to_nothing(in_acme: Organization, drivers: Drivers, place: str) -> None:
    saga_id, options = f"trip:{uuid7()}", {"organization_id": str(in_acme.pk), "context": {}}
    frozen = drivers.start(saga_id=saga_id, freeze_at=place, **options)
    until(lambda: is_frozen(frozen), "the driver is frozen")
    lapse_leases()
    assert not drivers.run(saga_id=saga_id, **options)
    ended = SagaExecution.objects.get(saga_id=saga_id)
    before, records = row_of(ended), list(SagaStepRecord.objects.order_by("pk").values())
    assert ended.state == SagaState.SUCCEEDED
    os.kill(frozen, signal.SIGCONT)
    assert drivers.end(frozen) == 0
    assert (row_of(ended), list(SagaStepRecord.objects.order_by("pk").values())) == (before, records)
    assert outside.applied(saga_id, "do") == STEPS


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_a_driver_frozen_on_the_way_forward_cannot_bring_back_what_was_undone(
    in_acme: Organization, drivers: Drivers
) -> None:
    saga_id, options = f"trip:{uuid7()}", {"organization_id": str(in_acme.pk), "context": {}}
    frozen = drivers.start(saga_id=saga_id, freeze_at="saga.acted", **options)
    until(lambda: is_frozen(frozen), "the driver is frozen")
    lapse_leases()
    assert not drivers.run(saga_id=saga_id, undo=True, **options)
    os.kill(frozen, signal.SIGCONT)
    assert drivers.end(frozen) == 0
    assert SagaExecution.objects.get(saga_id=saga_id).state == SagaState.FAILED
    assert (outside.applied(saga_id, "do"), outside.applied(saga_id, "undo")) == (["flight"], ["flight"])


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_eight_drivers_at_once_are_one(in_acme: Organization, drivers: Drivers) -> None:
    context = {"fails": {"flight": "slow", "hotel": "slow", "car": "slow"}}
    for _ in range(3):
        saga_id = f"trip:{uuid7()}"
        options = {"organization_id": str(in_acme.pk), "context": context, "saga_id": saga_id}
        crowd = [drivers.start(**options) for _ in range(8)]
        assert [drivers.end(pid) for pid in crowd] == [0] * 8
        assert [line.step for line in outside.history(saga_id)] == STEPS
        assert SagaExecution.objects.get(saga_id=saga_id).state == SagaState.SUCCEEDED
