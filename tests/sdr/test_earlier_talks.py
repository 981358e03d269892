"""Whoever comes back is known: what older conversations said goes on, at whatever number they were, and nobody else's (SDR-16)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from conversations.models import Conversation
from conversations.services.handling import close
from sdr.models import Qualification
from sdr.services.profiles import get_profile, update_profile
from sdr.services.turns import read_earlier
from tests.sdr.providers.openai_server import OpenAiServer, serving
from tests.sdr.talk import Talk, bot_lines
from tests.sdr.test_routing import WORDS
from tests.support.thread import simulator


@pytest.fixture
def openai(settings: Any) -> Iterator[OpenAiServer]:
    with serving() as server:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-test", server.url
        server.output = json.dumps(WORDS)
        yield server


def talk_once(talk: Talk, text: str) -> Conversation:
    """Hold a short conversation and close it."""
    thread = talk.say(text)
    talk.let_answer()
    close(Conversation.objects.get(pk=thread.pk), actor=None)
    return thread


def test_a_model_is_told_the_end_of_older_conversations(talk: Talk, openai: OpenAiServer) -> None:
    talk_once(talk, "oi, sou a Mariana, quero clareamento antes do meu casamento")
    update_profile(get_profile(), {"provider": "openai"})
    thread = talk.say("voltei!")
    talk.let_answer()
    asked = json.loads(openai.requests[-1]["input"])
    assert [line["author"] for line in asked["earlier"]] == ["customer", "bot"]
    assert asked["earlier"][0]["text"] == "oi, sou a Mariana, quero clareamento antes do meu casamento"
    assert [line["text"] for line in asked["messages"]] == ["voltei!"]
    assert asked["known"]["name"]["value"] == "Mariana"
    assert "earlier" in openai.requests[-1]["instructions"]
    assert Conversation.objects.count() == 2
    assert thread.contact_id == Qualification.objects.get().contact_id


def test_who_comes_back_is_greeted_as_known_and_asked_only_what_is_missing(talk: Talk) -> None:
    talk_once(talk, "oi, sou a Mariana Teixeira e quero clareamento")
    talk.say("oi, voltei")
    talk.let_answer()
    assert "Mariana! Que bom falar com você de novo." in bot_lines()[-1]
    assert "nome" not in bot_lines()[-1]
    assert "Aqui é a Clara" not in bot_lines()[-1]


def test_another_number_of_the_business_knows_it_too_and_another_person_does_not(talk: Talk) -> None:
    talk_once(talk, "oi, sou a Mariana e quero clareamento")
    elsewhere = Talk(simulator(), talk.phone)
    elsewhere.count = 10
    assert "clareamento" in read_earlier(elsewhere.say("oi"))[0].text
    stranger = Talk(talk.channel, "+5519997000000")
    assert read_earlier(stranger.say("oi")) == ()


def test_only_the_newest_of_long_talks_are_told(talk: Talk) -> None:
    for number in range(15):
        thread = talk.say(f"linha {number}")
        talk.let_answer()
    close(Conversation.objects.get(pk=thread.pk), actor=None)
    lines = read_earlier(talk.say("oi de novo"))
    assert len(lines) == 20
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert lines[-2].text == "linha 14" or lines[-1].text == "linha 14"


def test_an_answer_to_who_came_back_is_no_common_answer(talk: Talk, openai: OpenAiServer) -> None:
    update_profile(get_profile(), {"provider": "openai"})
    talk.say("oi")
    talk.let_answer()
    stranger = Talk(talk.channel, "+5519997000000")
    stranger.say("oi")
    stranger.let_answer()
    assert len(openai.requests) == 1  # a first "oi" is answered from the cache
    close(Conversation.objects.get(contact__phone=talk.phone), actor=None)
    talk.say("oi")
    talk.let_answer()
    assert len(openai.requests) == 2
