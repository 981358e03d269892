import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from pydantic import ValidationError

from gateways.calls import Answer, FailureKind, HttpReply, TransportFailure
from gateways.contract import MediaRef, Outcome, OutgoingMedia, OutgoingMessage, RawHook
from gateways.providers.waha.adapter import WahaAdapter
from gateways.providers.waha.config import WahaConfig
from tests.gateways.providers.payloads import play

ADAPTER = WahaAdapter()
CONFIG = WahaConfig(base_url="http://waha.example:3000/", api_key="k-4f1c9d2ab0", session="loja")
SIGNED = CONFIG.model_copy(update={"hmac_key": "my-secret-key"})
PHONE = "+5531988887777"
HOOK = "https://prosa.example/hooks/waha/t0ken/"
SENT = '{"id": "true_553188887777@c.us_3EB0"}'
UNREADY = {
    "error": "Session status is not as expected.",
    "session": "loja",
    "status": "STARTING",
    "expected": ["WORKING"],
}
WORKING = {"name": "loja", "status": "WORKING", "me": {"id": "5511988880000@c.us"}}
LOST = TransportFailure(FailureKind.MAYBE_SENT, "timeout")
REFUSED = TransportFailure(FailureKind.NOT_SENT, "refused")


def _reply(status: int, body: Any = None) -> HttpReply:
    text = body if isinstance(body, str) else json.dumps(body if body is not None else {})
    return HttpReply(status, text.encode())


def _exists(chat_id: str) -> HttpReply:
    return _reply(200, {"numberExists": True, "chatId": chat_id})


def test_a_number_is_checked_before_its_first_message_and_the_returned_chat_is_used() -> None:
    message = OutgoingMessage(PHONE, "Olá")
    result, calls = play(ADAPTER.send(CONFIG, message), _exists("553188887777@c.us"), _reply(201, SENT))
    assert calls[0].url == "http://waha.example:3000/api/contacts/check-exists?phone=5531988887777&session=loja"
    assert not calls[0].effectful
    assert calls[1].json == {"session": "loja", "chatId": "553188887777@c.us", "text": "Olá"}
    assert calls[1].headers["X-Api-Key"] == "k-4f1c9d2ab0"
    assert (result.outcome, result.external_id, result.chat_id) == (Outcome.SENT, "3EB0", "553188887777@c.us")


def test_a_known_chat_is_not_checked_again() -> None:
    message = OutgoingMessage(PHONE, "Olá", "553188887777@c.us")
    _result, calls = play(ADAPTER.send(CONFIG, message), _reply(201, SENT))
    assert [call.url.rsplit("/", 1)[1] for call in calls] == ["sendText"]


def test_a_number_without_whatsapp_gets_nothing() -> None:
    answer = _reply(200, {"numberExists": False})
    result, calls = play(ADAPTER.send(CONFIG, OutgoingMessage(PHONE, "Olá")), answer)
    assert result.outcome is Outcome.INVALID_NUMBER
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (REFUSED, Outcome.CHANNEL_DOWN),
        (LOST, Outcome.NOT_SENT),
        (_reply(422, UNREADY), Outcome.CHANNEL_DOWN),
        (_reply(401), Outcome.CHANNEL_DOWN),
        (_reply(429), Outcome.LATER),
        (_reply(500), Outcome.NOT_SENT),
        (_reply(200, "not json"), Outcome.NOT_SENT),
        (_reply(200, {"numberExists": "yes"}), Outcome.NOT_SENT),
    ],
)
def test_a_check_that_fails_sends_nothing_and_fails_nothing(answer: Answer, outcome: Outcome) -> None:
    result, calls = play(ADAPTER.send(CONFIG, OutgoingMessage(PHONE, "Olá")), answer)
    assert result.outcome is outcome
    assert len(calls) == 1


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_without_a_check_gets_the_number_as_written_and_no_guess_is_remembered(status: int) -> None:
    message = OutgoingMessage(PHONE, "Olá")
    result, calls = play(ADAPTER.send(CONFIG, message), _reply(status), _reply(201, SENT))
    assert calls[1].json["chatId"] == "5531988887777@c.us"
    assert (result.outcome, result.external_id, result.chat_id) == (Outcome.SENT, "3EB0", "")
    assert play(ADAPTER.check_number(CONFIG, PHONE), _reply(status))[0].exists is None


