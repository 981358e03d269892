"""Sagas that are started in a transaction and run by workers."""

import pytest
from django.db import transaction

from accounts.models import Organization
from core.jobs import queue
from core.tenancy import activate_organization
from sagas import orchestrator as module
from sagas.models import SagaExecution, SagaState
from sagas.orchestrator import SagaOrchestrator, drive_saga
from sagas.sweep import sweep_sagas
from tests.sagas.drivers import lapse_leases
from tests.support.jobs import drain
from tests.support.redis import forget_redis
from tests.support.sagas import World


@pytest.fixture(autouse=True)
def _engine(monkeypatch: pytest.MonkeyPatch, engine: SagaOrchestrator) -> None:
    monkeypatch.setattr(module, "orchestrator", engine)


@pytest.mark.django_db
def test_workers_run_what_was_started(engine: SagaOrchestrator, three: World, in_acme: Organization) -> None:
    started = engine.start("trip", "trip:1", {"seats": 2})
    assert (started.state, three.calls) == (SagaState.PENDING, [])
    drain()
    assert engine.get_status("trip:1").state == SagaState.SUCCEEDED
    assert {call.organization_id for call in three.seen} == {str(in_acme.pk)}


@pytest.mark.django_db
def test_starting_twice_starts_once(engine: SagaOrchestrator, three: World, in_acme: Organization) -> None:
    assert engine.start("trip", "trip:1", {}) == engine.start("trip", "trip:1", {})
    drain()
    assert three.calls == ["flight", "hotel", "car"]


@pytest.mark.django_db(transaction=True)
def test_a_saga_of_a_transaction_that_fails_never_was(
    engine: SagaOrchestrator, three: World, acme: Organization
) -> None:
    with activate_organization(acme.pk), pytest.raises(ZeroDivisionError), transaction.atomic():
        engine.start("trip", "trip:1", {})
        1 // 0  # noqa: B018
    drain()
    assert three.calls == [] and not SagaExecution.unscoped.exists()


@pytest.mark.django_db(transaction=True)
def test_a_lost_bell_is_rung_again(engine: SagaOrchestrator, three: World, acme: Organization) -> None:
    with activate_organization(acme.pk):
        engine.start("trip", "trip:1", {})
    forget_redis()
    drain()
    assert three.calls == []
    sweep_sagas()
    drain()
    assert three.calls == ["flight", "hotel", "car"]


@pytest.mark.django_db(transaction=True)
def test_the_sweep_rings_for_the_dead_and_not_for_the_living(
    engine: SagaOrchestrator, three: World, acme: Organization
) -> None:
    with activate_organization(acme.pk):
        for number in range(3):
            engine.start("trip", f"trip:{number}", {})
        engine.execute("trip", "trip:2", {})
    forget_redis()
    SagaExecution.unscoped.filter(saga_id="trip:0").update(fence=1, lease_until="2099-01-01T00:00:00Z")
    sweep_sagas()
    assert len(queue("default").get_jobs()) == 1
    forget_redis()
    lapse_leases()
    sweep_sagas()
    assert len(queue("default").get_jobs()) == 2
    drain()
    assert not SagaExecution.unscoped.exclude(state=SagaState.SUCCEEDED).exists()


@pytest.mark.django_db(transaction=True)
def test_the_sweep_takes_organizations_in_turn(
    engine: SagaOrchestrator, three: World, acme: Organization, carla: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with activate_organization(acme.pk):
        for number in range(9):
            engine.start("trip", f"trip:{number}", {})
    with activate_organization(carla.organization_id):  # type: ignore[attr-defined]
        last = engine.start("trip", "trip:late", {})
    forget_redis()
    monkeypatch.setattr("sagas.sweep.SWEEP_LIMIT", 2)
    sweep_sagas()
    rung = {job.kwargs["kwargs"]["execution_id"] for job in queue("default").get_jobs()}
    assert len(rung) == 2 and str(last.pk) in rung


@pytest.mark.django_db
def test_a_long_saga_is_handed_on_between_two_steps(
    engine: SagaOrchestrator, three: World, in_acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "JOB_BUDGET_SECONDS", -1.0)
    started = engine.start("trip", "trip:1", {})
    drain()
    assert three.calls == [] and SagaExecution.objects.get().lease_until is None
    monkeypatch.setattr(module, "JOB_BUDGET_SECONDS", 60.0)
    drive_saga(organization_id=str(in_acme.pk), execution_id=str(started.pk))
    assert engine.get_status("trip:1").state == SagaState.SUCCEEDED


@pytest.mark.django_db
def test_a_bell_for_another_organizations_saga_rings_for_nothing(
    engine: SagaOrchestrator, three: World, acme: Organization, carla: object
) -> None:
    with activate_organization(acme.pk):
        started = engine.start("trip", "trip:1", {})
    foreign = str(carla.organization_id)  # type: ignore[attr-defined]
    drive_saga(organization_id=foreign, execution_id=str(started.pk))
    assert three.calls == []
