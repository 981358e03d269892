"""The same sentences for every provider of the SDR: whoever answers, a conversation goes on as it should.

The part of the services is played by a loopback server that takes strict schemas only; what it "understands" is what a careful reader would.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pytest

from sdr.contract import FACTS, Account, BusinessProfile, ChatMessage, Copy, CopyBrief, Fact, Provider, Turn
from sdr.copywriting import acceptable, generate_copy, similarity
from sdr.copywriting.checks import TOO_ALIKE
from sdr.engine.local import LocalModel
from sdr.labelled import NOW, PROFILES, Dialog, load_dialogs
from sdr.policy import check
from sdr.registry import PROVIDERS, get_provider
from sdr.scoring import score
from tests.sdr.providers.openai_server import OpenAiServer, serving

DIALOGS = load_dialogs("tuning")
BRIEF = CopyBrief("Sou dentista. Oferecemos limpeza e clareamento.", "", "Sorriso Vivo")


@dataclass
class Side:
    """One provider with the other end of its wire."""

    provider: Provider
    account: Account
    server: OpenAiServer | None = None

    def answer(
        self, profile: BusinessProfile, history: list[ChatMessage], known: Mapping[str, Fact] | None = None
    ) -> Turn:
        if self.server:
            self.server.brain = reader_of(profile)
        return self.provider.answer(self.account, profile, history, known or {}, NOW)

    def write(self, count: int, brief: CopyBrief = BRIEF) -> Copy:
        if self.server:
            self.server.brain = lambda data: {"messages": generate_copy(data["business"], data["product"], count=count)}
        return self.provider.write_copy(self.account, brief, count)


def reader_of(profile: BusinessProfile) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what reads a request as a good model would and answers in the schema."""

    def read(data: dict[str, Any]) -> dict[str, Any]:
        history = [ChatMessage(line["id"], line["author"], line["text"], NOW) for line in data["messages"]]
        known = {name: Fact(**fact) for name, fact in data["known"].items()}
        turn = LocalModel().answer(profile, history, known, NOW)
        facts = {name: _plain(turn.facts.get(name)) for name in FACTS}
        return {
            "reply": turn.reply,
            "facts": facts,
            "sentiment": turn.sentiment.value,
            "human_reason": turn.human_reason,
            "unanswered": turn.unanswered,
            "sources": [],
        }

    return read


def _plain(fact: Fact | None) -> dict[str, str] | None:
    return {"value": fact.value, "level": fact.level, "message_id": fact.message_id} if fact else None


@pytest.fixture(params=sorted(PROVIDERS))
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    provider = get_provider(request.param)
    if not provider.needs_key:
        yield Side(provider, Account())
        return
    with serving() as server:
        yield Side(provider, Account("sk-test", "some-model", address_of(request.param, server)), server)


def address_of(code: str, server: OpenAiServer) -> str:
    return server.url if code in {"openai", "compatible"} else server.home


def spoken(talk: Dialog) -> bool:
    return talk.opt_out == "none"


TALKS = [talk for talk in DIALOGS if spoken(talk)][:24]


@pytest.mark.parametrize("talk", TALKS, ids=range(len(TALKS)))
def test_a_dialog_teaches_the_same_facts_and_temperature(side: Side, talk: Dialog) -> None:
    turn = side.answer(talk.profile, talk.history)
    assert {name: turn.facts[name].level if name in turn.facts else None for name in FACTS} == {
        name: talk.facts.get(name) for name in FACTS
    }
    assert score(turn.facts, talk.history).temperature == talk.temperature
    assert turn.human_reason == talk.human_reason


@pytest.mark.parametrize("talk", TALKS, ids=range(len(TALKS)))
def test_every_fact_is_said_by_the_customer(side: Side, talk: Dialog) -> None:
    said = {line.id: line.text for line in talk.history if line.author == "customer"}
    facts = side.answer(talk.profile, talk.history).facts
    assert all(fact.message_id in said and fact.quote in said[fact.message_id] for fact in facts.values())


@pytest.mark.parametrize("talk", TALKS, ids=range(len(TALKS)))
def test_an_answer_is_neither_blank_nor_raw_nor_invented(side: Side, talk: Dialog) -> None:
    turn = side.answer(talk.profile, talk.history)
    done = all(name in turn.facts for name in FACTS)
    assert bool(turn.reply.strip()) or done or turn.human_reason
    assert not turn.reply.startswith(("{", "[", "<", "`"))
    assert check(turn.reply, talk.profile, talk.history).objections == ()
    assert turn.reply.count("?") <= 1


def test_a_conversation_from_the_first_word_to_the_last_fact(side: Side) -> None:
    profile = PROFILES["dentist"]
    history: list[ChatMessage] = []
    known: Mapping[str, Fact] = {}
    for number, text in enumerate(
        ["Oi! Quero clareamento, quanto custa?", "sou a Mariana Teixeira", "essa semana", "já fiz", "moro no Cambuí"]
    ):
        history.append(ChatMessage(f"c{number}", "customer", text, NOW))
        turn = side.answer(profile, history, known)
        known = turn.facts
        history.append(ChatMessage(f"b{number}", "bot", turn.reply or "fim", NOW))
    assert set(known) == set(FACTS)
    assert "?" not in turn.reply


def test_what_was_known_is_kept(side: Side) -> None:
    known = {"name": Fact("Ana", "first", "older", "sou a Ana")}
    turn = side.answer(PROFILES["dentist"], [ChatMessage("m1", "customer", "quero clareamento", NOW)], known)
    assert turn.facts["name"] == known["name"]


@pytest.mark.parametrize("reason", ["wants_human", "angry", "emergency"])
def test_who_needs_a_person_gets_no_words_of_a_machine(side: Side, reason: str) -> None:
    texts = {
        "wants_human": "quero falar com um atendente",
        "angry": "que absurdo, vou no procon!!",
        "emergency": "estou sangrando muito, é emergência",
    }
    turn = side.answer(PROFILES["dentist"], [ChatMessage("m1", "customer", texts[reason], NOW)])
    assert (turn.human_reason, turn.reply) == (reason, "")


@pytest.mark.parametrize("count", [1, 3])
def test_campaign_texts_keep_to_the_form_and_differ(side: Side, count: int) -> None:
    copy = side.write(count)
    assert len(copy.texts) == count
    assert all(acceptable(text, BRIEF.context) for text in copy.texts)
    assert all(similarity(one, other) < TOO_ALIKE for one, other in combinations(copy.texts, 2))


def test_every_answer_says_what_it_used(side: Side) -> None:
    used = side.answer(PROFILES["dentist"], [ChatMessage("m1", "customer", "oi", NOW)]).usage
    assert used.model
    assert (used.input_tokens > 0) == side.provider.needs_key


def test_a_provider_is_made_once() -> None:
    assert all(get_provider(code) is get_provider(code) and get_provider(code).code == code for code in PROVIDERS)
