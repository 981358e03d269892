from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import Membership, Organization, Team
from conversations.models import Conversation, Handler, Message, Origin
from conversations.services.handling import assign, close, set_handler
from conversations.services.send import send_message
from core.clock import now
from leads.models import Contact
from sdr.contract import Turn
from sdr.models import ModelCall, Qualification, ReplyTurn
from sdr.services import accounts, turns
from sdr.services.profiles import get_profile, update_profile
from sdr.services.turns import run_turn, wake_turns
from tests.sdr.providers.openai_server import OpenAiServer, serving
from tests.sdr.talk import FACTS, PHONE, Talk, bot_lines
from tests.support.jobs import drain
from tests.support.thread import receive, simulator

pytestmark = pytest.mark.django_db


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


def test_words_that_our_answer_overtook_are_answered_too(talk: Talk) -> None:
    said_at = now().isoformat()
    receive(talk.channel, talk.phone, "oi, sou a Mariana Teixeira", external_id="one", at=said_at)
    talk.let_answer()
    # The webhook of what was said in the same second comes after the answer.
    receive(talk.channel, talk.phone, "quanto custa o clareamento?", external_id="two", at=said_at)
    talk.let_answer()
    assert ReplyTurn.objects.order_by("-created_at").first().state == "answered"
    assert len(bot_lines()) == 2
    assert "R$ 690,00" in bot_lines()[1]
    assert Qualification.objects.get().facts["interest"]["value"] == "Clareamento"


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


# What a model does wrong never reaches the customer, and never leaves the customer without anyone.


@pytest.fixture
def openai(talk: Talk, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAiServer]:
    # Long enough for a loaded machine; only who hangs makes anybody wait for it.
    monkeypatch.setattr(accounts, "SECONDS", 2.0)
    update_profile(get_profile(), {"provider": "openai"})
    with serving() as server:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-test", server.url
        yield server


@pytest.mark.parametrize(
    "change",
    [{"status": 429}, {"hangs": True}, {"output": "{nonsense"}, {"output": ""}, {"status": 500}],
    ids=["429", "hang", "nonsense", "empty", "500"],
)
def test_a_broken_model_never_leaves_a_customer_without_an_answer(
    talk: Talk, openai: OpenAiServer, change: dict[str, Any]
) -> None:
    vars(openai).update(change)
    for text in FACTS:
        thread = talk.say(text)
        talk.let_answer()
    lines = bot_lines()
    assert len(lines) == len(set(lines)) == 5
    assert all(line.strip() and "{" not in line for line in lines)
    assert Qualification.objects.get().score == 130
    thread.refresh_from_db()
    assert thread.needs_human == "qualified"
    assert ModelCall.objects.filter(provider="local", instead_of="openai", conversation_ref=thread.pk).count() == 5


