from datetime import timedelta

import pytest
import time_machine

from accounts.models import Membership, Organization
from conversations.models import Conversation, Message
from conversations.services.handling import set_handler
from conversations.services.send import send_message
from core.clock import now
from gateways.models import Channel
from leads.models import Contact
from sdr.models import Qualification, ReplyTurn
from sdr.services.profiles import get_profile, update_profile
from sdr.services.turns import run_turn, wake_turns
from tests.support.jobs import drain
from tests.support.thread import receive, simulator

pytestmark = pytest.mark.django_db
PHONE = "+5519997426108"
FACTS = [
    "Oi! Quero clareamento, quanto custa?",
    "sou a Mariana Teixeira",
    "queria ainda essa semana",
    "já fiz orçamento em outro lugar",
    "moro no Cambuí",
]


class Talk:
    """A conversation in which the quiet moments are skipped."""

    def __init__(self, channel: Channel) -> None:
        self.channel, self.count = channel, 0

    def say(self, text: str) -> Conversation:
        self.count += 1
        return receive(self.channel, PHONE, text, external_id=f"in-{self.count}", at=now().isoformat())

    def let_answer(self) -> None:
        ReplyTurn.objects.filter(state="waiting").update(wake_at=now() - timedelta(seconds=1))
        wake_turns()
        drain()


@pytest.fixture
def talk(in_acme: Organization) -> Talk:
    services = [{"name": "Clareamento", "price_cents": 69000}]
    update_profile(get_profile(), {"services": services, "city": "Campinas", "area": ["Cambuí"]})
    return Talk(simulator())


def bot_lines() -> list[str]:
    return list(Message.objects.filter(origin="bot").order_by("at", "pk").values_list("body", flat=True))


def test_a_lead_is_qualified_scored_and_handed_over_with_one_closing(talk: Talk) -> None:
    for text in FACTS:
        thread = talk.say(text)
        talk.let_answer()
    found = Qualification.objects.get()
    assert (found.status, found.temperature, found.score) == ("qualificado", "quente", 130)
    assert all(line["message_id"] for line in found.breakdown)
    thread.refresh_from_db()
    assert (thread.handler, thread.needs_human) == ("human", "qualified")
    lines = bot_lines()
    assert len(lines) == len(set(lines)) == 5
    contact = Contact.objects.get()
    assert contact.attributes["sdr_ia_status"] == "qualificado"
    assert (contact.temperature, contact.score, contact.name) == ("quente", 130, "Mariana Teixeira")


def test_every_point_names_a_message_of_the_conversation(talk: Talk) -> None:
    for text in FACTS:
        thread = talk.say(text)
        talk.let_answer()
    ids = {
        str(pk) for pk in Message.objects.filter(conversation=thread, origin="customer").values_list("pk", flat=True)
    }
    assert {line["message_id"] for line in Qualification.objects.get().breakdown} <= ids


def test_a_burst_gets_one_answer(talk: Talk) -> None:
    for text in ("oi", "tudo bem?", "queria clareamento"):
        talk.say(text)
    talk.let_answer()
    assert len(bot_lines()) == 1


def test_nothing_is_said_before_the_quiet_moment(talk: Talk) -> None:
    talk.say("oi")
    wake_turns()
    drain()
    assert bot_lines() == []


def test_a_long_burst_is_answered_at_its_deadline(talk: Talk) -> None:
    talk.say("oi")
    turn = ReplyTurn.objects.get()
    with time_machine.travel(turn.deadline_at + timedelta(seconds=1), tick=False):
        talk.say("ainda aqui")
        turn.refresh_from_db()
        assert turn.wake_at <= now()


def test_a_person_who_answers_first_silences_the_sdr(talk: Talk, ana: Membership) -> None:
    thread = talk.say("oi")
    send_message(thread, body="Oi, aqui é a Ana", author=ana, origin="human")
    drain()
    talk.let_answer()
    assert bot_lines() == []
    assert ReplyTurn.objects.get().state == "aborted"


def test_a_turn_run_twice_answers_once(talk: Talk, in_acme: Organization) -> None:
    talk.say("oi")
    turn = ReplyTurn.objects.get()
    ReplyTurn.objects.update(wake_at=now() - timedelta(seconds=1))
    for _ in range(3):
        run_turn(organization_id=str(in_acme.pk), turn_id=str(turn.pk))
    drain()
    assert len(bot_lines()) == 1


def test_a_killed_workers_turn_is_taken_up_again(talk: Talk) -> None:
    talk.say("oi")
    ReplyTurn.objects.update(
        state="thinking", fence=1, wake_at=now() - timedelta(seconds=90), lease_until=now() - timedelta(seconds=20)
    )
    wake_turns()
    drain()
    assert len(bot_lines()) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("quero falar com um atendente", "wants_human"),
        ("que absurdo, vou no procon!!", "angry"),
        ("estou sangrando muito, é emergência", "emergency"),
    ],
)
def test_a_person_takes_over_at_once(text: str, reason: str, talk: Talk) -> None:
    thread = talk.say(text)
    talk.let_answer()
    thread.refresh_from_db()
    assert (thread.handler, thread.needs_human) == ("human", reason)
    assert Qualification.objects.get().status == "handed_off"


def test_a_clear_opt_out_is_honoured_and_confirmed_once(talk: Talk) -> None:
    thread = talk.say("SAIR")
    drain()
    talk.say("SAIR")
    talk.let_answer()
    contact = Contact.objects.get(pk=thread.contact_id)
    assert contact.opted_out_at is not None
    assert len(bot_lines()) == 1


def test_an_unclear_opt_out_calls_a_person_and_blocks_nothing(talk: Talk) -> None:
    thread = talk.say("não me mande mais boletos")
    talk.let_answer()
    thread.refresh_from_db()
    assert Contact.objects.get().opted_out_at is None
    assert thread.needs_human == "opt_out_unclear"


def test_the_limit_of_messages_ends_in_a_person(talk: Talk) -> None:
    update_profile(get_profile(), {"max_messages": 2})
    for text in ("oi", "hum", "sei", "tá"):
        thread = talk.say(text)
        talk.let_answer()
    thread.refresh_from_db()
    assert len(bot_lines()) == 2
    assert thread.needs_human == "message_limit"


def test_an_old_message_is_not_answered(talk: Talk) -> None:
    receive(talk.channel, PHONE, "oi", external_id="antiga", at=(now() - timedelta(hours=2)).isoformat(), is_old=True)
    talk.let_answer()
    assert bot_lines() == []


def test_a_disabled_sdr_says_nothing(talk: Talk) -> None:
    update_profile(get_profile(), {"enabled": False})
    talk.say("oi")
    talk.let_answer()
    assert bot_lines() == []


def test_a_conversation_given_back_is_answered_again(talk: Talk, ana: Membership) -> None:
    thread = talk.say("oi")
    set_handler(thread, "human", actor=ana)
    talk.let_answer()
    assert bot_lines() == []
    set_handler(Conversation.objects.get(pk=thread.pk), "bot", actor=ana)
    talk.say("voltei")
    talk.let_answer()
    assert len(bot_lines()) == 1
