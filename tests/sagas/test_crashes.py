"""Drivers killed with SIGKILL before and after every commit: what is outside tells whether the promises hold."""

import re
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import Organization
from core.ids import uuid7
from core.tenancy import activate_organization
from sagas import driver
from sagas.models import SagaExecution, SagaStepRecord
from sagas.orchestrator import orchestrator
from tests.sagas import outside
from tests.sagas.drivers import Drivers, lapse_leases
from tests.sagas.journeys import STEPS, UNDOABLE

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

POINTS = [
    "saga.created", "saga.claimed", "saga.acting", "saga.acted", "saga.undoing", "saga.undone", "saga.ending",
    "saga.committing", "saga.committed", "saga.ended",
]  # fmt: skip
# Of each step that fails, one way to fail; of each way, at least one step.
SCENARIOS: list[dict[str, str]] = [
    {},
    {"flight": "flaky", "card": "flaky"},
    {"flight": "refused"},
    {"hotel": "lost"},
    {"notice": "down"},
    {"car": "refused", "hotel:undo": "flaky"},
    {"card": "lost", "flight:undo": "flaky"},
]


def test_every_crash_point_of_the_source_is_tried() -> None:
    folder = Path(driver.__file__).parent
    found = {name for path in folder.glob("*.py") for name in re.findall(r'crashpoint\("([^"]+)"\)', path.read_text())}
    assert found == set(POINTS)


def settle(saga_id: str, options: dict[str, Any]) -> SagaExecution:
    """Let one death's time pass and drive the saga to its end."""
    lapse_leases()
    return orchestrator.execute("journey", saga_id, options["context"])


def complaint(execution: SagaExecution) -> str:
    wrong = outside.violations(execution.saga_id, execution.state, STEPS, UNDOABLE)
    # The journal and the world tell the same story.
    told = [name for name in execution.steps_completed if name in UNDOABLE]
    if execution.state == "failed" and not set(told) <= set(outside.applied(execution.saga_id, "do")):
        wrong.append(f"the journal claims {told}")
    return f"{execution.context}: {wrong}: {outside.as_json(execution.saga_id)}" if wrong else ""


@pytest.mark.parametrize("fails", SCENARIOS, ids=str)
def test_a_death_at_every_point(in_acme: Organization, drivers: Drivers, fails: dict[str, str]) -> None:
    options, deaths, complaints = {"organization_id": str(in_acme.pk), "context": {"fails": fails}}, 0, []
    for point in POINTS:
        for visit in count(1):
            saga_id = f"trip:{uuid7()}"
            if not drivers.run(saga_id=saga_id, crash_at=f"{point}:{visit}", **options):
                break
            deaths += 1
            complaints.append(complaint(settle(saga_id, options)))
    assert [one for one in complaints if one] == []
    # Created, and before and after each commit; a saga that ends at its first step has few.
    assert deaths >= 7
    print(f"{deaths} deaths")


def test_a_death_while_a_person_has_it_undone(in_acme: Organization, drivers: Drivers) -> None:
    options = {"organization_id": str(in_acme.pk), "context": {}}
    complaints, deaths = [], 0
    for point in ("saga.claimed", "saga.undoing", "saga.undone", "saga.committing", "saga.committed", "saga.ending"):
        for visit in count(1):
            saga_id = f"trip:{uuid7()}"
            assert not drivers.run(saga_id=saga_id, **options)
            if not drivers.run(saga_id=saga_id, undo=True, crash_at=f"{point}:{visit}", **options):
                break
            deaths += 1
            ended = settle(saga_id, options)
            complaints.append(complaint(ended) or ("" if ended.state == "failed" else f"{point}: {ended.state}"))
    assert [one for one in complaints if one] == []
    assert deaths >= 15


ways = st.sampled_from(["", "", "refused", "down", "lost", "flaky"])
schedules = st.lists(st.tuples(st.sampled_from(POINTS), st.integers(1, 6)), max_size=5)


@given(fails=st.fixed_dictionaries({}, optional=dict.fromkeys(STEPS, ways)), deaths=schedules)
@hypothesis_settings(
    max_examples=40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_deaths_at_random(acme: Organization, drivers: Drivers, fails: dict[str, str], deaths: list[Any]) -> None:
    saga_id, options = f"trip:{uuid7()}", {"organization_id": str(acme.pk), "context": {"fails": fails}}
    with activate_organization(acme.pk):
        for point, visit in deaths:
            drivers.run(saga_id=saga_id, crash_at=f"{point}:{visit}", **options)
            lapse_leases()
        ended = settle(saga_id, options)
        assert complaint(ended) == ""
        # A step is asked for once per attempt and once more per death, never without bound.
        for key in {line.key for line in outside.history(saga_id)}:
            assert sum(line.key == key for line in outside.history(saga_id)) <= 2 + len(deaths)


def test_a_step_that_kills_its_process_is_given_up(in_acme: Organization, drivers: Drivers) -> None:
    saga_id, options = f"trip:{uuid7()}", {"organization_id": str(in_acme.pk), "context": {}}
    for _ in range(driver.MAX_INTERRUPTIONS + 1):
        assert drivers.run(saga_id=saga_id, crash_at="saga.acted", **options)
        lapse_leases()
    ended = settle(saga_id, options)
    assert (ended.state, ended.error, ended.failed_step) == ("failed", "interrupted too often", "flight")
    assert outside.applied(saga_id, "undo") == ["flight"]


def test_an_undo_that_kills_its_process_is_left_to_people(in_acme: Organization, drivers: Drivers) -> None:
    saga_id = f"trip:{uuid7()}"
    options = {"organization_id": str(in_acme.pk), "context": {"fails": {"car": "refused"}}}
    for _ in range(driver.MAX_INTERRUPTIONS + 1):
        assert drivers.run(saga_id=saga_id, crash_at="saga.undone", **options)
        lapse_leases()
    stuck = settle(saga_id, options)
    assert (stuck.state, stuck.needs_attention, stuck.wake_at) == ("compensating", True, None)
    records = SagaStepRecord.objects.filter(execution=stuck, kind="undo").order_by("-position")
    told = [(one.name, one.state, one.error) for one in records]
    assert told == [("notice", "skipped", ""), ("hotel", "stuck", "interrupted too often"), ("flight", "done", "")]