def test_a_missing_session_is_found_by_the_send_itself() -> None:
    result, _calls = play(ADAPTER.send(CONFIG, OutgoingMessage(PHONE, "Olá")), _reply(404), _reply(404))
    assert result.outcome is Outcome.CHANNEL_DOWN


def test_keys_that_are_null_are_absent() -> None:
    config = WahaConfig.model_validate({"base_url": "http://waha.example", "api_key": None, "hmac_key": None})
    assert (config.api_key, config.hmac_key) == ("", "")


def test_a_check_alone_says_what_it_knows() -> None:
    assert play(ADAPTER.check_number(CONFIG, PHONE), _exists("553188887777@c.us"))[0].chat_id == "553188887777@c.us"
    assert play(ADAPTER.check_number(CONFIG, PHONE), _reply(200, {"numberExists": False}))[0].exists is False
    assert play(ADAPTER.check_number(CONFIG, PHONE), REFUSED)[0].exists is None


@pytest.mark.parametrize(
    ("kind", "path", "extra"),
    [
        ("image", "sendImage", {"caption": "veja"}),
        ("document", "sendFile", {"caption": "veja"}),
        ("audio", "sendVoice", {"caption": "veja", "convert": True}),
        ("video", "sendVideo", {"caption": "veja", "convert": True}),
    ],
)
def test_files_travel_in_the_request(kind: str, path: str, extra: dict[str, Any]) -> None:
    data = base64.b64encode(b"bytes").decode()
    media = OutgoingMedia("a.bin", "application/x", kind, data)
    message = OutgoingMessage(PHONE, "veja", "5531@c.us", media=media)
    _result, calls = play(ADAPTER.send(CONFIG, message), _reply(201, SENT))
    file = {"mimetype": "application/x", "filename": "a.bin", "data": data}
    assert calls[0].url.endswith(f"/api/{path}")
    assert calls[0].json == {"session": "loja", "chatId": "5531@c.us", "file": file, **extra}


def test_a_quote_names_the_whole_id_of_the_customers_message() -> None:
    message = OutgoingMessage(PHONE, "sim", "5531@c.us", reply_to="3EB0")
    _result, calls = play(ADAPTER.send(CONFIG, message), _reply(201, SENT))
    assert calls[0].json["reply_to"] == "false_5531@c.us_3EB0"


def test_connecting_creates_the_session_with_our_webhook() -> None:
    report, calls = play(ADAPTER.connect(SIGNED, HOOK), _reply(201, WORKING), _reply(200, WORKING), _reply(401))
    webhook = calls[0].json["config"]["webhooks"][0]
    assert (calls[0].method, calls[0].json["name"], calls[0].json["start"]) == ("POST", "loja", True)
    assert webhook["url"] == HOOK
    assert set(webhook["events"]) == {
        "message.any", "message.ack", "message.edited", "message.revoked", "message.reaction", "session.status",
    }  # fmt: skip
    assert webhook["hmac"] == {"key": "my-secret-key"}
    assert webhook["retries"] == {"policy": "exponential", "delaySeconds": 2, "attempts": 15}
    assert (report.state, report.phone, report.warning) == ("connected", "+5511988880000", "")