def test_an_engine_that_breaks_hands_over_to_a_person(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("sdr.engine.local.compose", broken)
    thread = talk.say("oi")
    talk.let_answer()
    thread.refresh_from_db()
    assert (thread.handler, thread.needs_human) == ("human", "model_down")
    assert ReplyTurn.objects.get().state == "failed"
    assert bot_lines() == []


def test_a_turn_that_kills_its_workers_ends_with_a_person(talk: Talk) -> None:
    thread = talk.say("oi")
    ReplyTurn.objects.update(
        state="thinking", fence=4, attempts=4, wake_at=now() - timedelta(seconds=90),
        lease_until=now() - timedelta(seconds=20),
    )  # fmt: skip
    wake_turns()
    drain()
    thread.refresh_from_db()
    assert (thread.handler, thread.needs_human) == ("human", "model_down")
    assert bot_lines() == []


def test_a_turn_taken_up_again_stays_in_the_house(talk: Talk, openai: OpenAiServer) -> None:
    talk.say("oi")
    ReplyTurn.objects.update(
        state="thinking", fence=1, attempts=1, wake_at=now() - timedelta(seconds=90),
        lease_until=now() - timedelta(seconds=20),
    )  # fmt: skip
    wake_turns()
    drain()
    assert openai.requests == []
    assert len(bot_lines()) == 1


# Who speaks while the model thinks is heard: its late answer is thrown away.


class WhileThinking:
    """Lets something happen between the question to the model and its answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def do(self, happening: Callable[[], object]) -> None:
        think = turns.think

        def late(*args: Any, **kwargs: Any) -> Turn:
            thought = think(*args, **kwargs)
            happening()
            self.monkeypatch.setattr(turns, "think", think)
            return thought

        self.monkeypatch.setattr(turns, "think", late)


@pytest.fixture
def while_thinking(monkeypatch: pytest.MonkeyPatch) -> WhileThinking:
    return WhileThinking(monkeypatch)


@pytest.mark.parametrize("how", ["writes", "takes_over", "is_put_in_charge", "closes", "pauses"])
def test_an_answer_that_comes_after_a_person_is_thrown_away(
    how: str, talk: Talk, ana: Membership, while_thinking: WhileThinking
) -> None:
    thread = talk.say("oi")
    steps: dict[str, Callable[[], object]] = {
        "writes": lambda: send_message(thread, body="Oi, aqui é a Ana", author=ana, origin=Origin.HUMAN),
        "takes_over": lambda: set_handler(thread, Handler.HUMAN, actor=ana),
        "is_put_in_charge": lambda: assign(thread, member=ana, actor=ana),
        "closes": lambda: close(thread, actor=ana),
        "pauses": lambda: set_handler(thread, Handler.PAUSED, actor=ana),
    }
    while_thinking.do(steps[how])
    talk.let_answer()
    assert bot_lines() == []
    assert ReplyTurn.objects.get().state == "aborted"


def test_who_is_put_in_charge_before_the_answer_is_not_talked_over(talk: Talk, ana: Membership) -> None:
    thread = talk.say("oi")
    assign(thread, member=ana, actor=ana)
    talk.let_answer()
    assert bot_lines() == []


def test_what_is_written_on_the_phone_itself_silences_the_sdr(talk: Talk, while_thinking: WhileThinking) -> None:
    talk.say("oi")
    while_thinking.do(
        lambda: receive(talk.channel, PHONE, "já te ligo", external_id="phone-1", at=now().isoformat(), from_me=True)
    )
    talk.let_answer()
    assert bot_lines() == []
    assert Conversation.objects.get().handler == "human"


def test_a_message_that_comes_while_thinking_joins_the_burst(talk: Talk, while_thinking: WhileThinking) -> None:
    talk.say("oi")
    while_thinking.do(lambda: talk.say("quero clareamento"))
    talk.let_answer()
    assert bot_lines() == []
    talk.let_answer()
    assert len(bot_lines()) == 1
    assert Qualification.objects.get().facts["interest"]["value"] == "Clareamento"


def test_a_message_whose_event_is_still_on_its_way_is_not_overlooked(talk: Talk, while_thinking: WhileThinking) -> None:
    thread = talk.say("oi")

    def arrives() -> None:
        Message.objects.create(
            conversation=thread, channel=talk.channel, direction="in", origin="customer", body="quero clareamento",
            state="received", external_id="early", at=now(),
        )  # fmt: skip

    while_thinking.do(arrives)
    talk.let_answer()
    assert bot_lines() == []
    assert ReplyTurn.objects.get().state == "waiting"
    talk.let_answer()
    assert len(bot_lines()) == 1


# Late and lost.


@pytest.mark.parametrize(("age", "answers"), [(1, 1), (60, 0), (25 * 60, 0)])
def test_what_comes_late_is_not_answered_by_itself(talk: Talk, age: int, answers: int) -> None:
    receive(talk.channel, PHONE, "oi", external_id="late", at=(now() - timedelta(minutes=age)).isoformat())
    talk.let_answer()
    thread = Conversation.objects.get()
    assert len(bot_lines()) == answers
    assert (thread.needs_human == "answered_too_late") is not bool(answers)


def test_an_answer_that_waited_for_hours_in_our_own_house_is_not_sent(talk: Talk) -> None:
    thread = talk.say("oi")
    with time_machine.travel(now() + timedelta(hours=2), tick=False):
        ReplyTurn.objects.update(wake_at=now() - timedelta(days=1))
        wake_turns()
        drain()
    thread.refresh_from_db()
    assert bot_lines() == []
    assert (thread.handler, thread.needs_human) == ("human", "answered_too_late")


# The end of a talk that will not bring the facts.


def test_who_answers_nothing_gets_one_closing_and_a_person(talk: Talk) -> None:
    update_profile(get_profile(), {"max_messages": 50})
    for number in range(40):
        thread = talk.say(f"hum {number}")
        talk.let_answer()
        thread.refresh_from_db()
        if thread.handler == "human":
            break
    found = Qualification.objects.get()
    assert (thread.needs_human, found.status) == ("questions_exhausted", "handed_off")
    assert found.closing_message_id == Message.objects.filter(origin="bot").latest("at").pk
    assert Contact.objects.get().attributes["sdr_ia_status"] == "handed_off"
    assert len(bot_lines()) == len(set(bot_lines()))
    talk.say("oi?")
    talk.let_answer()
    assert Message.objects.filter(client_key=f"closing:{found.pk}").count() == 1


def test_a_lead_given_back_after_the_closing_gets_no_second_one(talk: Talk, ana: Membership) -> None:
    update_profile(get_profile(), {"max_messages": 2})
    for text in ("hum", "sei"):
        thread = talk.say(text)
        talk.let_answer()
    assert Qualification.objects.get().closing_message_id
    update_profile(get_profile(), {"max_messages": 20})
    set_handler(Conversation.objects.get(pk=thread.pk), Handler.BOT, actor=ana)
    for text in FACTS:
        talk.say(text)
        talk.let_answer()
    found = Qualification.objects.get()
    assert found.status == "qualificado"
    assert Message.objects.filter(client_key__startswith="closing:").count() == 1


def test_no_lead_gets_more_than_the_limit_with_its_closing(talk: Talk) -> None:
    update_profile(get_profile(), {"max_messages": 3})
    for number in range(6):
        talk.say(f"hum {number}")
        talk.let_answer()
    assert len(bot_lines()) == 3
    assert Qualification.objects.get().bot_messages == 3


def test_a_pause_that_ran_out_lets_an_unclear_wish_reach_a_person(talk: Talk, ana: Membership) -> None:
    thread = talk.say("oi")
    set_handler(thread, Handler.PAUSED, actor=ana, until=now() - timedelta(minutes=1))
    talk.say("não me mande mais boletos")
    thread.refresh_from_db()
    assert (thread.handler, thread.needs_human) == ("human", "opt_out_unclear")


# Opting out at two levels, whoever handles the conversation.


def test_an_opt_out_is_honoured_where_no_sdr_answers(talk: Talk) -> None:
    update_profile(get_profile(), {"enabled": False})
    talk.say("SAIR")
    assert Contact.objects.get().opted_out_at is not None
    assert len(bot_lines()) == 1


def test_an_opt_out_to_one_number_holds_for_all_numbers(talk: Talk) -> None:
    talk.say("quero sair da lista de transmissão")
    Talk(simulator()).say("oi")
    assert Contact.objects.get().opted_out_at is not None


def test_an_opt_out_drops_the_answer_that_was_being_prepared(talk: Talk) -> None:
    talk.say("oi")
    talk.say("parem de me mandar mensagens")
    talk.let_answer()
    assert ReplyTurn.objects.get().outcome == "opt_out"
    assert len(bot_lines()) == 1
    assert Qualification.objects.get().status == "opted_out"


def test_an_opt_out_that_comes_late_is_honoured_in_silence(talk: Talk) -> None:
    at = (now() - timedelta(hours=3)).isoformat()
    receive(talk.channel, PHONE, "SAIR", external_id="late-out", at=at, is_old=True)
    assert Contact.objects.get().opted_out_at is not None
    assert bot_lines() == []


def test_a_conversation_passed_to_a_team_is_still_answered(talk: Talk, ana: Membership) -> None:
    thread = talk.say("oi")
    assign(thread, team=Team.objects.create(name="Recepção"), actor=ana)
    talk.let_answer()
    assert len(bot_lines()) == 1


def test_a_person_who_answers_is_on_the_contact(talk: Talk, ana: Membership) -> None:
    talk.say(FACTS[0])
    talk.let_answer()
    score = Qualification.objects.get().score
    send_message(talk.say("oi?"), body="Oi, aqui é a Ana", author=ana, origin=Origin.HUMAN)
    drain()
    contact = Contact.objects.get()
    assert (contact.attributes["sdr_ia_status"], contact.score) == ("handed_off", score)
    assert Qualification.objects.get().handoff_reason == "person"


def test_who_is_handed_over_before_anything_was_read_has_no_score(talk: Talk, ana: Membership) -> None:
    thread = talk.say("oi")
    Qualification.objects.create(contact_id=thread.contact_id, conversation=thread)
    send_message(thread, body="Oi, aqui é a Ana", author=ana, origin=Origin.HUMAN)
    drain()
    assert (Contact.objects.get().score, Contact.objects.get().temperature) == (None, "")
