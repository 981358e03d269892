"""The door for webhooks as Django answers it: who is let in, and what is never stored."""

import threading
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from core.tenancy import activate_organization
from gateways.intake import ingest
from gateways.models import Channel, ChannelState, Receipt, ReceiptState
from gateways.services.drain import drain_missed
from sagas.models import OutboxEvent
from tests.gateways.conftest import KEY, MakeChannel, ack, message, session, signature, signed
from tests.support.jobs import drain
from tests.support.redis import forget_redis

pytestmark = pytest.mark.django_db


def post(channel: Channel, event: Any, *, key: str = KEY, headers: dict[str, str] | None = None) -> int:
    body, given = signed(event, key)
    url = f"/hooks/{channel.provider}/{channel.hook_token}/"
    chosen = given if headers is None else headers
    return Client().post(url, body, content_type="application/json", headers=chosen).status_code


def test_a_signed_webhook_is_stored_raw(channel: Channel) -> None:
    event = message(1)
    assert post(channel, event) == 200
    receipt = Receipt.objects.get()
    assert (receipt.channel_id, receipt.organization_id) == (channel.pk, channel.organization_id)
    assert orjson.loads(bytes(receipt.body)) == event
    assert (receipt.state, receipt.attempts, receipt.duplicates) == (ReceiptState.PENDING, 0, 0)


def test_nothing_but_the_insert_happens_in_the_request(channel: Channel) -> None:
    post(channel, message(1))
    with CaptureQueriesContext(connection) as queries:
        assert post(channel, message(2)) == 200
    # The insert goes past Django's cursor; the channel is remembered from the first webhook.
    assert [query["sql"] for query in queries] == []
    assert Receipt.objects.count() == 2


def test_the_same_webhook_fifty_times_is_one_receipt_and_one_event(channel: Channel) -> None:
    for _ in range(50):
        assert post(channel, message(1)) == 200
    drain()
    for _ in range(5):
        assert post(channel, message(1)) == 200
    drain()
    receipt = Receipt.objects.get()
    assert (receipt.duplicates, receipt.state) == (54, ReceiptState.DONE)
    assert OutboxEvent.objects.filter(name="gateways.MessagesReceived").count() == 1


BAD_SIGNATURES: dict[str, Callable[[bytes], dict[str, str]]] = {
    "none": lambda body: {},
    "empty": lambda body: {"X-Webhook-Hmac": ""},
    "wrong key": lambda body: {"X-Webhook-Hmac": signature(body, "outro")},
    "empty key": lambda body: {"X-Webhook-Hmac": signature(body, "")},
    "other body": lambda body: {"X-Webhook-Hmac": signature(body + b" ")},
    "truncated": lambda body: {"X-Webhook-Hmac": signature(body)[:-1]},
    "longer": lambda body: {"X-Webhook-Hmac": signature(body) + "0"},
    "first half": lambda body: {"X-Webhook-Hmac": signature(body)[:64]},
    "not hexadecimal": lambda body: {"X-Webhook-Hmac": "z" * 128},
    "latin letters": lambda body: {"X-Webhook-Hmac": "ç" * 128},
    "two of them": lambda body: {"X-Webhook-Hmac": f"{signature(body)},{signature(body)}"},
    "with a prefix": lambda body: {"X-Webhook-Hmac": f"sha512={signature(body)}"},
    "in another header": lambda body: {"X-Hub-Signature-256": signature(body)},
    "the key itself": lambda body: {"X-Webhook-Hmac": KEY},
}


@pytest.mark.parametrize("case", BAD_SIGNATURES)
def test_a_bad_signature_is_refused_and_nothing_stored(channel: Channel, case: str) -> None:
    body, _headers = signed(message(1))
    assert post(channel, body, headers=BAD_SIGNATURES[case](body)) == 401
    assert not Receipt.objects.exists()


def test_another_channels_key_does_not_open_this_one(channel: Channel, make_channel: MakeChannel) -> None:
    other = make_channel(config={"base_url": "http://127.0.0.1:3000", "hmac_key": "chave-dela"})
    assert post(channel, message(1), key="chave-dela") == 401
    assert post(other, message(1), key="chave-dela") == 200
    assert Receipt.objects.get().channel_id == other.pk


