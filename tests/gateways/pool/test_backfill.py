"""What did not reach us is fetched from the phone's history (O-04)."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import orjson
import pytest
import time_machine

from accounts.models import Membership
from conversations.models import Attachment, Message
from core.clock import now
from gateways.calls import Answer, FailureKind, HttpCall, HttpReply, Operation, R, TransportFailure
from gateways.contract import MediaRef, RawHook
from gateways.intake.ingest import store_hooks
from gateways.models import Channel, ChannelState, MissingSpan, Receipt
from gateways.pool.backfill import MOST_TRIES, compare_histories, look_back
from gateways.pool.silence import DOWN, watch_silences
from gateways.providers.waha.adapter import WahaAdapter
from gateways.providers.waha.config import WahaConfig
from gateways.services.states import mark_state
from gateways.transport import sync
from tests.gateways.conftest import MakeChannel
from tests.gateways.providers.payloads import play
from tests.support.jobs import drain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]
AT = datetime(2026, 11, 20, 14, 30, tzinfo=ZoneInfo("America/Sao_Paulo"))
CONFIGS: dict[str, dict[str, Any]] = {
    "waha": {"base_url": "http://127.0.0.1:3000", "session": "default", "api_key": "chave-da-api", "hmac_key": ""},
    "evolution": {"base_url": "http://127.0.0.1:8080", "instance": "loja", "key": "chave-da-api"},
    "mega": {"base_url": "http://127.0.0.1:9000", "instance_key": "megastart-1", "token": "chave-da-api"},
}


class Phone:
    """A phone with its chats behind a WAHA or an Evolution server; ``page`` is how many rows an answer holds at most."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.calls: list[HttpCall] = []
        self.broken: Answer | None = None
        self.knows_filters = True

    def hears(self, number: int, person: int = 0, **more: Any) -> dict[str, Any]:
        one = {
            "id": f"ID{number:05}",
            "digits": f"55119999{person:05}",
            "text": f"mensagem {number}",
            "at": now(),
            **more,
        }
        self.messages.append(one)
        return one

    def run(self, operation: "Operation[R]", **_rest: Any) -> R:
        try:
            call = next(operation)
            while True:
                self.calls.append(call)
                call = operation.send(self.broken or self._answer(call))
        except StopIteration as finished:
            result: R = finished.value
            return result

    def _answer(self, call: HttpCall) -> Answer:
        url = urlsplit(call.url)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path.endswith("/chats/overview"):
            return reply(self._overview(int(query["offset"]), int(query["limit"])))
        if url.path.endswith("/messages"):
            return reply(self._of_chat(unquote(url.path.split("/")[-2]), query))
        if "/chat/findMessages/" in url.path:
            return reply(self._found(call.json))
        return HttpReply(404, b"{}")

    def _newest_first(self) -> list[dict[str, Any]]:
        return sorted(self.messages, key=lambda one: one["at"], reverse=True)

    def _overview(self, offset: int, limit: int) -> list[Any]:
        chats = {one["digits"]: one for one in reversed(self._newest_first())}
        rows = sorted(chats.values(), key=lambda one: one["at"], reverse=True)
        found = [{"id": f"{one['digits']}@c.us", "name": "Paula", "lastMessage": as_waha(one)} for one in rows]
        return ([{"id": "12036300001@g.us", "lastMessage": {"timestamp": int(now().timestamp())}}, *found])[
            offset : offset + limit
        ]

    def _of_chat(self, chat: str, query: dict[str, str]) -> list[Any]:
        rows = [one for one in self._newest_first() if f"{one['digits']}@c.us" == chat]
        if self.knows_filters:
            low, high = int(query["filter.timestamp.gte"]), int(query["filter.timestamp.lte"])
            rows = [one for one in rows if low <= int(one["at"].timestamp()) <= high]
        start = int(query["offset"])
        return [as_waha(one) for one in rows][start : start + int(query["limit"])]

    def _found(self, body: dict[str, Any]) -> dict[str, Any]:
        span = body["where"]["messageTimestamp"]
        low, high = datetime.fromisoformat(span["gte"]), datetime.fromisoformat(span["lte"])
        rows = [as_evolution(one) for one in self._newest_first() if low <= one["at"] <= high]
        start, size = (body["page"] - 1) * body["offset"], body["offset"]
        pages = -(-len(rows) // size)
        return {
            "messages": {
                "total": len(rows),
                "pages": pages,
                "currentPage": body["page"],
                "records": rows[start : start + size],
            }
        }


def reply(value: Any) -> HttpReply:
    return HttpReply(200, orjson.dumps(value))


def as_waha(one: dict[str, Any]) -> dict[str, Any]:
    chat, mine = f"{one['digits']}@c.us", one.get("mine", False)
    return {"id": f"{str(mine).lower()}_{chat}_{one['id']}", "timestamp": int(one["at"].timestamp()), "from": chat, "fromMe": mine,
            "to": "5511988880000@c.us", "body": one["text"], "hasMedia": one.get("media", False), "media": None}  # fmt: skip


def as_evolution(one: dict[str, Any]) -> dict[str, Any]:
    key = {"id": one["id"], "remoteJid": f"{one['digits']}@s.whatsapp.net", "fromMe": one.get("mine", False)}
    return {"key": key, "pushName": "Paula", "messageType": "conversation", "message": {"conversation": one["text"]},
            "messageTimestamp": int(one["at"].timestamp())}  # fmt: skip


def hook_of(provider: str, one: dict[str, Any]) -> RawHook:
    event: dict[str, Any] = {"event": "message.any", "session": "default", "payload": as_waha(one)}
    if provider == "evolution":
        event = {"event": "messages.upsert", "instance": "loja", "data": as_evolution(one)}
    return RawHook({}, orjson.dumps(event))


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> Phone:
    made = Phone()
    monkeypatch.setattr(sync, "run", made.run)
    return made


@pytest.fixture
def connected(make_channel: MakeChannel) -> Callable[[str], Channel]:
    def make(provider: str) -> Channel:
        start = AT - timedelta(days=10)
        return make_channel(
            provider=provider, config=CONFIGS[provider], state=ChannelState.CONNECTED, state_at=start, connected_at=start
        )  # fmt: skip

    return make


def stored() -> list[str]:
    return sorted(Message.objects.filter(direction="in").values_list("external_id", flat=True))


both = pytest.mark.parametrize("provider", ["waha", "evolution"])


@both
def test_one_webhook_in_twenty_lost_for_an_hour_and_every_message_is_here(
    phone: Phone, connected: Callable[[str], Channel], provider: str
) -> None:
    channel, dice, lost = connected(provider), random.Random(4), []
    with time_machine.travel(AT, tick=False) as clock:
        for minute in range(60):
            for number in range(minute * 2, minute * 2 + 2):
                one = phone.hears(number, person=dice.randrange(40))
                if dice.random() < 0.05:
                    lost.append(one)
                else:
                    store_hooks(channel, [hook_of(provider, one)])
            clock.shift(timedelta(minutes=1))
            if minute % 10 == 9:
                drain()
                compare_histories()
                drain()
        clock.shift(timedelta(minutes=10))
        compare_histories()
        drain()
        assert len(lost) >= 3
        assert stored() == [f"ID{number:05}" for number in range(120)]
        [span] = MissingSpan.objects.all()
        assert (span.reason, span.recovered) == ("lost", len(lost))
        assert (span.since, span.until) == (lost[0]["at"], lost[-1]["at"])
        # Who is answered by itself is who wrote a moment ago.
        late = Message.objects.filter(data__recovered=True).values_list("external_id", flat=True)
        assert set(late) <= {one["id"] for one in lost}


@both
def test_what_was_written_while_a_number_was_down_comes_when_it_is_back(
    phone: Phone, connected: Callable[[str], Channel], provider: str, ana: Membership, login: Any
) -> None:
    channel = connected(provider)
    with time_machine.travel(AT, tick=False) as clock:
        mark_state(channel, ChannelState.DISCONNECTED, "unreachable")
        clock.shift(timedelta(minutes=5))
        watch_silences()
        for number in range(110):
            phone.hears(number, person=0)
        phone.hears(900, mine=True)
        clock.shift(timedelta(minutes=20))
        mark_state(channel, ChannelState.CONNECTED)
        watch_silences()
        drain()
        span = MissingSpan.objects.get()
        assert (span.reason, span.recovered, span.looked_at) == (DOWN, 110, now())
        assert len(stored()) == 110 == len(set(stored()))
        assert "Recuperamos 110 mensagens do histórico" in login(ana).get("/numeros/silencios/").content.decode()
        # Asked again, nothing comes twice.
        calls = len(phone.calls)
        look_back()
        compare_histories()
        drain()
        assert len(phone.calls) > calls and len(stored()) == 110
        assert MissingSpan.objects.get().recovered == 110


def test_a_server_without_filters_is_read_from_the_newest_on(phone: Phone, connected: Callable[[str], Channel]) -> None:
    channel, phone.knows_filters = connected("waha"), False
    with time_machine.travel(AT, tick=False) as clock:
        clock.shift(timedelta(hours=-5))
        for number in range(350):
            phone.hears(number)
        clock.shift(timedelta(hours=4, minutes=50))
        for number in range(350, 353):
            phone.hears(number)
        clock.shift(timedelta(minutes=10))
        compare_histories()
        drain()
    assert stored() == ["ID00350", "ID00351", "ID00352"]
    assert len([call for call in phone.calls if call.url.partition("?")[0].endswith("/messages")]) == 1
    assert Channel.objects.get(pk=channel.pk).compared_at == AT - timedelta(minutes=2)


def test_a_provider_without_history_is_named(
    phone: Phone, connected: Callable[[str], Channel], ana: Membership, login: Any
) -> None:
    MissingSpan.objects.create(channel=connected("mega"), reason=DOWN, since=AT, until=AT + timedelta(minutes=9))
    with time_machine.travel(AT + timedelta(minutes=10), tick=False):
        look_back()
        drain()
        span = MissingSpan.objects.get()
        assert (span.recovered, span.looked_at, phone.calls) == (None, now(), [])
        assert "não guarda histórico" in login(ana).get("/numeros/silencios/").content.decode()


@pytest.mark.parametrize(
    "trouble",
    [
        HttpReply(400, b'{"message":"Enable NOWEB store"}'),
        HttpReply(200, b"null"),
        TransportFailure(FailureKind.NOT_SENT, "refused"),
    ],
    ids=["store off", "not a list", "unreachable"],
)
def test_a_history_that_cannot_be_read_is_tried_again_and_shown_until_then(
    phone: Phone, connected: Callable[[str], Channel], ana: Membership, login: Any, trouble: Answer
) -> None:
    channel = connected("waha")
    MissingSpan.objects.create(channel=channel, reason=DOWN, since=AT, until=AT + timedelta(minutes=9))
    with time_machine.travel(AT + timedelta(minutes=5), tick=False) as clock:
        phone.hears(1)
        phone.broken = trouble
        clock.shift(timedelta(minutes=5))
        look_back()
        compare_histories()
        drain()
        span = MissingSpan.objects.get()
        assert (span.recovered, span.tries) == (None, 1)
        assert Channel.objects.get(pk=channel.pk).compared_at is None
        assert "Ainda não conseguimos ler o histórico" in login(ana).get("/numeros/silencios/").content.decode()
        calls = len(phone.calls)
        look_back()
        drain()
        assert len(phone.calls) == calls, "not at once"
        phone.broken = None
        clock.shift(timedelta(minutes=11))
        look_back()
        drain()
        span.refresh_from_db()
        assert (span.recovered, stored()) == (1, ["ID00001"])


def test_it_gives_up_after_some_tries(phone: Phone, connected: Callable[[str], Channel]) -> None:
    MissingSpan.objects.create(channel=connected("waha"), reason=DOWN, since=AT, until=AT + timedelta(minutes=9))
    phone.broken = HttpReply(500, b"")
    with time_machine.travel(AT + timedelta(minutes=10), tick=False) as clock:
        for _hour in range(40):
            look_back()
            drain()
            clock.shift(timedelta(hours=1))
    assert MissingSpan.objects.get().tries == MOST_TRIES == len(phone.calls)


def test_what_is_older_than_the_connection_is_not_asked_for(phone: Phone, connected: Callable[[str], Channel]) -> None:
    channel = connected("waha")
    with time_machine.travel(AT, tick=False) as clock:
        clock.shift(timedelta(minutes=-30))
        phone.hears(1)
        clock.shift(timedelta(minutes=10))
        Channel.objects.filter(pk=channel.pk).update(connected_at=now())
        phone.hears(2)
        clock.shift(timedelta(minutes=20))
        compare_histories()
        drain()
    assert stored() == ["ID00002"]
    assert Receipt.objects.count() == 1


def test_a_file_of_the_past_is_found_through_its_message(phone: Phone, connected: Callable[[str], Channel]) -> None:
    connected("waha")
    with time_machine.travel(AT, tick=False) as clock:
        phone.hears(7, media=True)
        clock.shift(timedelta(minutes=5))
        compare_histories()
        drain()
    path = "/api/default/chats/5511999900000%40c.us/messages/false_5511999900000%40c.us_ID00007"
    assert Attachment.objects.get().remote["url"] == path
    config = WahaConfig.model_validate(CONFIGS["waha"])
    answers = reply({"media": {"url": "http://10.0.0.1/api/files/foto.jpg"}}), HttpReply(200, b"JPEG")
    found, calls = play(WahaAdapter().fetch_media(config, MediaRef("image/jpeg", "", path)), *answers)
    assert found == answers[1]
    assert [call.url for call in calls] == [
        f"http://127.0.0.1:3000{path}?downloadMedia=true", "http://127.0.0.1:3000/api/files/foto.jpg",
    ]  # fmt: skip
