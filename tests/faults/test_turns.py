"""Workers that die or stand still while the SDR answers: every burst is answered, nothing is said twice, nobody is closed twice."""

import json
import random
import re
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Organization
from accounts.services.secrets_store import set_secret
from conversations.models import Conversation, Message, MessageState
from core.clock import now
from core.crashpoints import crashpoint
from gateways.models import Channel, Receipt
from gateways.services.drain import drain_receipts
from sdr.models import ModelCall, Qualification, ReplyTurn, TurnState
from sdr.services import turns
from sdr.services.profiles import get_profile, update_profile
from tests.faults.conftest import MakeGateway
from tests.faults.gateway import Gateway
from tests.faults.scene import connect
from tests.faults.senders import Sender, Senders, until
from tests.faults.web import Hook, Web
from tests.faults.witness import database_time
from tests.gateways.conftest import message
from tests.sdr.providers.openai_server import OpenAiServer, serving
from tests.sdr.test_routing import WORDS
from tests.support.jobs import drain

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

# What customers say, burst by burst; the last burst of each says what is still missing.
SCRIPTS = {
    "quente": [
        ["quero clareamento, quanto custa?", "sou a Mariana Teixeira", "pra essa semana, já fiz antes e moro no Cambuí"]
    ],
    "morno": [["oi, sou o Caio", "queria clareamento"], ["daqui a dois meses, nunca fiz", "moro no Cambuí"]],
    "frio": [["sou a Ju, queria clareamento", "sem pressa, é a primeira vez e moro em Manaus"]],
}
SHARES = {"quente": 40, "morno": 40, "frio": 20}
CUSTOMERS = [temperature for temperature, count in SHARES.items() for _ in range(count)]
WORKERS, KILLS = 3, 20


@pytest.fixture
def clinic(in_acme: Organization) -> Organization:
    services = [{"name": "Clareamento", "price_cents": 69000}]
    update_profile(get_profile(), {"services": services, "city": "Campinas", "area": ["Cambuí"], "quiet_seconds": 1})
    return in_acme


def said_by(channel: Channel, number: int, step: int, place: int, text: str) -> Hook:
    chat = f"55199970{number:05d}@c.us"
    where = f"{number:04}{step}{place}"
    told = message(int(where), text, **{"from": chat, "id": f"false_{chat}_{where}"})
    return channel, told | {"session": "loja"}


def burst_of(channel: Channel, step: int) -> list[Hook]:
    """Return what all customers say in this step, in order, each webhook twice in a row."""
    return [
        said_by(channel, number, step, place, text)
        for number, kind in enumerate(CUSTOMERS)
        for place, text in enumerate(SCRIPTS[kind][step] if step < len(SCRIPTS[kind]) else ())
        for _delivery in range(2)
    ]


class Crew:
    """Workers that are killed and replaced."""

    def __init__(self, senders: Senders, dice: random.Random) -> None:
        self.senders, self.dice, self.killed = senders, dice, 0
        self.workers = [senders.start(role="worker", turn_lease=10, send_lease=15) for _ in range(WORKERS)]
        self.cron = senders.start(role="cron")

    def kill_one(self) -> None:
        place = self.dice.randrange(WORKERS)
        self.killed += self.workers[place].kill()
        self.workers[place] = self.senders.start(role="worker", turn_lease=10, send_lease=15)

    def kill_the_clock(self) -> None:
        self.killed += self.cron.kill()
        self.cron = self.senders.start(role="cron")


def finished() -> int:
    return ReplyTurn.objects.exclude(state__in=["waiting", "thinking"]).count()


def is_quiet(customers: int) -> bool:
    """Tell whether everybody who wrote was answered and nothing is on its way."""
    waits = ReplyTurn.objects.filter(state__in=["waiting", "thinking"]).exists()
    leaves = Message.objects.filter(state__in=[MessageState.QUEUED, MessageState.SENDING]).exists()
    unread = Receipt.objects.filter(state="pending").exists()
    return not (waits or leaves or unread) and Qualification.objects.exclude(bot_messages=0).count() >= customers


