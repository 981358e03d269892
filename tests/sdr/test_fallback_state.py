"""Whichever service answers, the conversation is the same one: what was said and learnt goes along from one to the next (SDR-14)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from accounts.models import Organization
from sdr.contract import FACTS as NAMES
from sdr.models import ModelCall, Qualification, QualificationStatus
from sdr.services.profiles import get_profile, update_profile
from tests.sdr.providers.openai_server import OpenAiServer, serving
from tests.sdr.talk import Talk, bot_lines


@dataclass
class Services:
    """OpenAI, then Claude, then Gemini; behind them the local engine."""

    openai: OpenAiServer
    anthropic: OpenAiServer
    gemini: OpenAiServer

    def asked(self) -> list[int]:
        return [len(one.requests) for one in (self.openai, self.anthropic, self.gemini)]


@pytest.fixture
def services(settings: Any, talk: Talk) -> Iterator[Services]:
    with serving() as openai, serving() as anthropic, serving() as gemini:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-test", openai.url
        settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL = "sk-test", anthropic.home
        settings.GEMINI_API_KEY, settings.GEMINI_BASE_URL = "sk-test", gemini.home
        update_profile(get_profile(), {"provider": "openai", "fallbacks": ["anthropic", "gemini"]})
        yield Services(openai, anthropic, gemini)


def says(server: OpenAiServer, reply: str, **levels: tuple[str, str]) -> None:
    """Let a service answer and learn {fact: (value, level)} from the newest message."""

    def brain(data: dict[str, Any]) -> dict[str, Any]:
        newest = data["messages"][-1]["id"]
        facts = {name: {"value": v, "level": level, "message_id": newest} for name, (v, level) in levels.items()}
        return {
            "reply": reply, "facts": dict.fromkeys(NAMES) | facts, "sentiment": "calm", "human_reason": "", "unanswered": "", "sources": [],
        }  # fmt: skip

    server.brain = brain


def ask(talk: Talk, text: str) -> str:
    talk.say(text)
    talk.let_answer()
    return bot_lines()[-1]


def test_one_conversation_over_four_services(talk: Talk, services: Services, in_acme: Organization) -> None:
    says(services.openai, "Oi, Mariana! Qual serviço você procura?", name=("Mariana Teixeira", "full"))
    assert ask(talk, "oi, aqui é a Mariana Teixeira falando") == "Oi, Mariana! Qual serviço você procura?"

    services.openai.status = 500
    says(services.anthropic, "Para quando seria?", interest=("Clareamento", "asks"))
    assert ask(talk, "quanto fica o clareamento para mim então?") == "Para quando seria?"
    told = json.loads(services.anthropic.requests[-1]["messages"][0]["content"])
    assert told["known"]["name"]["value"] == "Mariana Teixeira"
    assert [line["author"] for line in told["messages"]] == ["customer", "bot", "customer"]
    assert told["messages"][1]["text"] == "Oi, Mariana! Qual serviço você procura?"

    services.anthropic.status = 529
    says(services.gemini, "Você já fez antes?", urgency=("essa semana", "week"))
    assert ask(talk, "queria fazer ainda essa semana se der certo") == "Você já fez antes?"
    told = json.loads(services.gemini.requests[-1]["contents"][0]["parts"][0]["text"])
    assert {name: fact["value"] for name, fact in told["known"].items()} == {
        "name": "Mariana Teixeira", "interest": "Clareamento",
    }  # fmt: skip
    assert len(told["messages"]) == 5

    services.gemini.hangs = False
    services.gemini.output, services.gemini.brain = '{"reply": "Voc', None
    last = ask(talk, "nunca fiz, seria a primeira vez mesmo")
    facts = {name: fact["value"] for name, fact in Qualification.objects.get().facts.items() if fact}
    assert facts["name"] == "Mariana Teixeira" and facts["interest"] == "Clareamento"
    assert {"urgency", "knowledge"} <= set(facts)
    assert last not in bot_lines()[:-1]
    assert list(ModelCall.objects.filter(error="").order_by("at", "pk").values_list("provider", "instead_of")) == [
        ("openai", ""), ("anthropic", "openai"), ("gemini", "openai"), ("local", "openai"),
    ]  # fmt: skip

    assert "tudo que preciso" in ask(talk, "moro no Cambuí")
    row = Qualification.objects.get()
    assert (row.status, row.temperature) == (QualificationStatus.QUALIFIED, "quente")
    assert len(bot_lines()) == len(set(bot_lines())) == 5


def test_the_first_answers_again_once_it_is_well(talk: Talk, services: Services) -> None:
    services.openai.status = 503
    says(services.anthropic, "Qual serviço você procura?", name=("Mariana", "first"))
    ask(talk, "oi, aqui é a Mariana, tudo bem por aí?")
    services.openai.status = 200
    says(services.openai, "Para quando seria?", interest=("Clareamento", "named"))
    assert ask(talk, "queria fazer um clareamento nos dentes") == "Para quando seria?"
    told = json.loads(services.openai.requests[-1]["input"])
    assert told["known"]["name"]["value"] == "Mariana"
    assert services.asked() == [2, 1, 0]
