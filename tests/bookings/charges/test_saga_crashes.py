"""``collect_payment`` with its driver killed before and after every commit and every call that leaves the house.

Stripe and Focus NFe are servers that count what was created by whose key; they outlive every driver.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import Organization
from billing import charges, invoices
from billing.charges.looking import look
from billing.models import Charge, ChargeState, FiscalInvoice
from bookings.charges.models import PaymentReceipt
from bookings.charges.process import PROCESS, process_id
from bookings.charges.services import Occasion, ask_payment
from conversations.models import Message
from core.clock import now
from core.tenancy import activate_organization
from gateways.models import Channel
from leads.models import Contact
from sagas.models import SagaExecution
from sagas.orchestrator import orchestrator
from tests.billing.charging import again, connect_focus, connect_stripe, draft
from tests.bookings.charges.collecting import process
from tests.sagas.drivers import Drivers, driver_host, lapse_leases
from tests.support.fake_focus import FakeFocus
from tests.support.fake_stripe import FakeStripe
from tests.support.jobs import forget_jobs

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

OURS = [
    "checkout.opening", "checkout.opened", "refund.sending", "refund.sent", "invoice.sending", "invoice.sent",
    "invoice.cancelling", "invoice.cancelled", "receipt.written",
]  # fmt: skip
ENGINES = [
    "saga.claimed", "saga.acting", "saga.acted", "saga.undoing", "saga.undone", "saga.committing", "saga.committed",
    "saga.ending", "saga.ended",
]  # fmt: skip
MOST_DRIVERS = 15


@dataclass
class Town:
    """Everything around a charge, and the drivers that may die."""

    drivers: Drivers
    stripe: FakeStripe
    focus: FakeFocus
    organization: Organization
    rita: Contact

    def charge(self) -> Charge:
        return ask_payment(draft(method="card_link"), Occasion(contact=self.rita), actor=None)

    def drive(self, charge: Charge, crash_at: str, *, undo: bool = False) -> bool:
        """Let time pass and one driver go as far as it can; return whether it died.

        Without a place to die at the test itself is the driver: what it finds are the rows, as any other would.
        """
        lapse_leases()
        SagaExecution.objects.exclude(wake_at=None).update(wake_at=now())
        if crash_at:
            return self.drivers.run(
                organization_id=str(self.organization.pk), saga_id=process_id(charge.pk), saga=PROCESS,
                context={"charge_id": str(charge.pk)}, crash_at=crash_at, undo=undo,
            )  # fmt: skip
        if undo:
            orchestrator.request_undo(process_id(charge.pk))
        orchestrator.run_claimed(process(charge).pk)
        return False

    def collect(self, deaths: Sequence[str]) -> tuple[Charge, int]:
        """Carry one charge to its end over these deaths, one after the other; return it and how many came about."""
        charge = self.charge()
        left = self._carry(charge, list(deaths))
        return charge, len(deaths) - len(left)

    def undo(self, deaths: Sequence[str]) -> tuple[Charge, int]:
        """As :meth:`collect`, but the deaths come while a collected charge is taken back."""
        charge, _died = self.collect([])
        left = list(deaths)
        if self.drive(charge, left[0] if left else "", undo=True):
            left = left[1:]
        left = self._carry(charge, left)
        return charge, len(deaths) - len(left)

    def _carry(self, charge: Charge, left: list[str]) -> list[str]:
        for _driver in range(MOST_DRIVERS + len(left)):
            if process(charge).is_finished:
                return left
            if self.drive(charge, left[0] if left else ""):
                left = left[1:]
            self._pay(charge)
        raise AssertionError(f"never ended: {process(charge).state}, {process(charge).error}")

    def _pay(self, charge: Charge) -> None:
        charge.refresh_from_db()
        if charge.session_id and self.stripe.sessions[charge.session_id]["status"] == "open":
            self.stripe.pay(charge.session_id)
            look(charge.pk)

    def complaints(self, charge: Charge, *, stands: bool) -> list[str]:
        """Name what is wrong outside, given whether the payment was to stand."""
        charge.refresh_from_db()
        pages = [s for s in self.stripe.sessions.values() if s["client_reference_id"] == str(charge.pk)]
        refunds = [
            r["amount"] for r in self.stripe.refunds.values() if r["metadata"].get("charge_id") == str(charge.pk)
        ]
        refs = [str(ref) for ref in FiscalInvoice.objects.filter(charge=charge).values_list("ref", flat=True)]
        issued, cancelled = (sum(seen[ref] for ref in refs) for seen in (self.focus.issued, self.focus.cancelled))
        receipts = PaymentReceipt.objects.filter(charge=charge).count()
        told = Message.objects.filter(client_key__startswith=process_id(charge.pk)).count()
        found = {
            "state": process(charge).state, "charge": charge.state, "pages": len(pages), "refunds": refunds,
            "standing invoices": issued - cancelled, "receipts": receipts, "messages": told,
        }  # fmt: skip
        wanted = {
            "state": "succeeded" if stands else "failed", "charge": ChargeState.PAID if stands else ChargeState.REFUNDED,
            "pages": 1, "refunds": [] if stands else [4990], "standing invoices": int(stands),
        }  # fmt: skip
        wrong = [f"{name}: {found[name]}, not {value}" for name, value in wanted.items() if found[name] != value]
        wrong += [f"{name} {key}: {times} times" for name, times_of in (("Stripe", self.stripe.effects), ("issued", self.focus.issued),
                  ("cancelled", self.focus.cancelled)) for key, times in times_of.items() if times > 1]  # fmt: skip
        if receipts != told or receipts > 1 or (stands and receipts != 1):
            wrong.append(f"{receipts} receipts, {told} messages")
        return wrong


@pytest.fixture
def town(
    transactional_db: None, stripe_server: FakeStripe, focus_server: FakeFocus, in_acme: Organization, rita: Contact,
    simulator: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Town]:  # fmt: skip
    connect_stripe()
    connect_focus()
    places = {"producao": focus_server.url, "homologacao": focus_server.url}
    changed = {"STRIPE_API_BASE": stripe_server.url, "FOCUS_NFE_BASES": places, "ALLOW_PRIVATE_HOSTS": True}
    monkeypatch.setenv("SAGA_HOST_SETTINGS", json.dumps(changed))
    with driver_host(tmp_path) as drivers:
        yield Town(drivers, stripe_server, focus_server, in_acme, rita)
    forget_jobs()


def test_every_crash_point_of_the_source_is_tried() -> None:
    folders = [Path(package.__file__ or "").parent for package in (charges, invoices)]
    folders.append(Path(__file__).parents[3] / "bookings" / "charges")
    texts = [path.read_text() for folder in folders for path in folder.rglob("*.py")]
    found = {name for text in texts for name in re.findall(r'crashpoint\("([^"]+)"\)', text)}
    assert found == {*OURS, "receipt.claimed"}, "the last one is the e-mail's, which leaves outside of the process"


def deaths_at(carry: Callable[[list[str]], tuple[Charge, int]], town: Town, ours: list[str], *, stands: bool) -> int:
    """Die once at each place of ours, and at every visit of the engine's own; return how often somebody died."""
    deaths, complaints = 0, []

    def dies(place: str) -> bool:
        charge, died = carry([place])
        complaints.extend(f"{place}: {wrong}" for wrong in town.complaints(charge, stands=stands))
        return bool(died)

    for point in ours:
        assert dies(point), f"{point} is not on the way"
        deaths += 1
    for point in ENGINES:
        deaths += next(visit for visit in count(0) if not dies(f"{point}:{visit + 1}"))
    assert complaints == []
    return deaths


