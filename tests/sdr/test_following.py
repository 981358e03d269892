"""Who vanishes hears of us a few times, by day, and never once they have answered, stopped it or got a person."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Membership
from conversations.services.handling import set_handler
from leads.models import Contact
from sdr.models import Agent, Qualification, QualificationStatus
from sdr.services.abandoning import mark_abandoned
from sdr.services.agents import save_agent
from sdr.services.following import follow_up_silent
from sdr.services.profiles import get_profile, update_profile
from tests.sdr.talk import Talk, bot_lines
from tests.support.jobs import drain

TEXTS = ["Oi, {nome}! Ainda posso te ajudar?", "Fico por aqui, {nome}.", "Última mensagem, prometo!"]
# Ten in the morning in São Paulo.
MORNING = datetime(2026, 11, 18, 13, tzinfo=UTC)


@pytest.fixture
def clock(talk: Talk) -> Iterator[time_machine.Traveller]:
    update_profile(get_profile(), {"follow_ups": TEXTS, "follow_up_hours": 4})
    with time_machine.travel(MORNING, tick=False) as traveller:
        talk.say("oi, sou a Mariana")
        talk.let_answer()
        yield traveller


def look(clock: time_machine.Traveller, hours: float) -> list[str]:
    clock.move_to(MORNING + timedelta(hours=hours))
    before = len(bot_lines())
    follow_up_silent()
    drain()
    return bot_lines()[before:]


def test_a_word_after_the_silence_and_not_before(clock: time_machine.Traveller) -> None:
    assert look(clock, 3.9) == []
    assert look(clock, 4.1) == ["Oi, Mariana! Ainda posso te ajudar?"]
    assert look(clock, 4.2) == []


def test_nobody_is_written_to_at_night(clock: time_machine.Traveller) -> None:
    assert look(clock, 12) == []
    assert look(clock, 23.1) == ["Oi, Mariana! Ainda posso te ajudar?"]


def test_each_text_once_and_then_silence(clock: time_machine.Traveller) -> None:
    said = [line for day in range(6) for line in look(clock, 24 * day + 6)]
    assert said == ["Oi, Mariana! Ainda posso te ajudar?", "Fico por aqui, Mariana.", "Última mensagem, prometo!"]
    assert Qualification.objects.get().follow_ups == 3


def test_an_answer_stops_it_and_the_talk_goes_on(clock: time_machine.Traveller, talk: Talk) -> None:
    look(clock, 4.1)
    talk.say("oi, desculpa a demora! quero clareamento")
    assert look(clock, 4.2) == []
    talk.let_answer()
    assert len(bot_lines()) == 3


def test_whoever_asked_to_stop_or_has_a_person_is_left_alone(
    clock: time_machine.Traveller, talk: Talk, ana: Membership
) -> None:
    Contact.objects.update(opted_out_at=MORNING)
    assert look(clock, 5) == []
    Contact.objects.update(opted_out_at=None)
    row = Qualification.objects.select_related("conversation").get()
    assert row.conversation is not None
    set_handler(row.conversation, "human", actor=ana)
    assert look(clock, 6) == []


def test_the_limit_of_messages_holds(clock: time_machine.Traveller) -> None:
    Qualification.objects.update(bot_messages=19)
    assert look(clock, 5) == []


def test_a_business_without_texts_writes_to_nobody(clock: time_machine.Traveller) -> None:
    update_profile(get_profile(), {"follow_ups": []})
    assert look(clock, 5) == []


def test_a_day_after_the_last_word_the_lead_counts_as_abandoned(clock: time_machine.Traveller) -> None:
    look(clock, 5)
    clock.move_to(MORNING + timedelta(hours=25))
    mark_abandoned()
    assert Qualification.objects.get().status == QualificationStatus.COLLECTING
    clock.move_to(MORNING + timedelta(hours=30))
    mark_abandoned()
    assert Qualification.objects.get().status == QualificationStatus.ABANDONED


def of_an_agent(ana: Membership, **values: Any) -> Agent:
    agent = save_agent(Agent(), {"name": "Bento"} | values, [], actor=ana)
    Qualification.objects.update(agent=agent)
    return agent


def test_an_agent_follows_up_in_its_own_words_at_its_own_hours(clock: time_machine.Traveller, ana: Membership) -> None:
    of_an_agent(ana, follow_up_mode="own", follow_ups=["E aí, {nome}?"], follow_up_hours=2, follow_up_until=12)
    assert look(clock, 1.9) == []
    assert look(clock, 2.1) == []  # past noon
    assert look(clock, 23.5) == ["E aí, Mariana?"]
    assert [line for day in range(1, 4) for line in look(clock, 24 * day + 23)] == []


def test_an_agents_words_need_none_of_the_settings(clock: time_machine.Traveller, ana: Membership) -> None:
    update_profile(get_profile(), {"follow_ups": []})
    of_an_agent(ana, follow_up_mode="own", follow_ups=["E aí?"])
    assert look(clock, 5) == ["E aí?"]


def test_an_agent_may_leave_people_in_peace(clock: time_machine.Traveller, ana: Membership) -> None:
    of_an_agent(ana, follow_up_mode="never")
    assert look(clock, 5) == []


def test_an_agent_that_leaves_it_to_the_settings_still_keeps_its_hours(
    clock: time_machine.Traveller, ana: Membership
) -> None:
    of_an_agent(ana, working_hours={"days": [3], "start": "09:00", "end": "18:00"})
    assert look(clock, 5) == []  # a Wednesday
    assert look(clock, 23.5) == ["Oi, Mariana! Ainda posso te ajudar?"]


def test_an_agent_without_a_wish_of_its_own_follows_the_settings(
    clock: time_machine.Traveller, ana: Membership
) -> None:
    of_an_agent(ana)
    assert look(clock, 5) == ["Oi, Mariana! Ainda posso te ajudar?"]


FORM = {
    "enabled": "on",
    "agent_name": "Clara",
    "business_name": "Acme",
    "quiet_seconds": 8,
    "max_wait_seconds": 45,
    "max_messages": 20,
}


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"follow_ups_text": "Oi\nE aí?", "follow_up_hours": 6, "follow_up_from": 8, "follow_up_until": 20}, 302),
        ({}, 302),
        ({"follow_ups_text": "a\nb\nc\nd"}, 422),
        ({"follow_ups_text": "x" * 301}, 422),
        ({"follow_up_hours": 0}, 422),
        ({"follow_up_from": 20, "follow_up_until": 8}, 422),
        ({"follow_up_until": 25}, 422),
        ({"follow_up_hours": 99999}, 422),
    ],
)
def test_the_texts_are_set_on_the_page(
    talk: Talk, login: Callable[..., Client], ana: Membership, data: dict[str, Any], status: int
) -> None:
    client = login(ana)
    assert client.post("/sdr/", FORM | data).status_code == status
    texts = get_profile().follow_ups
    assert texts == (["Oi", "E aí?"] if status == 302 and data else [])
    if texts:
        assert "E aí?" in client.get("/sdr/").content.decode()
