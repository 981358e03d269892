"""Receipts understood: in order, in batches, each once, and no poison stops the line."""

from datetime import datetime, timedelta
from typing import Any

import orjson
import psycopg
import pytest
import time_machine
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from core.clock import now
from gateways.intake.ingest import store_now
from gateways.intake.receipts import NewReceipt
from gateways.models import Channel, ChannelEvent, ChannelState, MessageStatus, Receipt
from gateways.providers.waha.adapter import WahaAdapter
from gateways.services import drain as module
from gateways.services.drain import drain_batch, drain_channel, drain_missed, replay_receipt
from sagas.models import OutboxEvent
from tests.gateways.conftest import CUSTOMER, MakeChannel, ack, message, session
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_acme(in_acme: Any) -> None:
    """As jobs are, these tests run inside Acme."""


def put(channel: Channel, *events: Any) -> list[Receipt]:
    rows = []
    for event in events:
        body = event if isinstance(event, bytes) else orjson.dumps(event)
        key = f"k{Receipt.objects.count()}"
        store_now(NewReceipt(channel.organization_id, channel.pk, key, body))
        rows.append(Receipt.objects.get(dedupe_key=key))
    return rows


def state_of(receipt: Receipt) -> tuple[str, int]:
    receipt.refresh_from_db()
    return receipt.state, receipt.attempts


def published(name: str) -> list[dict[str, Any]]:
    return [event.payload for event in OutboxEvent.objects.filter(name=f"gateways.{name}").order_by("pk")]


def texts() -> list[str]:
    return [m["text"] for payload in published("MessagesReceived") for m in payload["messages"]]


def test_messages_reach_listeners_in_the_order_of_arrival(channel: Channel) -> None:
    put(channel, *(message(number, f"linha {number}") for number in range(250)))
    drain_channel(channel.pk)
    assert texts() == [f"linha {number}" for number in range(250)]
    assert [len(payload["messages"]) for payload in published("MessagesReceived")] == [100, 100, 50]
    assert set(Receipt.objects.values_list("state", "attempts")) == {("done", 1)}


def test_a_message_carries_what_listeners_need(channel: Channel) -> None:
    put(channel, message(1, "Quanto custa?"))
    drain_channel(channel.pk)
    [payload] = published("MessagesReceived")
    [found] = payload["messages"]
    assert (payload["organization_id"], payload["channel_id"]) == (str(channel.organization_id), str(channel.pk))
    assert found["phone"] == "+5511999998888"
    assert (found["from_me"], found["from_api"], found["is_old"]) == (False, False, False)
    assert datetime.fromisoformat(found["at"]).tzinfo is not None


