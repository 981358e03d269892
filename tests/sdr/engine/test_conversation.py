"""Whole conversations with customers who answer in their own way."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from sdr.contract import FACTS, BusinessProfile, ChatMessage, Fact
from sdr.engine.local import LocalModel
from sdr.engine.replies import asked_fact, closing_message
from sdr.labelled import PROFILES
from sdr.policy import check
from sdr.scoring import score

START = datetime(2026, 11, 18, 14, tzinfo=UTC)
ANSWERS = {
    "open": {"interest": "{service}", "name": "Marina Duarte", "urgency": "essa semana", "knowledge": "primeira vez",
             "location": "moro em {city}"},
    "terse": {"interest": "{service} qto custa", "name": "ju", "urgency": "mes q vem", "knowledge": "ja fiz", "location": "sou de Manaus"},
    "slow": {"interest": "queria saber de {service}", "name": "meu nome é Caio", "urgency": "sem pressa", "knowledge": "vi uns videos",
             "location": "pertinho"},
}  # fmt: skip


class Customer:
    """Answers what was asked, the first time beside the point when ``evasive``."""

    def __init__(self, style: str, profile: BusinessProfile, *, evasive: bool = False) -> None:
        values = {"service": profile.services[0].name.lower(), "city": profile.city or "Manaus"}
        self.answers = {name: text.format(**values) for name, text in ANSWERS[style].items()}
        self.evasive, self.asked = evasive, set[str]()

    def reply_to(self, text: str) -> str:
        fact = asked_fact(text)
        first = fact not in self.asked
        self.asked.add(fact)
        return "hmm deixa eu ver" if self.evasive and first else self.answers.get(fact, "ok")


def converse(
    profile: BusinessProfile, customer: Customer, first: str
) -> tuple[list[ChatMessage], Mapping[str, Fact], int]:
    history = [ChatMessage("m0", "customer", first, START)]
    closings = 0
    for step in range(1, 40, 2):
        at = START + timedelta(minutes=step)
        turn = LocalModel().answer(profile, history, {}, at)
        assert not turn.human_reason
        if all(name in turn.facts for name in FACTS) and turn.facts["interest"].value:
            assert "?" not in turn.reply
            closing = closing_message(profile, turn.facts, score(turn.facts, history).temperature, {})
            history.append(ChatMessage(f"m{step}", "bot", closing, at))
            return history, turn.facts, closings + 1
        assert turn.reply
        assert check(turn.reply, profile, history).objections == ()
        history.append(ChatMessage(f"m{step}", "bot", turn.reply, at))
        history.append(ChatMessage(f"m{step + 1}", "customer", customer.reply_to(turn.reply), at))
    return history, turn.facts, closings


def questions(history: list[ChatMessage]) -> list[str]:
    return [text.strip() for line in history if line.author == "bot" for text in re.findall(r"[^.!?]*\?", line.text)]


@pytest.mark.parametrize("evasive", [False, True])
@pytest.mark.parametrize("style", ANSWERS)
@pytest.mark.parametrize("trade", PROFILES)
def test_a_conversation_reaches_all_facts_and_closes_once(trade: str, style: str, evasive: bool) -> None:
    profile = PROFILES[trade]
    history, facts, closings = converse(profile, Customer(style, profile, evasive=evasive), "oi, boa tarde")
    asked = questions(history)
    assert set(facts) == set(FACTS)
    assert closings == 1
    assert len(asked) == len(set(asked))
    assert len([line for line in history if line.author == "bot"]) <= 12


@pytest.mark.parametrize("trade", PROFILES)
def test_replies_are_short_and_ask_one_thing(trade: str) -> None:
    profile = PROFILES[trade]
    history, _facts, _closings = converse(profile, Customer("terse", profile), "Oi")
    for line in history:
        if line.author == "bot":
            assert line.text.count("?") <= 1
            assert len(line.text) <= 260


def test_who_says_everything_at_once_is_asked_nothing() -> None:
    text = "sou a Marina Duarte, quero saber o valor do clareamento, essa semana, já fiz antes e moro em Campinas"
    turn = LocalModel().answer(PROFILES["dentist"], [ChatMessage("m0", "customer", text, START)], {}, START)
    assert set(turn.facts) == set(FACTS)
    assert "?" not in turn.reply
    assert "R$ 690,00" in turn.reply


def test_known_facts_are_not_asked_again() -> None:
    known = {"name": Fact("Ana", "first", "old"), "interest": Fact("Clareamento", "named", "old")}
    turn = LocalModel().answer(PROFILES["dentist"], [ChatMessage("m0", "customer", "oi", START)], known, START)
    assert asked_fact(turn.reply) == "urgency"


def test_the_same_conversation_gets_the_same_words() -> None:
    history = [ChatMessage("m0", "customer", "oi qto custa limpeza", START)]
    answers = {LocalModel().answer(PROFILES["dentist"], history, {}, START).reply for _ in range(3)}
    assert len(answers) == 1


def test_other_ids_get_other_words() -> None:
    replies = set()
    for index in range(12):
        history = [ChatMessage(f"x{index}", "customer", "quero clareamento", START)]
        replies.add(LocalModel().answer(PROFILES["dentist"], history, {}, START).reply)
    assert len(replies) >= 3
