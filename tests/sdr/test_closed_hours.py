"""Who writes outside an agent's hours is told so or waits, and gets one answer when it opens."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import Membership
from bookings.models import DayRule
from conversations.models import Conversation, Message, Origin
from conversations.services.handling import set_handler
from conversations.services.send import send_message
from sdr.models import Agent, Qualification, QualificationStatus, ReplyTurn
from sdr.services.abandoning import mark_abandoned
from sdr.services.agents import save_agent
from sdr.services.following import follow_up_silent
from sdr.services.profiles import get_profile, update_profile
from sdr.services.turns import wake_turns
from tests.sdr.talk import FACTS, Talk, bot_lines
from tests.support.jobs import drain

# A Friday that is past, because the database has its own clock: eight in the evening in São Paulo; the office opens on Monday at nine.
_TODAY = datetime.now(UTC).replace(hour=23, minute=0, second=0, microsecond=0)
EVENING = _TODAY - timedelta(days=(_TODAY.weekday() - 4) % 7 + 14)
MONDAY = EVENING + timedelta(days=2, hours=13)
OFFICE = {"days": [0, 1, 2, 3, 4], "start": "09:00", "end": "18:00"}
AWAY = f"Oi! Recebi sua mensagem. Agora estamos fora do horário; respondo seg {MONDAY.day} às 9h."
Clock = Callable[[datetime], None]


@pytest.fixture
def clock(talk: Talk) -> Any:
    with time_machine.travel(EVENING, tick=False) as traveller:
        yield traveller.move_to


def office(talk: Talk, ana: Membership, **values: Any) -> Agent:
    return save_agent(Agent(), {"name": "Bento", "working_hours": OFFICE} | values, [talk.channel], actor=ana)


def look() -> None:
    """Let every turn whose time has come be answered, without turning the clock."""
    wake_turns()
    drain()


def test_the_hours_are_told_once_and_the_answer_comes_at_the_opening(talk: Talk, ana: Membership, clock: Clock) -> None:
    office(talk, ana)
    talk.say(FACTS[0])
    talk.let_answer()
    talk.say("sou a Mariana")
    talk.let_answer()
    assert bot_lines() == [AWAY]
    clock(MONDAY - timedelta(seconds=1))
    look()
    assert bot_lines() == [AWAY]
    clock(MONDAY + timedelta(seconds=1))
    look()
    look()
    assert len(bot_lines()) == 2
    assert "R$ 690,00" in bot_lines()[1] and "Bento" in bot_lines()[1]
    row = Qualification.objects.get()
    assert (row.status, row.bot_messages) == (QualificationStatus.COLLECTING, 2)
    assert {"name", "interest"} <= {name for name, fact in row.facts.items() if fact}


def test_an_agent_may_keep_silent_until_it_opens(talk: Talk, ana: Membership, clock: Clock) -> None:
    office(talk, ana, closed="wait")
    talk.say(FACTS[0])
    talk.let_answer()
    assert bot_lines() == []
    clock(MONDAY + timedelta(seconds=1))
    look()
    assert len(bot_lines()) == 1


def test_its_own_words_name_the_opening(talk: Talk, ana: Membership, clock: Clock) -> None:
    office(talk, ana, away_text="Fechado! Volto {abertura}.", working_hours=OFFICE | {"days": list(range(7))})
    talk.say("oi")
    talk.let_answer()
    assert bot_lines() == ["Fechado! Volto amanhã às 9h."]


def test_in_its_hours_and_for_who_has_no_hours_nothing_changes(talk: Talk, ana: Membership, clock: Clock) -> None:
    agent = office(talk, ana)
    clock(MONDAY + timedelta(hours=1) - timedelta(days=7))
    talk.say("oi")
    talk.let_answer()
    assert "fora do horário" not in bot_lines()[0]
    clock(EVENING)
    Agent.objects.filter(pk=agent.pk).update(working_hours={})
    talk.say("quero clareamento")
    talk.let_answer()
    assert len(bot_lines()) == 2


def test_a_day_off_is_closed_where_the_agent_rests_on_it(talk: Talk, ana: Membership, clock: Clock) -> None:
    tuesday = MONDAY + timedelta(days=1)
    DayRule.objects.create(day=MONDAY.date(), name="Inventário")
    # Whatever the calendar says of that day in the year in which this runs.
    DayRule.objects.create(day=tuesday.date(), is_open=True)
    office(talk, ana, working_hours=OFFICE | {"skips_holidays": True})
    talk.say("oi")
    talk.let_answer()
    assert bot_lines() == [AWAY.replace(f"seg {MONDAY.day}", f"ter {tuesday.day}")]
    clock(MONDAY + timedelta(hours=2))
    look()
    assert len(bot_lines()) == 1
    clock(tuesday + timedelta(seconds=1))
    look()
    assert len(bot_lines()) == 2


def test_an_agent_that_works_on_days_off_answers_on_them(talk: Talk, ana: Membership, clock: Clock) -> None:
    DayRule.objects.create(day=MONDAY.date(), name="Inventário")
    office(talk, ana)
    talk.say("oi")
    talk.let_answer()
    assert bot_lines() == [AWAY]


@pytest.mark.parametrize(
    "text", ["estou sangrando muito, é emergência", "que absurdo, vou no procon!!", "quero falar com um atendente"]
)
def test_who_needs_a_person_does_not_wait_until_morning(talk: Talk, ana: Membership, clock: Clock, text: str) -> None:
    office(talk, ana)
    talk.say(text)
    talk.let_answer()
    assert Qualification.objects.get().status == QualificationStatus.HANDED_OFF
    assert Conversation.objects.get().needs_human
    assert bot_lines() == []


def test_who_asks_to_stop_is_heard_at_once(talk: Talk, ana: Membership, clock: Clock) -> None:
    office(talk, ana)
    talk.say("SAIR")
    assert "não vai mais receber" in bot_lines()[0]
    clock(MONDAY + timedelta(seconds=1))
    look()
    assert len(bot_lines()) == 1


def test_a_person_who_answers_meanwhile_has_answered(talk: Talk, ana: Membership, clock: Clock) -> None:
    office(talk, ana)
    thread = talk.say(FACTS[0])
    talk.let_answer()
    send_message(thread, body="Oi, aqui é a Ana", author=ana, origin=Origin.HUMAN)
    drain()
    clock(MONDAY + timedelta(seconds=1))
    look()
    assert bot_lines() == [AWAY]
    assert ReplyTurn.objects.get().state == "aborted"


def test_a_conversation_that_is_a_persons_by_then_is_left_alone(talk: Talk, ana: Membership, clock: Clock) -> None:
    office(talk, ana)
    thread = talk.say(FACTS[0])
    talk.let_answer()
    set_handler(thread, "human", actor=ana)
    clock(MONDAY + timedelta(seconds=1))
    look()
    assert bot_lines() == [AWAY]


def test_who_waits_for_us_is_neither_followed_up_nor_gone(talk: Talk, ana: Membership, clock: Clock) -> None:
    update_profile(get_profile(), {"follow_ups": ["Ainda aí?"], "follow_up_hours": 4})
    office(talk, ana)
    talk.say(FACTS[0])
    talk.let_answer()
    clock(EVENING + timedelta(hours=40))
    follow_up_silent()
    mark_abandoned()
    drain()
    assert bot_lines() == [AWAY]
    assert Qualification.objects.get().status == QualificationStatus.COLLECTING


def test_an_opening_that_nobody_noticed_for_long_is_a_persons(talk: Talk, ana: Membership, clock: Clock) -> None:
    office(talk, ana)
    talk.say(FACTS[0])
    talk.let_answer()
    clock(MONDAY + timedelta(minutes=16))
    look()
    assert Conversation.objects.get().needs_human == "answered_too_late"
    assert bot_lines() == [AWAY]


def test_the_word_about_the_hours_is_never_the_last_that_may_be_said(talk: Talk, ana: Membership, clock: Clock) -> None:
    office(talk, ana)
    update_profile(get_profile(), {"max_messages": 1})
    talk.say(FACTS[0])
    talk.let_answer()
    assert bot_lines() == []
    assert not Message.objects.filter(client_key__startswith="away:").exists()
