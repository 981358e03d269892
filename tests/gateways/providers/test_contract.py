"""The sentences that every provider must make true. A new provider adds its fixture file and nothing here."""

import copy
import inspect
import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateways.calls import FailureKind, HttpCall, HttpReply, Operation, TransportFailure
from gateways.contract import (
    Adapter,
    Ignored,
    InboundMessage,
    MediaRef,
    MessageChange,
    Outcome,
    OutgoingMessage,
    RawHook,
    SendResult,
)
from gateways.registry import ADAPTERS, get_adapter
from tests.gateways.providers.payloads import TYPES, body_of, cases, fixture, label, plain, play

ODD = [None, True, 7, -1, 10**18, 1.5, "", "@", "true_", "___", "é\u0000", [], [[]], {}, {"id": {}}]
STATES = {"queued", "sent", "delivered", "read", "failed"}
CHANGES = {"edited", "revoked", "reaction"}
CONNECTION_STATES = {"connecting", "qr_required", "connected", "disconnected", "restricted"}

each_provider = pytest.mark.parametrize("code", list(ADAPTERS))
each_hook = pytest.mark.parametrize(("code", "case"), cases("hooks"), ids=label)
each_send = pytest.mark.parametrize(("code", "case"), cases("sends"), ids=label)


def _config(code: str) -> Any:
    return get_adapter(code).config_model.model_validate(fixture(code)["config"])


def _send(code: str, *answers: HttpReply | TransportFailure) -> SendResult:
    message = OutgoingMessage(fixture(code)["phone"], "Olá, tudo bem?", fixture(code)["chat_id"])
    return play(get_adapter(code).send(_config(code), message), *answers)[0]


def _hook(case: dict[str, Any]) -> RawHook:
    return RawHook(case.get("headers", {}), body_of(case))


@each_provider
def test_an_adapter_has_everything_of_the_contract(code: str) -> None:
    adapter = get_adapter(code)
    assert adapter.code == code and adapter.label
    wanted = [name for name, member in inspect.getmembers(Adapter, inspect.isfunction) if not name.startswith("_")]
    assert wanted
    for name in wanted:
        given = inspect.signature(getattr(adapter, name)).parameters
        assert list(given) == list(inspect.signature(getattr(Adapter, name)).parameters)[1:], name
    for name in Adapter.__annotations__:
        assert hasattr(adapter, name), name


@each_send
def test_each_answer_to_a_send_has_its_outcome(code: str, case: dict[str, Any]) -> None:
    body = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"])
    result = _send(code, HttpReply(case["status"], body.encode(), case.get("headers", {})))
    assert (result.outcome, result.external_id) == (Outcome(case["outcome"]), case["external_id"])
    assert result.retry_after_seconds == case.get("retry_after_seconds")


@each_provider
def test_what_may_have_left_is_unknown(code: str) -> None:
    assert _send(code, TransportFailure(FailureKind.MAYBE_SENT, "reset")).outcome is Outcome.UNKNOWN


@each_provider
def test_a_gateway_that_cannot_be_reached_never_fails_a_message(code: str) -> None:
    outcome = _send(code, TransportFailure(FailureKind.NOT_SENT, "refused")).outcome
    assert outcome in {Outcome.CHANNEL_DOWN, Outcome.NOT_SENT}


@each_provider
@pytest.mark.parametrize("status", [200, 201, 400, 422, 429, 500])
@pytest.mark.parametrize("value", ODD, ids=repr)
def test_no_answer_to_a_send_is_too_odd(code: str, status: int, value: object) -> None:
    for body in (value, {"id": value}, {"key": {"id": value}}, {"message": value}):
        result = _send(code, HttpReply(status, json.dumps(body).encode()))
        assert isinstance(result.external_id, str)
        assert (result.outcome is Outcome.SENT) == bool(result.external_id)


@each_provider
def test_a_call_that_may_deliver_a_message_says_so(code: str) -> None:
    message = OutgoingMessage(fixture(code)["phone"], "Olá", fixture(code)["chat_id"])
    call = next(get_adapter(code).send(_config(code), message))
    assert call.effectful
    assert call.timeout_seconds > 5, "a session that is not ready answers after five seconds"


@each_hook
def test_a_webhook_is_understood(code: str, case: dict[str, Any]) -> None:
    found = get_adapter(code).parse(_config(code), body_of(case))
    assert [plain(item, set(wanted)) for item, wanted in zip(found, case["expect"], strict=True)] == case["expect"]


@each_hook
def test_what_is_understood_uses_our_words(code: str, case: dict[str, Any]) -> None:
    for item in get_adapter(code).parse(_config(code), body_of(case)):
        kind = TYPES[type(item)]
        assert kind != "status" or item.state in STATES  # type: ignore[union-attr]
        assert kind != "connection" or item.state in CONNECTION_STATES  # type: ignore[union-attr]
        if isinstance(item, InboundMessage):
            assert item.external_id and item.identities and item.at.tzinfo is not None
        if isinstance(item, MessageChange):
            assert item.kind in CHANGES and item.external_id and item.chat_id and item.at.tzinfo is not None


