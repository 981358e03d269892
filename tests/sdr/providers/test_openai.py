import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sdr.contract import Account, ChatMessage, CopyBrief, Fact, ModelAnswerError, ModelUnavailableError, Sentiment, Turn
from sdr.labelled import PROFILES
from sdr.providers.openai import wire
from sdr.providers.openai.adapter import provider as openai_provider
from tests.sdr.providers.openai_server import OpenAiServer, serving

NOW = datetime(2026, 11, 18, 14, tzinfo=UTC)
HISTORY = [
    ChatMessage("m1", "customer", "oi, sou a Ana", NOW),
    ChatMessage("m2", "bot", "Qual serviço você procura?", NOW),
    ChatMessage("m3", "customer", "clareamento, quanto custa?", NOW),
]
NOTHING: dict[str, Any] = dict.fromkeys(("name", "interest", "urgency", "knowledge", "location"))


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with serving() as state:
        yield state


def says(server: OpenAiServer, **changes: Any) -> None:
    answer = {
        "reply": "Para quando seria?",
        "facts": NOTHING,
        "sentiment": "calm",
        "human_reason": "",
        "unanswered": "",
    }
    server.output = json.dumps({**answer, **changes})


def turn_of(server: OpenAiServer, known: dict[str, Fact] | None = None) -> Turn:
    account = Account("sk-test", "some-model", server.url)
    return openai_provider().answer(account, PROFILES["dentist"], HISTORY, known or {}, NOW)


def test_a_turn_is_read_from_the_answer(server: OpenAiServer) -> None:
    facts = {**NOTHING, "name": {"value": "Ana", "level": "first", "message_id": "m1"}}
    says(server, facts=facts, sentiment="positive", unanswered="parcela?")
    turn = turn_of(server)
    assert turn.reply == "Para quando seria?"
    assert turn.facts == {"name": Fact("Ana", "first", "m1", "oi, sou a Ana")}
    assert (turn.sentiment, turn.unanswered, turn.human_reason) == (Sentiment.POSITIVE, "parcela?", "")
    assert (turn.usage.model, turn.usage.input_tokens, turn.usage.output_tokens) == ("some-model", 321, 45)


def test_the_request_is_strict_and_stores_nothing(server: OpenAiServer) -> None:
    says(server)
    turn_of(server)
    [sent] = server.requests
    assert (sent["path"], sent["model"], sent["store"]) == ("/v1/responses", "some-model", False)
    assert sent["text"]["format"]["strict"] is True
    assert sent["text"]["format"]["schema"]["additionalProperties"] is False
    assert [line["id"] for line in json.loads(sent["input"])["messages"]] == ["m1", "m2", "m3"]
    assert "R$ 690.00" in sent["instructions"]
    assert sent["max_output_tokens"] > 0
    assert server.keys == ["Bearer sk-test"]


@pytest.mark.parametrize(
    "fact",
    [
        {"value": "Ana", "level": "first", "message_id": "m99"},
        {"value": "Ana", "level": "first", "message_id": "m2"},
        {"value": "Ana", "level": "best", "message_id": "m1"},
        {"value": " ", "level": "first", "message_id": "m1"},
        {"value": 7, "level": "first", "message_id": "m1"},
        "Ana",
    ],
)
def test_a_fact_that_nobody_said_is_dropped(server: OpenAiServer, fact: Any) -> None:
    says(server, facts={**NOTHING, "name": fact})
    assert turn_of(server).facts == {}


def test_what_was_known_stays(server: OpenAiServer) -> None:
    says(server)
    known = {"name": Fact("Ana", "first", "older")}
    assert turn_of(server, known).facts == known


def test_the_price_of_the_business_may_be_said(server: OpenAiServer) -> None:
    says(server, reply="Clareamento sai por R$ 690,00. Para quando?")
    assert turn_of(server).reply == "Clareamento sai por R$ 690,00. Para quando?"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_an_error_answer_means_unavailable_and_is_not_repeated(server: OpenAiServer, status: int) -> None:
    server.status = status
    with pytest.raises(ModelUnavailableError, match=str(status)):
        turn_of(server)
    assert len(server.requests) == 1


def test_the_key_is_not_in_the_error(server: OpenAiServer) -> None:
    server.status = 401
    server.body = json.dumps({"error": {"message": "Incorrect API key provided: sk-test", "type": "x"}})
    with pytest.raises(ModelUnavailableError) as caught:
        turn_of(server)
    assert "sk-test" not in str(caught.value)


