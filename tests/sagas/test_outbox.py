from dataclasses import dataclass

import pytest

from accounts.models import Organization
from core.tenancy import current_organization_id
from sagas import outbox
from sagas.events import Event
from sagas.models import DeliveryState, OutboxDelivery, OutboxEvent

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Rang(Event):
    bell: str
    key: str = ""

    @property
    def ordering_key(self) -> str:
        return self.key


heard: list[str] = []
deaf: set[str] = set()


@outbox.subscriber(Rang)
def listen(event: Rang) -> None:
    if event.bell in deaf:
        raise RuntimeError("deaf")
    heard.append(f"{current_organization_id()}:{event.bell}")


@pytest.fixture(autouse=True)
def _quiet() -> None:
    heard.clear()
    deaf.clear()


def test_an_event_reaches_its_subscriber_once_inside_its_organization(acme: Organization) -> None:
    outbox.publish(Rang(str(acme.pk), "a"))
    assert outbox.deliver_due() == 1
    assert outbox.deliver_due() == 0
    assert heard == [f"{acme.pk}:a"]


def test_a_failed_delivery_holds_back_the_later_ones_of_its_key_only(acme: Organization) -> None:
    deaf.add("a")
    for bell, key in (("a", "x"), ("b", "x"), ("c", "y")):
        outbox.publish(Rang(str(acme.pk), bell, key))
    outbox.deliver_due()
    assert [line.split(":")[1] for line in heard] == ["c"]
    deaf.clear()
    OutboxDelivery.objects.update(due_at="2020-01-01T00:00:00Z")
    outbox.deliver_due()
    assert [line.split(":")[1] for line in heard] == ["c", "a", "b"]


def test_after_its_attempts_a_delivery_waits_for_a_person_and_blocks_nobody(acme: Organization) -> None:
    deaf.add("a")
    outbox.publish(Rang(str(acme.pk), "a", "x"))
    outbox.publish(Rang(str(acme.pk), "b", "x"))
    for _ in range(outbox.MAX_ATTEMPTS):
        OutboxDelivery.objects.update(due_at="2020-01-01T00:00:00Z")
        outbox.deliver_due()
    dead = OutboxDelivery.objects.get(state=DeliveryState.DEAD)
    assert "deaf" in dead.error
    outbox.deliver_due()
    assert [line.split(":")[1] for line in heard] == ["b"]


def test_what_a_failing_subscriber_did_is_taken_back(acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    @outbox.subscriber(Rang)
    def write_and_fail(event: Rang) -> None:
        Organization.objects.create(name="half written")
        raise RuntimeError("no")

    try:
        outbox.publish(Rang(str(acme.pk), "a"))
        outbox.deliver_due()
        assert not Organization.objects.filter(name="half written").exists()
        assert heard == [f"{acme.pk}:a"]
    finally:
        outbox._subscribers[Rang.name].pop()


def test_an_event_nobody_listens_to_leaves_no_row(acme: Organization) -> None:
    @dataclass(frozen=True)
    class Unheard(Event):
        pass

    outbox.publish(Unheard(str(acme.pk)))
    assert not OutboxEvent.objects.exists()
