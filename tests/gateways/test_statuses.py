"""Delivery states only ever move forward, whatever the order in which they come."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from core.tenancy import activate_organization
from gateways.contract import DeliveryUpdate
from gateways.models import Channel, MessageStatus
from gateways.statuses import RANKS, Furthest, furthest, known, record_statuses

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
ORDER = ("queued", "sent", "failed", "delivered", "read")


def update(state: str, minute: int = 0, external_id: str = "X") -> DeliveryUpdate:
    error = ("ack_error", "refused") if state == "failed" else ("", "")
    return DeliveryUpdate(external_id, state, START + timedelta(minutes=minute), *error)


FIVE = [update(state, minute) for minute, state in enumerate(ORDER)]
EXPECTED = Furthest(
    "X", "read", "ack_error", "refused", FIVE[1].at, FIVE[3].at, FIVE[4].at, FIVE[2].at,
)  # fmt: skip


def stored(status: MessageStatus) -> Furthest:
    return Furthest(
        status.external_id, status.state, status.error_code, status.error, status.sent_at, status.delivered_at,
        status.read_at, status.failed_at,
    )  # fmt: skip


@pytest.mark.parametrize("order", permutations(range(5)), ids=lambda order: "".join(map(str, order)))
def test_every_order_in_one_batch_ends_the_same(order: tuple[int, ...]) -> None:
    assert furthest([FIVE[index] for index in order]) == [EXPECTED]


@pytest.mark.django_db
def test_every_order_of_single_updates_ends_the_same(channel: Channel) -> None:
    wrong = []
    with activate_organization(channel.organization_id):
        for number, order in enumerate(permutations(ORDER)):
            for state in order:
                record_statuses(channel, [update(state, ORDER.index(state), f"M{number}")])
        for status in MessageStatus.objects.all():
            found = stored(status)
            found.external_id = "X"
            if found != EXPECTED:
                wrong.append(found)
    assert MessageStatus.objects.count() == 120
    assert wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize(("before", "then", "after"), [
    ("queued", "sent", "sent"), ("sent", "queued", "sent"), ("queued", "failed", "failed"), ("sent", "failed", "failed"),
    ("delivered", "failed", "delivered"), ("read", "failed", "read"), ("failed", "sent", "failed"), ("failed", "queued", "failed"),
    ("failed", "delivered", "delivered"), ("failed", "read", "read"), ("delivered", "read", "read"), ("read", "delivered", "read"),
])  # fmt: skip
def test_which_state_overrides_which(channel: Channel, before: str, then: str, after: str) -> None:
    record_statuses(channel, [update(before)])
    record_statuses(channel, [update(then, 1)])
    assert MessageStatus.objects.get().state == after


@pytest.mark.django_db
def test_one_statement_takes_many_messages_many_times(channel: Channel) -> None:
    updates = [update(state, n, f"M{n % 7}") for n in range(70) for state in ("sent", "delivered")]
    assert sorted(record_statuses(channel, updates)) == [f"M{n}" for n in range(7)]
    rows = list(MessageStatus.objects.order_by("external_id"))
    assert [row.state for row in rows] == ["delivered"] * 7
    assert rows[3].sent_at == START + timedelta(minutes=3)


@pytest.mark.django_db
def test_the_first_moment_of_a_state_is_kept(channel: Channel) -> None:
    record_statuses(channel, [update("delivered", 9)])
    record_statuses(channel, [update("delivered", 4)])
    record_statuses(channel, [update("delivered", 7)])
    assert MessageStatus.objects.get().delivered_at == START + timedelta(minutes=4)


@pytest.mark.django_db
def test_unknown_states_are_left_out(channel: Channel) -> None:
    assert record_statuses(channel, [update("played_backwards")]) == []
    assert record_statuses(channel, []) == []
    assert not MessageStatus.objects.exists()


@pytest.mark.django_db
def test_ids_are_known_per_channel(channel: Channel, make_channel) -> None:
    other = make_channel()
    record_statuses(channel, [update("sent"), update("read", 1, "Y")])
    record_statuses(other, [update("delivered")])
    assert {key: row.state for key, row in known(channel.pk, ["X", "Y", "Z"]).items()} == {"X": "sent", "Y": "read"}
    assert known(other.pk, ["X"])["X"].state == "delivered"


def test_ranks_are_a_strict_order() -> None:
    assert sorted(RANKS, key=RANKS.__getitem__) == list(ORDER)
