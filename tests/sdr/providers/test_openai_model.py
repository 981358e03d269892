import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sdr.contract import ChatMessage, Fact, ModelAnswerError, ModelUnavailableError, Sentiment, Turn
from sdr.policy import SAFE
from sdr.providers.openai_model import OpenAiModel
from tests.sdr.dialogs import PROFILES
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
    model = OpenAiModel(api_key="sk-test", model="some-model", base_url=server.url)
    try:
        return model.answer(PROFILES["dentist"], HISTORY, known or {}, NOW)
    finally:
        model.client.close()


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


@pytest.mark.parametrize(
    "reply", ["Fica R$ 499,00!", "Com 10% de desconto", "Pague em www.golpe.com", "Sai por 300 reais"]
)
def test_an_invented_promise_is_never_sent(server: OpenAiServer, reply: str) -> None:
    says(server, reply=reply)
    turn = turn_of(server)
    assert turn.reply == SAFE
    assert turn.unanswered == "clareamento, quanto custa?"


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
        "", "hello", "[]", "{}", "null",
        '{"reply": 1, "facts": {}, "sentiment": "calm", "human_reason": "", "unanswered": ""}',
        '{"reply": "x", "facts": [], "sentiment": "calm", "human_reason": "", "unanswered": ""}',
        '{"reply": "x", "facts": {}, "sentiment": "sleepy", "human_reason": "", "unanswered": ""}',
        '{"reply": "x", "facts": {}, "sentiment": "calm", "human_reason": "because", "unanswered": ""}',
    ],
)  # fmt: skip
def test_an_answer_that_does_not_fit_is_refused(server: OpenAiServer, output: str) -> None:
    server.output = output
    with pytest.raises(ModelAnswerError):
        turn_of(server)


@pytest.mark.parametrize("body", ["<html>", '{"id": "x"}', '"text"'])
def test_a_server_that_speaks_something_else_is_refused(server: OpenAiServer, body: str) -> None:
    server.body = body
    with pytest.raises((ModelAnswerError, ModelUnavailableError)):
        turn_of(server)