def test_a_batch_is_a_fixed_number_of_statements(
    channel: Channel, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    put(channel, *(message(number) for number in range(50)), *(ack(100 + n, f"B{n}", 3) for n in range(50)))
    with django_assert_max_num_queries(24):
        assert len(drain_batch(channel.pk) or []) == 100


def test_statuses_are_recorded_and_told_once_per_batch(channel: Channel) -> None:
    put(channel, ack(1, "B1", 3), ack(2, "B1", 1), ack(3, "B2", 2), ack(4, "B3", -1))
    drain_channel(channel.pk)
    states = dict(MessageStatus.objects.values_list("external_id", "state"))
    assert states == {"B1": "read", "B2": "delivered", "B3": "failed"}
    assert [p["external_ids"] for p in published("StatusesReceived")] == [["B1", "B2", "B3"]]


def test_a_status_before_its_send_is_kept_for_it(channel: Channel) -> None:
    put(channel, ack(1, "LATER", 2))
    drain_channel(channel.pk)
    assert MessageStatus.objects.get().state == "delivered"


def test_connection_events_change_the_channel_once(channel: Channel) -> None:
    put(channel, session("FAILED", 1), session("FAILED", 2), session("STARTING", 3))
    drain_channel(channel.pk)
    channel.refresh_from_db()
    assert channel.state == ChannelState.CONNECTING
    assert list(ChannelEvent.objects.order_by("at").values_list("kind", flat=True)) == ["disconnected", "connecting"]
    assert [p["state"] for p in published("ChannelStateChanged")] in ([], ["disconnected", "connecting"])


def test_groups_and_unknown_events_are_ignored_with_the_reason(channel: Channel) -> None:
    group = message(
        1, id="false_120363000000000000@g.us_AAAA_5511999998888@c.us", **{"from": "120363000000000000@g.us"}
    )
    receipts = put(channel, group, {"event": "presence.update", "payload": {}}, [], 5)
    drain_channel(channel.pk)
    assert [state_of(receipt)[0] for receipt in receipts] == ["ignored"] * 4
    assert all(receipt.note for receipt in receipts)
    assert texts() == []


def test_history_from_before_the_connection_is_ignored(make_channel: MakeChannel) -> None:
    channel = make_channel(state=ChannelState.CONNECTED, connected_at=now() - timedelta(days=2))
    old = int((now() - timedelta(days=3)).timestamp())
    since = int((now() - timedelta(days=1)).timestamp())
    receipts = put(
        channel, message(1, "velha", timestamp=old), message(2, "recuperada", timestamp=since), message(3, "nova")
    )
    drain_channel(channel.pk)
    assert [state_of(receipt)[0] for receipt in receipts] == ["ignored", "done", "done"]
    assert "history" in receipts[0].note
    [payload] = published("MessagesReceived")
    assert [(m["text"], m["is_old"]) for m in payload["messages"]] == [("recuperada", True), ("nova", False)]


def test_a_number_that_is_just_connecting_brings_no_history(make_channel: MakeChannel) -> None:
    channel = make_channel(state=ChannelState.QR_REQUIRED)
    old = int((now() - timedelta(hours=3)).timestamp())
    put(channel, session("WORKING", 1), message(2, "velha", timestamp=old), message(3, "nova"))
    drain_channel(channel.pk)
    assert texts() == ["nova"]


@pytest.mark.parametrize(("minutes", "is_old"), [(0, False), (9, False), (11, True), (60, True), (25 * 60, True)])
def test_late_messages_are_marked_so_that_nobody_answers_them(
    make_channel: MakeChannel, minutes: int, is_old: bool
) -> None:
    channel = make_channel(state=ChannelState.CONNECTED, connected_at=now() - timedelta(days=9))
    put(channel, message(1, timestamp=int((now() - timedelta(minutes=minutes)).timestamp())))
    drain_channel(channel.pk)
    assert published("MessagesReceived")[0]["messages"][0]["is_old"] is is_old


def test_nul_characters_are_taken_out_of_every_text(channel: Channel) -> None:
    put(channel, message(1, "a\x00b", _data={"notifyName": "An\x00a"}), ack(2, "B\x001", 3))
    drain_channel(channel.pk)
    found = published("MessagesReceived")[0]["messages"][0]
    assert (found["text"], found["name"]) == ("ab", "Ana")
    assert MessageStatus.objects.get().external_id == "B1"


def test_a_payload_that_cannot_be_read_is_tried_three_times_and_put_aside(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch)
    bad, good = put(channel, message(1, "veneno"), message(2, "boa"))
    drain_channel(channel.pk)
    assert (state_of(bad), state_of(good)) == (("pending", 1), ("done", 1))
    assert texts() == ["boa"]
    Receipt.objects.filter(pk=bad.pk).update(received_at=now() - timedelta(minutes=1))
    drain_channel(channel.pk)
    assert state_of(bad) == ("pending", 2)
    drain_channel(channel.pk)
    assert state_of(bad) == ("failed", 3)
    assert "ZeroDivisionError" in bad.note
    assert drain_channel(channel.pk) == 0


def test_one_receipt_that_the_database_refuses_does_not_hold_the_batch(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module.publish

    def picky(event: Any) -> None:
        if any(m["text"] == "recusada" for m in getattr(event, "messages", [])):
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1/0")
        real(event)

    monkeypatch.setattr(module, "publish", picky)
    receipts = put(channel, message(1, "a"), message(2, "recusada"), message(3, "c"), ack(4, "B1", 3))
    drain_channel(channel.pk)
    assert [state_of(receipt)[0] for receipt in receipts] == ["done", "pending", "done", "done"]
    assert texts() == ["a", "c"]
    assert MessageStatus.objects.get().state == "read"


def test_a_payload_that_kills_its_worker_is_given_up_after_three_attempts(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    class WorkerDiesError(BaseException):
        pass

    def deadly(self: WahaAdapter, config: Any, body: bytes) -> list[Any]:
        if b"veneno" in body:
            raise WorkerDiesError
        return read(self, config, body)

    read = WahaAdapter.parse
    monkeypatch.setattr(WahaAdapter, "parse", deadly)
    bad, good = put(channel, message(1, "veneno"), message(2, "boa"))
    Receipt.objects.update(received_at=now() - timedelta(minutes=1))
    for attempt in (1, 2, 3):
        with pytest.raises(WorkerDiesError):
            drain_channel(channel.pk)
        assert state_of(bad) == ("pending", attempt)
    drain_channel(channel.pk)
    assert (state_of(bad)[0], state_of(good)[0]) == ("failed", "done")
    assert texts() == ["boa"]


def test_a_receipt_is_replayed_and_its_messages_told_again(
    channel: Channel, ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        poison(patch)
        [bad] = put(channel, message(1, "veneno"))
        Receipt.objects.update(received_at=now() - timedelta(minutes=1))
        for _ in range(3):
            drain_channel(channel.pk)
        assert state_of(bad) == ("failed", 3)
    replay_receipt(bad, actor=ana)
    drain()
    assert state_of(bad) == ("done", 1)
    assert texts() == ["veneno"]


def test_the_sweep_rings_only_for_what_was_missed(channel: Channel, make_channel: MakeChannel) -> None:
    late = make_channel()
    [fresh], [missed] = put(channel, message(1)), put(late, message(2))
    connection.run_on_commit.clear()
    Receipt.objects.filter(pk=missed.pk).update(received_at=now() - timedelta(seconds=3))
    drain_missed()
    drain()
    assert (state_of(fresh)[0], state_of(missed)[0]) == ("pending", "done")


def test_receipts_of_a_removed_number_are_ignored(channel: Channel) -> None:
    [receipt] = put(channel, message(1))
    Channel.objects.filter(pk=channel.pk).update(removed_at=now(), sealed_config="")
    drain_channel(channel.pk)
    assert state_of(receipt)[0] == "ignored"
    assert texts() == []


def test_the_channel_shows_when_it_was_last_heard_of(channel: Channel) -> None:
    with time_machine.travel("2026-11-20 12:00:00+00:00", tick=False):
        put(channel, ack(1, "B1", 2))
        drain_channel(channel.pk)
        channel.refresh_from_db()
        assert channel.last_event_at == channel.last_ack_at == now()


def poison(monkeypatch: pytest.MonkeyPatch) -> None:
    read = WahaAdapter.parse

    def parse(self: WahaAdapter, config: Any, body: bytes) -> list[Any]:
        return [1 / 0] if b"veneno" in body else read(self, config, body)

    monkeypatch.setattr(WahaAdapter, "parse", parse)


def test_a_channel_that_another_worker_drains_is_left_to_it(channel: Channel) -> None:
    put(channel, message(1))
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [f"drain:{channel.pk}"])
        assert drain_batch(channel.pk) is None
        assert drain_channel(channel.pk) == 0
        other.rollback()
    assert len(drain_batch(channel.pk) or []) == 1


def test_what_arrives_while_a_batch_is_drained_is_found_by_the_same_run(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its own bell went to a worker that found the channel taken and left.
    real, late = module.drain_batch, [message(2, "tarde")]

    def drain_then_receive(channel_id: Any, **options: Any) -> Any:
        found = real(channel_id, **options)
        if not found and late:
            put(channel, late.pop())
        return found

    monkeypatch.setattr(module, "drain_batch", drain_then_receive)
    put(channel, message(1, "cedo"))
    assert drain_channel(channel.pk) == 2
    assert texts() == ["cedo", "tarde"]


def change(event: str, **payload: Any) -> dict[str, Any]:
    body = {"id": f"false_{CUSTOMER}_ACTION", "timestamp": int(now().timestamp()), "from": CUSTOMER, "fromMe": False}
    return {"event": event, "session": "default", "payload": body | payload}


def test_what_is_done_to_a_message_comes_after_the_message(channel: Channel) -> None:
    put(
        channel,
        message(1, "Quanto custa?"),
        change("message.edited", editedMessageId="AAAA0001", body="Quanto custa a limpeza?"),
        change("message.reaction", reaction={"text": "👍", "messageId": f"false_{CUSTOMER}_AAAA0001"}),
    )
    drain_channel(channel.pk)
    [payload] = published("MessagesReceived")
    assert [m["text"] for m in payload["messages"]] == ["Quanto custa?"]
    assert [(c["kind"], c["external_id"], c["text"]) for c in payload["changes"]] == [
        ("edited", "AAAA0001", "Quanto custa a limpeza?"),
        ("reaction", "AAAA0001", "👍"),
    ]


def test_changes_alone_are_told_too(channel: Channel) -> None:
    put(channel, change("message.revoked", after={"id": f"false_{CUSTOMER}_ACTION"}, revokedMessageId="AAAA0001"))
    drain_channel(channel.pk)
    [payload] = published("MessagesReceived")
    assert (payload["messages"], payload["changes"][0]["kind"]) == ([], "revoked")


def test_a_restriction_of_a_working_session_rests_the_number(channel: Channel) -> None:
    event = session("WORKING")
    event["payload"]["data"] = {"reachoutTimelock": {"isActive": True}}
    put(channel, event)
    drain_channel(channel.pk)
    channel.refresh_from_db()
    assert (channel.state, channel.state_reason) == (ChannelState.RESTRICTED, "reachout_timelock")