def test_an_existing_session_gets_our_settings_and_is_started() -> None:
    exists = _reply(422, {"message": "Session 'loja' already exists. Use PUT to update it."})
    report, calls = play(
        ADAPTER.connect(CONFIG, HOOK), exists, _reply(200), _reply(201), _reply(200, WORKING), _reply(401)
    )
    path = "http://waha.example:3000/api/sessions/loja"
    assert [(call.method, call.url) for call in calls[1:3]] == [("PUT", path), ("POST", f"{path}/start")]
    assert calls[1].json["config"]["webhooks"][0]["url"] == HOOK
    assert "hmac" not in calls[1].json["config"]["webhooks"][0]
    assert report.state == "connected"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (_reply(401), "unauthorised"),
        (
            _reply(422, {"message": "WAHA Core support only 'default' session."}),
            "WAHA Core support only 'default' session.",
        ),
        (_reply(500), "HTTP 500"),
        (REFUSED, "unreachable: refused"),
    ],
)
def test_a_session_that_cannot_be_opened_says_why(answer: Answer, reason: str) -> None:
    report, calls = play(ADAPTER.connect(CONFIG, HOOK), answer)
    assert (report.state, report.reason, len(calls)) == ("disconnected", reason, 1)


def test_a_server_that_ignores_the_key_is_reported() -> None:
    report, calls = play(ADAPTER.health(CONFIG), _reply(200, WORKING), _reply(200, WORKING))
    assert report.warning == "key_ignored"
    assert calls[1].headers["X-Api-Key"] != CONFIG.api_key


def test_a_code_to_scan_comes_with_the_report() -> None:
    scan = {"name": "loja", "status": "SCAN_QR_CODE", "me": None}
    report, calls = play(ADAPTER.health(CONFIG), _reply(200, scan), _reply(200, {"value": "2@abc"}), _reply(401))
    assert (report.state, report.qr) == ("qr_required", "2@abc")
    assert calls[1].url.endswith("/api/loja/auth/qr?format=raw")


@pytest.mark.parametrize("answer", [_reply(422, UNREADY), LOST, _reply(200, [])])
def test_a_code_that_is_not_there_yet_is_empty(answer: Answer) -> None:
    scan = {"name": "loja", "status": "SCAN_QR_CODE"}
    report, _calls = play(ADAPTER.health(CONFIG), _reply(200, scan), answer, _reply(401))
    assert (report.state, report.qr) == ("qr_required", "")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (LOST, "unreachable: timeout"),
        (_reply(404), "no session"),
        (_reply(200, [1]), "not WAHA"),
        (_reply(503), "HTTP 503"),
    ],
)
def test_a_heartbeat_without_answer_is_a_disconnection(answer: Answer, reason: str) -> None:
    report, _calls = play(ADAPTER.health(CONFIG), answer)
    assert (report.state, report.reason) == ("disconnected", reason)


def test_logging_out_reports_a_disconnection() -> None:
    report, calls = play(ADAPTER.disconnect(CONFIG), _reply(201))
    assert calls[0].url.endswith("/api/sessions/loja/logout")
    assert (report.state, report.reason) == ("disconnected", "logout")


VECTOR_BODY = b'{"event":"message","session":"default","engine":"WEBJS"}'
VECTOR = (
    "208f8a55dde9e05519e898b10b89bf0d0b3b0fdf11fdbf09b6b90476301b98d8"
    "097c462b2b17a6ce93b6b47a136cf2e78a33a63f6752c2c1631777076153fa89"
)


@pytest.mark.parametrize(
    ("signature", "is_good"),
    [(VECTOR, True), (VECTOR.upper(), True), (VECTOR[:-1] + "0", False), ("", False), ("é", False)],
)
def test_the_vendors_signature_is_checked(signature: str, is_good: bool) -> None:
    assert ADAPTER.verify_hook(SIGNED, RawHook({"x-webhook-hmac": signature}, VECTOR_BODY)) is is_good


def test_an_unsigned_webhook_is_refused_once_a_key_is_set_and_only_then() -> None:
    assert not ADAPTER.verify_hook(SIGNED, RawHook({}, VECTOR_BODY))
    assert ADAPTER.verify_hook(CONFIG, RawHook({}, VECTOR_BODY))


def test_a_changed_body_breaks_the_signature() -> None:
    signature = hmac.new(b"my-secret-key", VECTOR_BODY, hashlib.sha512).hexdigest()
    assert not ADAPTER.verify_hook(SIGNED, RawHook({"x-webhook-hmac": signature}, VECTOR_BODY + b" "))


