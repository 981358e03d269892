"""Two hundred charges of three businesses at once, on real workers, one of which is killed, while Redis forgets everything."""

import json
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from accounts.models import Organization
from billing.charges.closing import cancel_charge
from billing.charges.confirming import confirm_by_hand
from billing.jobs import expire_charges
from billing.models import Charge, ChargeState, FiscalInvoice
from bookings.charges.models import PaymentReceipt
from bookings.charges.process import process_id
from bookings.charges.services import Occasion, ask_payment
from core.clock import now
from core.tenancy import activate_organization
from sagas.models import SagaExecution, SagaState
from sagas.outbox import deliver_events
from sagas.sweep import sweep_sagas
from tests.billing.charging import again, connect_focus, connect_pix, draft
from tests.bookings.charges.collecting import process, time_passes
from tests.sagas.drivers import Drivers, driver_host, lapse_leases
from tests.sagas.test_workers import forget_redis
from tests.support.fake_focus import FakeFocus
from tests.support.jobs import drain, forget_jobs

CHARGES, WORKERS = 200, 4
Ask = Callable[..., Charge]


@pytest.fixture
def workers(
    transactional_db: None, focus_server: FakeFocus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Drivers]:
    places = {"producao": focus_server.url, "homologacao": focus_server.url}
    monkeypatch.setenv("SAGA_HOST_SETTINGS", json.dumps({"FOCUS_NFE_BASES": places, "ALLOW_PRIVATE_HOSTS": True}))
    with driver_host(tmp_path) as drivers:
        yield drivers
    forget_jobs()


def work(drivers: Drivers, *, crash_at: str = "") -> None:
    """Let several workers empty the queue; the first may have to die."""
    SagaExecution.unscoped.exclude(wake_at=None).update(wake_at=now())
    deliver_events.enqueue()
    sweep_sagas()
    running = [
        drivers.start(work=True, **({"crash_at": crash_at} if crash_at and not n else {})) for n in range(WORKERS)
    ]
    statuses = [drivers.end(pid) for pid in running]
    assert (statuses[0] == -9) is bool(crash_at) and set(statuses[1:]) == {0}
    lapse_leases()


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_two_hundred_at_once(
    make_organization: Callable[..., Organization], workers: Drivers, focus_server: FakeFocus
) -> None:
    dice = random.Random(11)
    organizations = [make_organization(name) for name in ("Um", "Dois", "Três")]
    for organization in organizations:
        with activate_organization(organization.pk):
            connect_pix()
    with activate_organization(organizations[1].pk):
        connect_focus()
    wanted: dict[Charge, str] = {}
    for number in range(CHARGES):
        with activate_organization(organizations[number % 3].pk):
            charge = ask_payment(draft(method="pix_static", email=""), Occasion(), actor=None)
        wanted[charge] = dice.choice(["paid", "paid", "paid", "cancelled"])
    forget_redis()  # the bells are lost, the rows are not
    work(workers, crash_at="saga.acted:15")
    work(workers)
    assert SagaExecution.unscoped.filter(wait_reason="Esperando o pagamento.").count() == CHARGES
    for charge, end in wanted.items():
        with activate_organization(charge.organization_id):
            (confirm_by_hand if end == "paid" else cancel_charge)(charge.pk, actor=None)
    forget_redis()
    work(workers, crash_at="saga.committed:10")
    for _round in range(12):
        if not SagaExecution.unscoped.exclude(wake_at=None).exists():
            break
        work(workers)
    check(wanted, organizations, focus_server)


def check(wanted: dict[Charge, str], organizations: list[Organization], focus: FakeFocus) -> None:
    states = dict(SagaExecution.unscoped.values_list("saga_id", "state"))
    ends = {"paid": SagaState.SUCCEEDED, "cancelled": SagaState.FAILED}
    assert [one.pk for one, end in wanted.items() if states[process_id(one.pk)] != ends[end]] == []
    paid = [one for one, end in wanted.items() if end == "paid"]
    assert PaymentReceipt.unscoped.count() == len(paid)
    invoiced = {one.pk for one in paid if one.organization_id == organizations[1].pk}
    assert set(FiscalInvoice.unscoped.values_list("charge_id", flat=True)) == invoiced
    assert set(focus.issued.values()) == {1} and len(focus.issued) == len(invoiced) and not focus.cancelled
    for row in SagaExecution.unscoped.all():
        owner = next(one.organization_id for one in wanted if process_id(one.pk) == row.saga_id)
        assert row.organization_id == owner


@pytest.mark.django_db
def test_a_clock_that_moves_ends_what_is_late_and_nothing_else(ask_pix: Ask) -> None:
    late, early = ask_pix(), ask_pix(expires_at=now() + timedelta(days=300))
    drain()
    with time_machine.travel(now() + timedelta(days=9), tick=True):
        expire_charges()
        time_passes()
        assert process(late).state == SagaState.FAILED and process(early).state == SagaState.IN_PROGRESS
    with time_machine.travel(now() - timedelta(days=2), tick=True):
        time_passes()
        assert process(early).state == SagaState.IN_PROGRESS
        confirm_by_hand(early.pk, actor=None)
        time_passes()
    assert process(early).state == SagaState.SUCCEEDED and again(late).state == ChargeState.EXPIRED