def test_a_body_written_anew_no_longer_matches_its_signature(channel: Channel) -> None:
    body, headers = signed(message(1))
    assert post(channel, orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2), headers=headers) == 401


def test_a_channel_without_a_key_takes_unsigned_webhooks(make_channel: MakeChannel) -> None:
    channel = make_channel(config={"base_url": "http://127.0.0.1:3000"})
    assert post(channel, message(1), headers={}) == 200


@pytest.mark.parametrize("address", [
    "/hooks/waha/nao-existe/", "/hooks/nada/{token}/", "/hooks/simulator/{token}/", "/hooks/waha/{token}x/", "/hooks/waha/a%00b/",
    "/hooks/waha/çã/",
])  # fmt: skip
def test_an_unknown_address_is_not_found(channel: Channel, address: str) -> None:
    body, headers = signed(message(1))
    url = address.format(token=channel.hook_token)
    assert Client().post(url, body, content_type="application/json", headers=headers).status_code == 404
    assert not Receipt.objects.exists()


def test_a_removed_channel_has_no_address(channel: Channel) -> None:
    Channel.unscoped.update(removed_at="2026-01-01T00:00:00Z")
    assert post(channel, message(1)) == 404


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_only_post_is_answered(channel: Channel, method: str) -> None:
    url = f"/hooks/waha/{channel.hook_token}/"
    assert getattr(Client(), method)(url).status_code == 405


BAD_BODIES = {
    "empty": b"",
    "text": b"ola",
    "half an object": b'{"event": "message"',
    "two values": b"{}{}",
    "not a number": b'{"a": NaN}',
    "infinity": b"[1e999]",
    "not utf-8": b'{"a": "\xff"}',
    "raw control character": b'{"a": "\x00"}',
    "lone surrogate": b'{"a": "\\ud800"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "compressed": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "form": b"event=message",
    "deep list": b"[" * 1000 + b"]" * 1000,
    "deeper list": b"[" * 200_000 + b"]" * 200_000,
    "deep object": b'{"a":' * 500 + b"1" + b"}" * 500,
    "a little too deep": b"[" * (ingest.MAX_DEPTH + 1) + b"]" * (ingest.MAX_DEPTH + 1),
}


@pytest.mark.parametrize("case", BAD_BODIES)
def test_what_is_not_decent_json_is_refused_and_nothing_stored(channel: Channel, case: str) -> None:
    assert post(channel, BAD_BODIES[case]) == 400
    assert not Receipt.objects.exists()


GOOD_BODIES = {
    "a list": b"[]",
    "a number": b"12345678901234567890123456789",
    "null": b"null",
    "the same key twice": b'{"a": 1, "a": 2}',
    "escaped nul": b'{"event": "message.any", "payload": {"id": "a\\u0000b", "body": "x\\u0000y"}}',
    "wrong types": b'{"event": {"a": []}, "payload": {"id": 5, "ack": "x"}}',
    "wide, not deep": b"[" + b"[]," * 5_000 + b"[]]",
    "as deep as allowed": b"[" * ingest.MAX_DEPTH + b"]" * ingest.MAX_DEPTH,
    "missing fields": b'{"event": "message.ack"}',
    "unknown event": b'{"event": "poll.vote", "payload": {}}',
}


@pytest.mark.parametrize("case", GOOD_BODIES)
def test_odd_json_is_kept_and_never_breaks_the_line(channel: Channel, case: str) -> None:
    assert post(channel, GOOD_BODIES[case]) == 200
    assert post(channel, message(7)) == 200
    drain()
    odd, good = Receipt.objects.order_by("pk")
    assert bytes(odd.body) == GOOD_BODIES[case]
    assert odd.state in {ReceiptState.IGNORED, ReceiptState.DONE}
    assert good.state == ReceiptState.DONE


