"""Two hundred sagas of three organizations at once, on real workers, one of which is killed."""

import random
from collections.abc import Callable
from uuid import uuid4

import pytest

from accounts.models import Organization
from core.tenancy import activate_organization
from sagas.models import SagaExecution, SagaState
from sagas.orchestrator import orchestrator
from sagas.sweep import sweep_sagas
from tests.sagas import outside
from tests.sagas.drivers import Drivers, lapse_leases
from tests.sagas.journeys import STEPS, UNDOABLE
from tests.sagas.test_workers import forget_redis

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

SAGAS, WORKERS = 200, 4


def test_two_hundred_at_once(make_organization: Callable[..., Organization], drivers: Drivers) -> None:
    dice, run = random.Random(7), uuid4().hex[:8]
    owners: dict[str, str] = {}
    organizations = [make_organization(name) for name in ("Um", "Dois", "Três")]
    for number in range(SAGAS):
        way = dice.choice(["", "", "", "refused", "lost", "flaky"])
        organization = organizations[number % 3]
        saga_id = f"many:{run}:{number}"
        owners[saga_id] = str(organization.pk)
        with activate_organization(organization.pk):
            orchestrator.start("journey", saga_id, {"fails": {dice.choice(STEPS): way}})
    forget_redis()  # the bells are lost, the rows are not
    rounds = 0
    while SagaExecution.unscoped.exclude(wake_at=None).exists():
        rounds += 1
        assert rounds < 20, "some never end"
        sweep_sagas()
        crash = {"crash_at": "saga.acted:15"} if rounds == 1 else {}
        workers = [drivers.start(work=True, **(crash if not n else {})) for n in range(WORKERS)]
        statuses = [drivers.end(pid) for pid in workers]
        assert (statuses[0] == -9) is bool(crash) and set(statuses[1:]) == {0}
        lapse_leases()
    check(owners)


def check(owners: dict[str, str]) -> None:
    ended = list(SagaExecution.unscoped.all())
    assert len(ended) == SAGAS
    wrong = [one for row in ended for one in outside.violations(row.saga_id, row.state, STEPS, UNDOABLE)]
    assert wrong == []
    for row in ended:
        assert {line.organization_id for line in outside.history(row.saga_id)} == {owners[row.saga_id]}
    states = [row.state for row in ended]
    assert states.count(SagaState.SUCCEEDED) > 60 and states.count(SagaState.FAILED) > 30
