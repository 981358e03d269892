"""Every wire when things go wrong: nothing is repeated, nothing half is used, no key is told, and the cost is known all the same."""

import json
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sdr.contract import FACTS, Account, ChatMessage, Embedded, ModelAnswerError, ModelUnavailableError, Turn
from sdr.labelled import NOW, PROFILES
from sdr.providers.gemini.embedding import embed
from sdr.registry import WITH_KEY, get_provider
from tests.sdr.providers.openai_server import OpenAiServer, serving
from tests.sdr.providers.test_contract import address_of

HISTORY = [ChatMessage("m1", "customer", "oi, sou a Ana", NOW)]
WORDS = {
    "reply": "Para quando seria?", "facts": dict.fromkeys(FACTS), "sentiment": "calm", "human_reason": "", "unanswered": "", "sources": [],
}  # fmt: skip


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with serving() as state:
        state.output = json.dumps(WORDS)
        yield state


@pytest.fixture(params=WITH_KEY)
def code(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ask(server: OpenAiServer, code: str, *, key: str = "sk-test", seconds: float = 20.0) -> Turn:
    account = Account(key, "some-model", address_of(code, server), seconds)
    return get_provider(code).answer(account, PROFILES["dentist"], HISTORY, {}, NOW)


def test_an_answer_is_read_with_what_it_cost(server: OpenAiServer, code: str) -> None:
    turn = ask(server, code)
    assert turn.reply == "Para quando seria?"
    assert (turn.usage.model, turn.usage.input_tokens, turn.usage.output_tokens) == ("some-model", 321, 45)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 429, 500, 502, 503, 529])
def test_an_error_means_unavailable_and_is_not_repeated(server: OpenAiServer, code: str, status: int) -> None:
    server.status = status
    with pytest.raises(ModelUnavailableError, match=str(status)):
        ask(server, code)
    assert len(server.requests) == 1


def test_a_wrong_key_is_told_without_the_key(server: OpenAiServer, code: str) -> None:
    with pytest.raises(ModelUnavailableError, match="401") as failure:
        ask(server, code, key="secret-key-of-somebody")
    assert "secret" not in str(failure.value)


def test_who_does_not_answer_is_left(server: OpenAiServer, code: str) -> None:
    server.hangs = True
    with pytest.raises(ModelUnavailableError):
        ask(server, code, seconds=0.2)
    assert len(server.requests) == 1


def test_who_gives_a_byte_now_and_then_is_left_too(server: OpenAiServer, code: str) -> None:
    server.drips = True
    with pytest.raises((ModelUnavailableError, ModelAnswerError)):
        ask(server, code, seconds=0.3)
    assert len(server.requests) == 1


def test_an_answer_that_breaks_off_on_the_wire_is_not_used(server: OpenAiServer, code: str) -> None:
    server.cuts = True
    with pytest.raises((ModelUnavailableError, ModelAnswerError)):
        ask(server, code)
    assert len(server.requests) == 1


def test_who_is_not_there_is_unavailable(code: str) -> None:
    address = "http://127.0.0.1:9"
    with pytest.raises(ModelUnavailableError):
        get_provider(code).answer(Account("sk-test", "m", address), PROFILES["dentist"], HISTORY, {}, NOW)


@pytest.mark.parametrize("change", [{"refusal": "I can't help with that."}, {"ends": "incomplete"}])
def test_a_refusal_or_half_an_answer_is_not_used_and_paid_for(
    server: OpenAiServer, code: str, change: dict[str, Any]
) -> None:
    vars(server).update(change)
    with pytest.raises(ModelAnswerError) as failure:
        ask(server, code)
    assert failure.value.usage.input_tokens == 321


@pytest.mark.parametrize("output", ['{"reply": "Par', "Claro! Para quando?", "[]", '"x"', "null", "{}", ""])
def test_what_is_no_whole_object_is_not_used(server: OpenAiServer, code: str, output: str) -> None:
    server.output = output
    with pytest.raises(ModelAnswerError):
        ask(server, code)


@pytest.mark.parametrize(
    "body", ["<html>busy</html>", "[]", "null", '"x"', "{}", '{"choices": 1, "content": 2, "candidates": 3}']
)
def test_a_page_or_nonsense_in_place_of_an_answer_is_not_used(server: OpenAiServer, code: str, body: str) -> None:
    server.body = body
    with pytest.raises((ModelAnswerError, ModelUnavailableError)):
        ask(server, code)


def test_what_the_customer_wrote_is_data_apart_from_the_task(server: OpenAiServer, code: str) -> None:
    seen: list[dict[str, Any]] = []

    def read(data: dict[str, Any]) -> dict[str, Any]:
        seen.append(data)
        return WORDS

    server.brain = read
    ask(server, code)
    assert seen[0]["messages"] == [{"id": "m1", "author": "customer", "text": "oi, sou a Ana"}]
    assert "sou a Ana" not in json.dumps(
        {name: value for name, value in server.requests[0].items() if name in {"system", "instructions"}}
    )


def test_an_organizations_own_address_may_not_lead_inside(server: OpenAiServer, settings: Any) -> None:
    settings.ALLOW_PRIVATE_HOSTS = False
    with pytest.raises(ModelUnavailableError):
        ask(server, "compatible")
    assert server.requests == []


class _Vectors(BaseHTTPRequestHandler):
    """Gemini's batchEmbedContents."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["requests"]
        assert self.path == "/v1beta/models/gemini-embedding-001:batchEmbedContents"
        assert self.headers["x-goog-api-key"] == "sk-test"
        made = [
            [float(zlib.crc32(one["content"]["parts"][0]["text"].encode()) % 7)] * one["outputDimensionality"]
            for one in asked
        ]
        data = json.dumps({"embeddings": [{"values": values} for values in made]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        return


def test_gemini_turns_texts_into_vectors() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Vectors)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        found: Embedded = embed(Account("sk-test", "", f"http://127.0.0.1:{server.server_port}"), ["um", "dois"], 4)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert [len(vector) for vector in found.vectors] == [4, 4]
    assert found.usage.model == "gemini-embedding-001"