def talk_through(web: Web, crew: Crew, hooks: list[Hook], kills: int) -> None:
    """Deliver what customers say while workers are killed at odd moments, the clock once; return when all is answered."""
    before, kinds = finished(), len({hook[1]["payload"]["from"] for hook in hooks})
    third = len(hooks) // 3
    for number, part in enumerate((hooks[:third], hooks[third : 2 * third], hooks[2 * third :])):
        assert set(web.post_all(part, threads=6)) <= {200}
        for _kill in range(kills // 4):
            crew.kill_one()
        if number == 1:
            crew.kill_the_clock()
    for number in range(kills - 3 * (kills // 4)):
        until(lambda: finished() - before >= kinds * number // kills, "some are answered")  # noqa: B023
        crew.kill_one()


def test_a_hundred_qualifications_under_kills_end_as_they_should_and_say_nothing_twice(
    clinic: Organization, senders: Senders, web: Web, make_gateway: MakeGateway
) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    gateway = make_gateway("loja", latency_ms=10)
    channel = connect(gateway, "loja")
    crew = Crew(senders, random.Random(seed))
    talk_through(web, crew, burst_of(channel, 0), KILLS * 2 // 3)
    until(lambda: is_quiet(len(CUSTOMERS)), "the first burst is answered", 400)
    talk_through(web, crew, burst_of(channel, 1), KILLS - KILLS * 2 // 3)
    until(lambda: is_quiet(len(CUSTOMERS)) and all_are_qualified(), "all are qualified", 400)
    senders.end_all()

    print(
        f"{crew.killed} kills, {gateway.count()} messages, {Counter(Message.objects.values_list('state', flat=True))}"
    )
    assert crew.killed >= KILLS
    assert Counter(Qualification.objects.values_list("temperature", flat=True)) == SHARES
    assert_each_heard_once(gateway)


def all_are_qualified() -> bool:
    return Qualification.objects.filter(status="qualificado").count() == len(CUSTOMERS)


def assert_each_heard_once(gateway: Gateway) -> None:
    hits = gateway.hits()
    # What reached a phone: no text twice, no closing but one, and all that the product says was sent.
    assert [pair for pair, count in Counter((hit["chatId"], hit["text"]) for hit in hits).items() if count > 1] == []
    spoken = Message.objects.filter(origin="bot")
    assert spoken.filter(client_key__startswith="closing:").count() == Conversation.objects.count() == len(CUSTOMERS)
    sent, doubtful = spoken.exclude(external_id=None).count(), spoken.filter(state=MessageState.UNKNOWN).count()
    assert sent <= len(hits) <= sent + doubtful
    assert sent + doubtful == spoken.count()
    customers = Message.objects.filter(origin="customer")
    assert customers.count() == sum(len(burst) for kind in CUSTOMERS for burst in SCRIPTS[kind])
    assert list(Receipt.objects.values_list("duplicates", flat=True)) == [1] * customers.count()
    for thread in Conversation.objects.all():
        lines = list(spoken.filter(conversation=thread).values_list("body", flat=True))
        answered = ReplyTurn.objects.filter(conversation=thread, state=TurnState.ANSWERED).count()
        assert len(lines) == len(set(lines)) == answered


# ---- One turn, one death --------------------------------------------------------------------------------------------


@pytest.fixture
def waiting(clinic: Organization, make_gateway: MakeGateway, senders: Senders) -> Iterator[tuple[Gateway, ReplyTurn]]:
    """A customer has written, and the quiet moment is over."""
    gateway = make_gateway("loja")
    channel = connect(gateway, "loja")
    turn = hear(
        channel,
        0,
        "quero clareamento, quanto custa? sou a Mariana Teixeira, pra essa semana, já fiz antes e moro no Cambuí",
    )
    yield gateway, turn


def hear(channel: Channel, number: int, text: str) -> ReplyTurn:
    _channel, told = said_by(channel, number, 0, 0, text)
    body = json.dumps(told).encode()
    Receipt.objects.create(organization_id=channel.organization_id, channel=channel, dedupe_key=f"h{number}", body=body)
    drain_channel(channel)
    ReplyTurn.objects.update(wake_at=now() - timedelta(seconds=1))
    return ReplyTurn.objects.get()  # type: ignore[no-any-return]


def drain_channel(channel: Channel) -> None:
    drain_receipts(organization_id=str(channel.organization_id), channel_id=str(channel.pk))
    drain()


def at_turn(senders: Senders, turn: ReplyTurn, **options: Any) -> Sender:
    return senders.start(role="turn", organization_id=str(turn.organization_id), turn_id=str(turn.pk), **options)


def lapse(turn: ReplyTurn) -> None:
    """Wait until nobody holds the turn any more."""
    rows = ReplyTurn.objects.filter(pk=turn.pk)
    until(lambda: not rows.filter(lease_until__gt=database_time()).exists(), "the lease has lapsed")


def bot_messages() -> int:
    return Message.objects.filter(origin="bot").count()


@pytest.mark.parametrize("point", ["turn.taken", "turn.thought", "turn.finishing", "turn.finished"])
def test_a_worker_that_dies_anywhere_in_a_turn_leaves_one_answer(
    waiting: tuple[Gateway, ReplyTurn], senders: Senders, point: str
) -> None:
    gateway, turn = waiting
    dying = at_turn(senders, turn, crash_at=point)
    assert dying.end() == -signal.SIGKILL
    assert bot_messages() == (point == "turn.finished")
    lapse(turn)
    for _worker in range(2):
        assert at_turn(senders, turn).end() == 0
    drain()
    assert bot_messages() == gateway.count() == 1
    assert Qualification.objects.get().status == "qualificado"
    assert ReplyTurn.objects.get().state == TurnState.ANSWERED


def test_every_point_of_a_turn_is_tried() -> None:
    text = Path(turns.__file__).read_text()
    assert set(re.findall(r'crashpoint\("([^"]+)"\)', text)) == {
        "turn.taken", "turn.thought", "turn.finishing", "turn.finished",
    }  # fmt: skip
    assert turns.crashpoint is crashpoint


def test_a_worker_that_stood_still_for_too_long_finds_the_turn_answered(
    waiting: tuple[Gateway, ReplyTurn], senders: Senders
) -> None:
    gateway, turn = waiting
    frozen = at_turn(senders, turn, freeze_at="turn.thought")
    until(frozen.is_frozen, "it stands still")
    lapse(turn)
    assert at_turn(senders, turn).end() == 0
    frozen.signal(signal.SIGCONT)
    assert frozen.end() == 0
    drain()
    assert bot_messages() == gateway.count() == 1
    assert Message.objects.filter(client_key__startswith="closing:").count() == 1


def test_two_workers_at_one_conversation_give_one_answer(waiting: tuple[Gateway, ReplyTurn], senders: Senders) -> None:
    gateway, turn = waiting
    pair = [at_turn(senders, turn, turn_lease=60) for _ in range(4)]
    assert [worker.end() for worker in pair] == [0] * 4
    drain()
    assert bot_messages() == gateway.count() == 1
    assert ReplyTurn.objects.get().attempts == 1


def test_a_death_between_the_models_answer_and_the_send_is_paid_for_once(
    waiting: tuple[Gateway, ReplyTurn], senders: Senders
) -> None:
    gateway, turn = waiting
    with serving() as server:
        paid = use(server)
        dying = at_turn(senders, turn, crash_at="turn.thought", settings=paid)
        assert dying.end() == -signal.SIGKILL
        assert (len(server.requests), bot_messages()) == (1, 0)
        lapse(turn)
        assert at_turn(senders, turn, settings=paid).end() == 0
        assert len(server.requests) == 1
    drain()
    assert bot_messages() == gateway.count() == 1
    assert list(ModelCall.objects.order_by("at").values_list("provider", flat=True)) == ["openai", "local"]


def use(server: OpenAiServer) -> dict[str, str]:
    """Let a provider answer; return the settings that say where it is."""
    server.output = json.dumps(WORDS)
    set_secret("openai", "sk-test", actor=None)
    update_profile(get_profile(), {"provider": "openai"})
    return {"OPENAI_BASE_URL": server.url}