def test_the_largest_body_is_taken_and_one_byte_more_is_not(channel: Channel) -> None:
    frame = b'{"event": "x", "payload": {"body": ""}}'
    fill = b"a" * (ingest.MAX_BODY_BYTES - len(frame))
    assert post(channel, frame[:-3] + fill + frame[-3:]) == 200
    assert post(channel, frame[:-3] + fill + b"a" + frame[-3:]) == 413
    assert Receipt.objects.count() == 1


def test_secrets_are_blotted_out_before_storing(channel: Channel) -> None:
    assert (
        post(
            channel,
            {"event": "message.any", "payload": {"body": "minha chave-da-api e " + KEY}, "apikey": "chave-da-api"},
        )
        == 200
    )
    body = bytes(Receipt.objects.get().body)
    assert b"chave-da-api" not in body
    assert KEY.encode() not in body


def test_our_own_fault_is_a_503(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(ingest, "insert_receipts", broken)
    assert post(channel, message(1)) == 503


def test_a_secret_that_cannot_be_opened_is_our_fault(channel: Channel) -> None:
    Channel.unscoped.update(sealed_config="broken")
    assert post(channel, message(1)) == 503


def test_receipts_are_found_when_redis_forgot_everything(channel: Channel) -> None:
    for number in range(3):
        post(channel, message(number))
    # What waits for the commit of the test's transaction has rung by now; a flush of Redis loses it.
    connection.run_on_commit.clear()
    forget_redis()
    drain()
    assert set(Receipt.objects.values_list("state", flat=True)) == {ReceiptState.PENDING}
    Receipt.objects.update(received_at="2026-01-01T00:00:00Z")
    drain_missed()
    drain()
    assert set(Receipt.objects.values_list("state", flat=True)) == {ReceiptState.DONE}


def test_a_flood_of_equal_connection_events_is_one_receipt(channel: Channel) -> None:
    for _ in range(107):
        assert post(channel, session("STARTING")) == 200
    drain()
    assert Receipt.objects.count() == 1
    channel.refresh_from_db()
    assert channel.state == ChannelState.CONNECTING
    for _ in range(107):
        assert post(channel, session("STARTING")) == 200
    assert Receipt.objects.count() == 1


def test_a_connection_that_comes_and_goes_is_news_each_time(channel: Channel) -> None:
    seen = []
    for status in ("STARTING", "WORKING", "STARTING", "WORKING"):
        assert post(channel, session(status)) == 200
        drain()
        channel.refresh_from_db()
        seen.append(channel.state)
    assert seen == ["connecting", "connected", "connecting", "connected"]
    assert Receipt.objects.count() == 4


def test_news_behind_a_waiting_receipt_is_not_dropped(channel: Channel) -> None:
    # "Connected" changes nothing now, but "connecting" waits in line before it.
    assert post(channel, session("STARTING")) == 200
    assert post(channel, session("WORKING")) == 200
    drain()
    channel.refresh_from_db()
    assert channel.state == ChannelState.CONNECTED
    assert Receipt.objects.count() == 2


def test_dropping_a_connection_event_writes_nothing(
    channel: Channel, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with activate_organization(channel.organization_id):
        Channel.objects.update(state_reason="WORKING")
    post(channel, ack(1, "X", 3))
    drain()
    with django_assert_max_num_queries(1) as queries:
        assert post(channel, session("WORKING")) == 200
    assert all(query["sql"].startswith("SELECT") for query in queries)
    assert Receipt.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_deliveries_of_the_same_webhooks_make_no_duplicates(channel: Channel) -> None:
    events = [message(number) for number in range(30)]
    barrier = threading.Barrier(5)
    answers: list[int] = []

    def deliver() -> None:
        barrier.wait()
        answers.extend(post(channel, event) for event in events)
        connection.close()

    threads = [threading.Thread(target=deliver) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 150
    assert Receipt.objects.count() == 30
    assert sum(Receipt.objects.values_list("duplicates", flat=True)) == 120
    drain()
    sent = [
        m for event in OutboxEvent.objects.filter(name="gateways.MessagesReceived") for m in event.payload["messages"]
    ]
    assert len(sent) == len({m["external_id"] for m in sent}) == 30