def test_a_death_on_the_way_to_a_paid_charge(town: Town) -> None:
    ours = ["checkout.opening", "checkout.opened", "invoice.sending", "invoice.sent", "receipt.written"]
    assert deaths_at(town.collect, town, ours, stands=True) >= 13


def test_a_death_while_the_money_goes_back_for_a_refused_invoice(town: Town) -> None:
    town.focus.refuses = "Código de serviço não habilitado"
    ours = ["invoice.sending", "invoice.sent", "refund.sending", "refund.sent"]
    assert deaths_at(town.collect, town, ours, stands=False) >= 13


def test_a_death_while_a_paid_charge_is_taken_back(town: Town) -> None:
    ours = ["invoice.cancelling", "invoice.cancelled", "refund.sending", "refund.sent"]
    assert deaths_at(town.undo, town, ours, stands=False) >= 10


schedules = st.lists(st.tuples(st.sampled_from([*OURS, *ENGINES]), st.integers(1, 3)), max_size=5)


@given(deaths=schedules, refuses=st.booleans())
@hypothesis_settings(
    max_examples=15,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_deaths_at_random(town: Town, deaths: list[tuple[str, int]], refuses: bool) -> None:
    town.focus.refuses = "não habilitado" if refuses else ""
    with activate_organization(town.organization.pk):
        charge, _died = town.collect([f"{point}:{visit}" for point, visit in deaths])
        assert town.complaints(charge, stands=not refuses) == []
        assert again(charge).state in {ChargeState.PAID, ChargeState.REFUNDED}