def _spoilt(value: Any) -> Iterator[Any]:
    """Yield copies of a payload with each of its values replaced by odd ones, one at a time."""
    if isinstance(value, dict):
        for key, inner in value.items():
            for odd in [*ODD, *_spoilt(inner)]:
                yield {**value, key: odd}
            yield {other: kept for other, kept in value.items() if other != key}


@each_hook
def test_no_webhook_is_too_odd(code: str, case: dict[str, Any]) -> None:
    adapter, config = get_adapter(code), _config(code)
    for body in [*ODD, *_spoilt(copy.deepcopy(case["body"]))]:
        raw = json.dumps(body).encode()
        assert all(type(item) in TYPES for item in adapter.parse(config, raw))
        assert adapter.dedupe_key(RawHook({}, raw))


@each_provider
@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"null", b'{"a":' * 2000])
def test_what_is_not_json_is_ignored_with_a_reason(code: str, body: bytes) -> None:
    found = get_adapter(code).parse(_config(code), body)
    assert [type(item) for item in found] == [Ignored]
    assert get_adapter(code).dedupe_key(RawHook({}, body))


@each_hook
def test_the_same_webhook_has_the_same_key(code: str, case: dict[str, Any]) -> None:
    adapter = get_adapter(code)
    assert adapter.dedupe_key(_hook(case)) == adapter.dedupe_key(_hook(copy.deepcopy(case)))
    assert 0 < len(adapter.dedupe_key(_hook(case))) <= 128


@each_provider
def test_different_news_have_different_keys(code: str) -> None:
    adapter = get_adapter(code)
    news = [case for case in fixture(code)["hooks"] if case.get("distinct", True)]
    by_meaning: dict[str, set[str]] = {}
    for case in news:
        # What is the same message to us may share a key; statuses and connections must not.
        items = [
            item
            for item in adapter.parse(_config(code), body_of(case))
            if TYPES[type(item)] in {"status", "connection", "change"}
        ]
        if items:
            by_meaning.setdefault(adapter.dedupe_key(_hook(case)), set()).add(repr(case["body"]))
    assert by_meaning and all(len(bodies) == 1 for bodies in by_meaning.values())


@each_hook
def test_secrets_are_not_kept(code: str, case: dict[str, Any]) -> None:
    adapter, config = get_adapter(code), _config(code)
    secrets = [value for value in getattr(config, "secrets", []) if value]
    body = json.dumps({"wrapped": case["body"], "apikey": secrets, "text": " ".join(secrets)}).encode()
    kept = adapter.redact(config, body)
    assert all(secret.encode() not in kept for secret in secrets)
    assert json.loads(kept)["wrapped"] == case["body"]


@each_hook
def test_connection_news_carry_their_mark(code: str, case: dict[str, Any]) -> None:
    adapter = get_adapter(code)
    kinds = {TYPES[type(item)] for item in adapter.parse(_config(code), body_of(case))}
    compact = json.dumps(case["body"], separators=(",", ":")).encode()
    if "connection" in kinds:
        assert any(mark in compact for mark in adapter.connection_marks)
    if kinds & {"message", "status", "change"}:
        assert not any(mark in compact for mark in adapter.connection_marks)


@each_provider
@pytest.mark.parametrize("typing", [False, True])
@pytest.mark.parametrize(
    "answer",
    [
        HttpReply(201, b""), HttpReply(500, b"no"), HttpReply(422, b'{"expected": ["WORKING"]}'), HttpReply(404, b"[]"),
        TransportFailure(FailureKind.MAYBE_SENT, "reset"), TransportFailure(FailureKind.NOT_SENT, "refused"),
    ],
    ids=["done", "500", "422", "404", "reset", "refused"],
)  # fmt: skip
def test_signs_of_life_deliver_nothing_and_never_fail(
    code: str, typing: bool, answer: HttpReply | TransportFailure
) -> None:
    adapter = get_adapter(code)
    operation = adapter.presence(_config(code), fixture(code)["chat_id"], typing)
    calls = []
    try:
        calls.append(next(operation))
        while True:
            calls.append(operation.send(answer))
    except StopIteration as finished:
        trouble = finished.value
    # Some can show that somebody writes, and cannot mark as read.
    assert bool(calls) == adapter.shows_presence or not (calls or typing)
    assert not any(call.effectful for call in calls)
    assert not (trouble and not calls)
    if calls and (answer.__class__ is not HttpReply or answer.status != 201):  # type: ignore[union-attr]
        assert trouble


@each_provider
def test_files_are_fetched_from_the_provider_alone(code: str) -> None:
    adapter, config = get_adapter(code), _config(code)
    for url in ("", "https://elsewhere.example/a.jpg", "//elsewhere.example/a.jpg", "file:///etc/passwd", "../../a"):
        call = _first_call(adapter.fetch_media(config, MediaRef("image/jpeg", "a.jpg", url)))
        assert call is None or call.url.startswith(_home(code))
    news = [item for case in fixture(code)["hooks"] for item in adapter.parse(config, body_of(case))]
    files = [item.media for item in news if isinstance(item, InboundMessage) and item.media and item.media.url]
    assert files and all(_first_call(adapter.fetch_media(config, file)) for file in files)


def _home(code: str) -> str:
    return str(fixture(code).get("home") or getattr(_config(code), "base_url", ""))


def _first_call(operation: Operation[Any]) -> HttpCall | None:
    try:
        return next(operation)
    except StopIteration:
        return None
