"""What is the Cloud API's own: files in two steps, templates, the handshake, limits and quality."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from gateways.calls import FailureKind, HttpReply, TransportFailure
from gateways.contract import (
    AccountUpdate,
    MediaRef,
    Outcome,
    OutgoingMedia,
    OutgoingMessage,
    OutgoingTemplate,
    RawHook,
)
from gateways.providers.cloud.adapter import CloudAdapter
from gateways.providers.cloud.config import CloudConfig
from gateways.refusals import words
from tests.gateways.providers.payloads import play

ADAPTER = CloudAdapter()
CONFIG = CloudConfig(
    phone_number_id="106540352242922",
    waba_id="2100000001",
    token="EAAtoken",
    app_secret="segredo-do-app",
    verify_token="verifica",
)
HOOK = "https://crm.example/hooks/cloud/abc/"
SENT = {"contacts": [{"input": "5531988887777", "wa_id": "553188887777"}], "messages": [{"id": "wamid.OUT1"}]}
SHOWN = {
    "id": "106540352242922",
    "display_phone_number": "+55 11 3000-0002",
    "status": "CONNECTED",
    "quality_rating": "GREEN",
}


def reply(status: int, body: Any) -> HttpReply:
    return HttpReply(status, json.dumps(body).encode())


def error(code: int, status: int = 400) -> HttpReply:
    return reply(status, {"error": {"code": code, "message": "words"}})


def test_the_address_that_meta_dials_is_kept() -> None:
    result, (call,) = play(ADAPTER.send(CONFIG, OutgoingMessage("+5531988887777", "oi")), reply(200, SENT))
    assert (result.outcome, result.external_id, result.chat_id) == (Outcome.SENT, "wamid.OUT1", "553188887777@c.us")
    assert call.url == "https://graph.facebook.com/v23.0/106540352242922/messages"
    assert (call.json["to"], call.json["text"]["body"]) == ("5531988887777", "oi")


def test_an_approved_template_carries_its_values() -> None:
    component = {"type": "body", "parameters": [{"type": "text", "text": "Maria"}]}
    message = OutgoingMessage(
        "+5511999999999", "Oi Maria", template=OutgoingTemplate("boas_vindas", "pt_BR", (component,))
    )
    (call,) = play(ADAPTER.send(CONFIG, message), reply(200, SENT))[1]
    assert call.json["template"] == {"name": "boas_vindas", "language": {"code": "pt_BR"}, "components": [component]}


@pytest.mark.parametrize(("kind", "part"), [
    ("image", {"id": "700001", "caption": "olha"}), ("document", {"id": "700001", "caption": "olha", "filename": "a b.pdf"}),
])  # fmt: skip
def test_a_file_is_uploaded_before_it_is_sent(kind: str, part: dict[str, str]) -> None:
    media = OutgoingMedia("a b.pdf", "application/pdf", kind, base64.b64encode(b"conteudo").decode())
    message = OutgoingMessage("+5511999999999", "olha", media=media)
    result, (upload, send) = play(ADAPTER.send(CONFIG, message), reply(200, {"id": "700001"}), reply(200, SENT))
    assert result.outcome is Outcome.SENT
    assert b"conteudo" in upload.content and b'filename="a b.pdf"' in upload.content
    assert upload.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert [upload.effectful, send.effectful] == [False, True]
    assert send.json[kind] == part


@pytest.mark.parametrize(("answer", "outcome"), [
    (TransportFailure(FailureKind.MAYBE_SENT, "reset"), Outcome.NOT_SENT), (HttpReply(500, b""), Outcome.NOT_SENT),
    (error(131053), Outcome.REFUSED), (error(190, 401), Outcome.CHANNEL_DOWN), (reply(200, {}), Outcome.NOT_SENT),
])  # fmt: skip
def test_a_file_that_did_not_arrive_leaves_no_doubt_about_the_message(answer: Any, outcome: Outcome) -> None:
    message = OutgoingMessage("+5511999999999", "", media=OutgoingMedia("a.png", "image/png", "image", "QUJD"))
    result, calls = play(ADAPTER.send(CONFIG, message), answer)
    assert (result.outcome, len(calls)) == (outcome, 1)


def test_audio_carries_no_text_and_says_so_instead_of_losing_it() -> None:
    media = OutgoingMedia("a.ogg", "audio/ogg", "audio", "QUJD")
    operation = ADAPTER.send(CONFIG, OutgoingMessage("+5511999999999", "ouça", media=media))
    with pytest.raises(StopIteration) as ended:
        next(operation)
    assert (ended.value.value.outcome, ended.value.value.code) == (Outcome.REFUSED, "audio_caption")


def test_a_locked_account_restricts_the_channel() -> None:
    result = play(ADAPTER.send(CONFIG, OutgoingMessage("+5511999999999", "oi")), error(131031))[0]
    assert (result.outcome, result.channel_state) == (Outcome.CHANNEL_DOWN, "restricted")


def test_each_number_calls_its_own_address() -> None:
    done = reply(200, {"success": True})
    report, calls = play(ADAPTER.connect(CONFIG, HOOK), done, done, reply(200, SHOWN))
    assert calls[1].json == {"webhook_configuration": {"override_callback_uri": HOOK, "verify_token": "verifica"}}
    assert (report.state, report.phone) == ("connected", "+551130000002")


def test_an_app_that_may_not_set_the_address_connects_all_the_same() -> None:
    report = play(ADAPTER.connect(CONFIG, HOOK), reply(200, {"success": True}), error(100), reply(200, SHOWN))[0]
    assert report.state == "connected"


@pytest.mark.parametrize(
    ("tier", "limit"), [("TIER_250", 250), ("TIER_2K", 2_000), ("TIER_UNLIMITED", 0), ("TIER_NEW", None)]
)
def test_limits_and_quality_are_read(tier: str, limit: int | None) -> None:
    shown = SHOWN | {"whatsapp_business_manager_messaging_limit": tier, "quality_rating": "RED"}
    report = play(ADAPTER.health(CONFIG), reply(200, shown))[0]
    assert (report.account, report.warning) == (AccountUpdate(limit, "RED"), "meta_quality_red")


def test_a_version_without_a_field_is_asked_without_it() -> None:
    report, calls = play(ADAPTER.health(CONFIG), error(100), error(100), reply(200, SHOWN))
    assert (report.state, len(calls)) == ("connected", 3)
    assert "limit" not in calls[2].url


@pytest.mark.parametrize(("status", "state"), [
    ("CONNECTED", "connected"), ("FLAGGED", "connected"), ("RATE_LIMITED", "connected"), ("RESTRICTED", "restricted"),
    ("BANNED", "restricted"), ("PENDING", "disconnected"), ("SOMETHING_NEW", "disconnected"),
])  # fmt: skip
def test_each_status_of_the_number_has_its_state(status: str, state: str) -> None:
    assert play(ADAPTER.health(CONFIG), reply(200, SHOWN | {"status": status}))[0].state == state


def test_an_expired_token_is_a_channel_that_is_down() -> None:
    report = play(ADAPTER.health(CONFIG), error(190, 401))[0]
    assert (report.state, report.reason) == ("disconnected", "unauthorised: words")


def test_a_file_is_fetched_by_its_id_and_only_from_meta() -> None:
    found, (first, second) = play(
        ADAPTER.fetch_media(CONFIG, MediaRef("image/jpeg", url="media:900001")),
        reply(200, {"url": "https://lookaside.fbsbx.com/whatsapp/x"}), HttpReply(200, b"jpg"),
    )  # fmt: skip
    assert found.body == b"jpg"
    assert second.headers == first.headers == {"Authorization": "Bearer EAAtoken"}


@pytest.mark.parametrize(
    "url", ["https://evil.example/x", "http://lookaside.fbsbx.com/x", "https://evilfbsbx.com/", "http://[", ""]
)
def test_an_address_elsewhere_never_sees_the_token(url: str) -> None:
    answer, calls = play(
        ADAPTER.fetch_media(CONFIG, MediaRef("image/jpeg", url="media:900001")), reply(200, {"url": url})
    )
    assert (answer, len(calls)) == (None, 1)


def test_only_a_body_signed_with_our_secret_is_believed() -> None:
    body = b'{"object":"whatsapp_business_account"}'
    good = "sha256=" + hmac.new(b"segredo-do-app", body, hashlib.sha256).hexdigest()
    assert ADAPTER.verify_hook(CONFIG, RawHook({"x-hub-signature-256": good}, body))
    assert not ADAPTER.verify_hook(CONFIG, RawHook({"x-hub-signature-256": good}, body + b" "))
    assert not ADAPTER.verify_hook(CONFIG, RawHook({}, body))


def test_the_handshake_answers_the_challenge_to_who_knows_our_token() -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "123", "hub.verify_token": "verifica"}
    assert ADAPTER.handshake(CONFIG, asked) == "123"
    assert ADAPTER.handshake(CONFIG, asked | {"hub.verify_token": "outro"}) is None
    assert ADAPTER.handshake(CONFIG, asked | {"hub.mode": "x"}) is None


@pytest.mark.parametrize(
    "code", ["131047", "131026", "131049", "131050", "132001", "132015", "window", "audio_caption"]
)
def test_codes_that_people_meet_are_put_into_words(code: str) -> None:
    assert words(code, "Re-engagement message") not in {"", "Re-engagement message"}


def test_an_unknown_code_keeps_what_meta_wrote() -> None:
    assert words("999999", "Something odd") == "Something odd"
    assert "999999" in words("999999")