def test_nobody_listening_means_unavailable() -> None:
    with serving() as gone:
        pass
    with pytest.raises(ModelUnavailableError):
        turn_of(gone)


@pytest.mark.parametrize(
    "output",
    [
        "", " ", "hello", "[]", "{}", "null",
        '{"reply": "", "facts": {}, "sentiment": "calm", "human_reason": "", "unanswered": ""}',
        '{"reply": " ", "facts": {}, "sentiment": "calm", "human_reason": "", "unanswered": ""}',
        '{"reply": "{\\"reply\\": 1}", "facts": {}, "sentiment": "calm", "human_reason": "", "unanswered": ""}',
        '{"reply": "```json", "facts": {}, "sentiment": "calm", "human_reason": "", "unanswered": ""}',
        '{"reply": 1, "facts": {}, "sentiment": "calm", "human_reason": "", "unanswered": ""}',
        '{"reply": "x", "facts": [], "sentiment": "calm", "human_reason": "", "unanswered": ""}',
        '{"reply": "x", "facts": {}, "sentiment": "sleepy", "human_reason": "", "unanswered": ""}',
        '{"reply": "x", "facts": {}, "sentiment": "calm", "human_reason": "because", "unanswered": ""}',
    ],
)  # fmt: skip
def test_an_answer_that_does_not_fit_is_refused(server: OpenAiServer, output: str) -> None:
    server.output = output
    with pytest.raises(ModelAnswerError) as caught:
        turn_of(server)
    # It was paid for all the same.
    assert (caught.value.usage.input_tokens, caught.value.usage.output_tokens) == (321, 45)


@pytest.mark.parametrize("change", [{"refusal": "I can't help with that."}, {"ends": "incomplete"}])
def test_a_refusal_or_half_an_answer_is_refused(server: OpenAiServer, change: dict[str, Any]) -> None:
    says(server)
    vars(server).update(change)
    with pytest.raises(ModelAnswerError):
        turn_of(server)


def test_a_server_that_hangs_is_left_after_the_time_limit(server: OpenAiServer) -> None:
    server.hangs = True
    account = Account("sk-test", "some-model", server.url, seconds=0.2)
    with pytest.raises(ModelUnavailableError, match="Timeout"):
        openai_provider().answer(account, PROFILES["dentist"], HISTORY, {}, NOW)
    assert len(server.requests) == 1


def test_nobody_waits_longer_than_a_person_may_be_kept() -> None:
    assert wire.CONNECT_SECONDS + Account().seconds <= 25


def test_a_wrong_key_means_unavailable(server: OpenAiServer) -> None:
    with pytest.raises(ModelUnavailableError, match="401"):
        openai_provider().answer(Account("wrong", "m", server.url), PROFILES["dentist"], HISTORY, {}, NOW)


@pytest.mark.parametrize("body", ["<html>", '{"id": "x"}', '"text"'])
def test_a_server_that_speaks_something_else_is_refused(server: OpenAiServer, body: str) -> None:
    server.body = body
    with pytest.raises((ModelAnswerError, ModelUnavailableError)):
        turn_of(server)


CONTEXT = "Sou dentista em São Paulo. Oferecemos limpeza, clareamento e aparelhos ortodônticos."


def test_texts_pass_the_same_checks_as_our_own(server: OpenAiServer) -> None:
    good = [
        "Oi, {nome|tudo bem}!\nVamos falar de limpeza?",
        "{nome|Olá}, seu sorriso merece\num cuidado novo. Topa conversar?",
    ]
    written = [good[0], good[0] + "!", "Oi {nome}\nGanhe 90% de desconto", good[1], "só uma linha", 5]
    server.output = json.dumps({"messages": written})
    copy = openai_provider().write_copy(Account("sk-test", "m", server.url), CopyBrief(CONTEXT, "limpeza"), 3)
    assert copy.texts == tuple(good)
    assert (copy.usage.input_tokens, copy.usage.output_tokens) == (321, 45)
    assert json.loads(server.requests[0]["input"]) == {"business": CONTEXT, "product": "limpeza"}
    assert "{nome|tudo bem}" in server.requests[0]["instructions"]


def test_refused_texts_are_told_apart(server: OpenAiServer) -> None:
    provider, account, brief = openai_provider(), Account("sk-test", "m", server.url), CopyBrief(CONTEXT)
    server.output = "no json"
    with pytest.raises(ModelAnswerError):
        provider.write_copy(account, brief, 3)
    server.status = 500
    with pytest.raises(ModelUnavailableError):
        provider.write_copy(account, brief, 3)
