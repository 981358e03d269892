"""News of a provider in a flood, in the wrong order or in words that nobody knows yet."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from accounts.models import Organization
from campaigns.models import Recipient
from campaigns.queries import stats
from campaigns.services import lifecycle
from conversations.models import Message
from core.clock import now
from gateways.contract import RawHook
from gateways.intake.ingest import forget_receivers, store_hooks
from gateways.models import Channel, ChannelEvent, ChannelState, Receipt, ReceiptState
from gateways.registry import ADAPTERS
from gateways.services.drain import drain_channel
from tests.faults.conftest import MakeGateway
from tests.faults.gateway import phone_of
from tests.faults.scene import campaign_to, connect, finish, people
from tests.faults.senders import Senders
from tests.faults.web import Web, ack
from tests.gateways.conftest import session
from tests.gateways.providers.payloads import body_of, fixture
from tests.support.jobs import drain
from tests.support.journeys import until

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

FLOOD = 107
NEWER = "novidade_2031"

# ---- 107 connection events at once --------------------------------------------------------------------------------------

_COUNT = """
CREATE TABLE fault_write (n bigserial, was text, is_now text);
CREATE FUNCTION fault_note_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO fault_write (was, is_now) VALUES (OLD.state, NEW.state);
  RETURN NULL;
END $$;
CREATE TRIGGER fault_writes AFTER UPDATE OF state ON gateways_channel FOR EACH ROW EXECUTE FUNCTION fault_note_write();
"""
_FORGET = """
DROP TRIGGER fault_writes ON gateways_channel;
DROP FUNCTION fault_note_write();
DROP TABLE fault_write;
"""


@contextmanager
def witness_of_states() -> Iterator[list[tuple[str, str]]]:
    """Every statement that writes a number's state, from within the database; the list is filled at the end."""
    found: list[tuple[str, str]] = []
    with connection.cursor() as cursor:
        cursor.execute(_COUNT)
    try:
        yield found
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT was, is_now FROM fault_write ORDER BY n")
            found += cursor.fetchall()
            cursor.execute(_FORGET)


def flood(web: Web, channel: Channel, status: str, first: int) -> None:
    """Let a server say the same 107 times, ten at once, while workers understand what comes in."""
    hooks = [(channel, session(status, first + number)) for number in range(FLOOD)]
    with ThreadPoolExecutor(1) as poster:
        posting = poster.submit(web.post_all, hooks)
        until(posting.done, 60)
        assert posting.result() == [200] * FLOOD
    until(lambda: not Receipt.objects.filter(state=ReceiptState.PENDING).exists(), 60)


def test_107_connection_events_are_one_write_per_change(in_acme: Organization, web: Web) -> None:
    channel = connect("http://127.0.0.1:9", "loja")
    with witness_of_states() as writes:
        for number, status in enumerate(["STARTING", "WORKING", "SCAN_QR_CODE"]):
            flood(web, channel, status, 1000 * number)
    assert writes == [("connected", "connecting"), ("connecting", "connected"), ("connected", "qr_required")]
    kinds = list(ChannelEvent.objects.order_by("at").values_list("kind", flat=True))
    assert kinds == ["connecting", "connected", "qr_required"]
    print(f"{Receipt.objects.count()} of {3 * FLOOD} events were stored")


# ---- Failed after read, failed before delivered ---------------------------------------------------------------------------


def test_what_was_read_has_not_failed_and_what_arrived_neither(
    in_acme: Organization, web: Web, senders: Senders, make_gateway: MakeGateway
) -> None:
    gateway = make_gateway("loja")
    channel = connect(gateway, "loja")
    campaign = lifecycle.resume(campaign_to(people(3), [channel]))
    finish(senders, [campaign])
    read, late, lost = gateway.hits()
    told = [(read, 3), (read, -1), (late, -1), (late, 2), (lost, 1), (lost, -1)]
    for hit, level in told:
        assert web.post((channel, ack(hit, level))) == 200
    until(lambda: Receipt.objects.filter(state=ReceiptState.DONE).count() == len(told), 60)
    drain()
    states = {phone_of(read): "read", phone_of(late): "delivered", phone_of(lost): "failed"}
    assert dict(Recipient.objects.values_list("phone", "state")) == states
    assert sorted(Message.objects.values_list("state", flat=True)) == sorted(states.values())
    figures = stats(campaign)
    assert (figures.read, figures.delivered, figures.failed) == (1, 2, 1)
    channel.refresh_from_db()
    assert channel.state == ChannelState.CONNECTED


# ---- Words that nobody knows yet --------------------------------------------------------------------------------------------


def with_newer_words(value: Any) -> Iterator[Any]:
    """Yield copies of a payload in which one word of its vocabulary is another: texts without spaces, one at a time."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from ({**value, key: odd} for odd in with_newer_words(inner))
        case list():
            for place, inner in enumerate(value):
                yield from ([*value[:place], odd, *value[place + 1 :]] for odd in with_newer_words(inner))
        case str() if value.replace("_", "").replace(".", "").replace("-", "").isalpha():
            yield NEWER
        case int() if not isinstance(value, bool) and -10 < value < 10:
            yield 97


@pytest.mark.parametrize("code", list(ADAPTERS))
def test_words_of_a_newer_server_are_kept_raw_and_break_nothing(
    code: str, in_acme: Organization, private_redis: str, caplog: pytest.LogCaptureFixture
) -> None:
    forget_receivers()
    channel = Channel(
        organization=in_acme,
        provider=code,
        name="Loja",
        state=ChannelState.CONNECTED,
        state_at=now(),
        connected_at=now(),
    )
    channel.config = fixture(code)["config"]
    channel.save()
    hooks = fixture(code)["hooks"]
    bodies = [odd for case in hooks if isinstance(case["body"], dict) for odd in with_newer_words(case["body"])]
    assert len(bodies) >= len(hooks)
    raw = {json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() for body in bodies}
    for body in sorted(raw):
        store_hooks(channel, [RawHook({}, body)])
        drain_channel(channel.pk)
    drain()
    kept = {state: Receipt.objects.filter(state=state).count() for state in ReceiptState.values}
    print(f"{code}: {len(raw)} payloads, {kept}")
    assert kept["failed"] == kept["pending"] == 0
    assert [line.getMessage() for line in caplog.records if line.levelname in {"ERROR", "CRITICAL"}] == []
    # Where a word is unknown there is nothing to do, and the payload is there for whoever learns it.
    assert kept["ignored"] > 0 or code == "simulator"
    assert any(NEWER.encode() in bytes(body) for body in Receipt.objects.values_list("body", flat=True))

    known = body_of(next(case for case in hooks if any(item["type"] == "message" for item in case["expect"])))
    store_hooks(channel, [RawHook({}, known)])
    drain()
    assert not Receipt.objects.exclude(state__in=[ReceiptState.DONE, ReceiptState.IGNORED]).exists()