def _ack(ack: int, **envelope: object) -> bytes:
    payload = {"id": "true_5531@c.us_3EB0", "fromMe": True, "ack": ack}
    return json.dumps({"event": "message.ack", "session": "loja", "payload": payload, **envelope}).encode()


def test_the_servers_own_number_of_a_webhook_is_its_key() -> None:
    assert ADAPTER.dedupe_key(RawHook({"x-webhook-request-id": "01k0"}, b"{}")) == "01k0"


def test_old_servers_number_nothing_so_the_meaning_is_the_key() -> None:
    keys = [ADAPTER.dedupe_key(RawHook({}, body)) for body in (_ack(2), _ack(2, environment={"uptime": 9}), _ack(3))]
    assert keys[0] == keys[1] != keys[2]


def test_files_are_only_fetched_from_the_configured_server() -> None:
    file = HttpReply(200, b"png")
    reply, (call,) = play(ADAPTER.fetch_media(CONFIG, MediaRef("image/png", url="/api/files/a.png")), file)
    assert reply is file
    assert call.url == "http://waha.example:3000/api/files/a.png"
    assert call.headers == {"X-Api-Key": "k-4f1c9d2ab0"}
    for url in ("", "@evil.example/a"):
        with pytest.raises(StopIteration):
            next(ADAPTER.fetch_media(CONFIG, MediaRef("image/png", url=url)))


@pytest.mark.parametrize("key", ["a\r\nX-Evil: 1", "com espaço", "chavé"])
def test_a_key_that_would_break_the_header_is_refused(key: str) -> None:
    with pytest.raises(ValidationError):
        WahaConfig(base_url="http://waha.example", api_key=key)


def test_a_short_secret_does_not_eat_the_payload() -> None:
    config = CONFIG.model_copy(update={"api_key": "a"})
    assert ADAPTER.redact(config, b'{"event":"message"}') == b'{"event":"message"}'


def test_a_chat_is_marked_as_read_before_somebody_types_in_it() -> None:
    trouble, calls = play(ADAPTER.presence(CONFIG, "553188887777@c.us", True), _reply(201), _reply(201))
    assert trouble == ""
    assert [(call.method, call.url.split("3000")[1]) for call in calls] == [
        ("POST", "/api/sendSeen"),
        ("POST", "/api/startTyping"),
    ]
    assert {json.dumps(call.json) for call in calls} == {'{"session": "loja", "chatId": "553188887777@c.us"}'}


def test_reading_alone_shows_no_typing() -> None:
    assert len(play(ADAPTER.presence(CONFIG, "553188887777@c.us", False), _reply(201))[1]) == 1


def test_a_chat_that_cannot_be_marked_is_left_alone() -> None:
    trouble, calls = play(ADAPTER.presence(CONFIG, "553188887777@c.us", True), _reply(422, UNREADY))
    assert "HTTP 422" in trouble
    assert len(calls) == 1


def test_a_number_is_connected_by_a_code_typed_on_the_phone() -> None:
    code, calls = play(ADAPTER.pairing_code(CONFIG, "+5511988880000"), _reply(201, {"code": "ABCD-EFGH"}))
    assert code == "ABCD-EFGH"
    assert calls[0].json == {"phoneNumber": "5511988880000"}
    assert play(ADAPTER.pairing_code(CONFIG, "+5511988880000"), _reply(422, UNREADY))[0] == ""


def test_a_hidden_id_is_asked_for_its_phone() -> None:
    known = _reply(200, {"lid": "123@lid", "pn": "5531988887777@c.us"})
    phone, calls = play(ADAPTER.resolve(CONFIG, "123@lid"), known)
    assert (phone, calls[0].url.split("3000")[1]) == ("+5531988887777", "/api/loja/lids/123%40lid")
    assert play(ADAPTER.resolve(CONFIG, "123@lid"), _reply(200, {"lid": "123@lid", "pn": None}))[0] is None
