"""What is Evolution's own: connecting, codes, files, and what a real 2.3.6 answered call by call."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from gateways.calls import FailureKind, HttpReply, TransportFailure
from gateways.contract import MediaRef, Outcome, OutgoingMedia, OutgoingMessage, RawHook
from gateways.providers.evolution.adapter import EvolutionAdapter
from gateways.providers.evolution.config import EvolutionConfig
from tests.gateways.providers.payloads import play

RECORDED = json.loads((Path(__file__).parent.parent / "fixtures/recorded/evolution-2.3.6-api.json").read_text())
ADAPTER = EvolutionAdapter()
CONFIG = EvolutionConfig(
    base_url="http://evo.example:8080", api_key="chave-do-evo", instance="demo1", hook_secret="segredo-do-hook"
)
HOOK = "https://crm.example/hooks/evolution/abc/"
OPEN = {"instance": {"instanceName": "demo1", "state": "open"}}
CONNECTING = {"instance": {"instanceName": "demo1", "state": "connecting"}}
CLOSED = {"instance": {"instanceName": "demo1", "state": "close"}}


def reply(status: int, body: Any) -> HttpReply:
    return HttpReply(status, (body if isinstance(body, str) else json.dumps(body)).encode())


def recorded(label: str) -> HttpReply:
    found = next(one["response"] for one in RECORDED if one["label"] == label)
    return reply(found["status"], found["body"])


def paths(calls: list[Any]) -> list[tuple[str, str]]:
    return [(call.method, call.url.split("8080")[1]) for call in calls]


def test_an_instance_that_is_not_there_is_created_with_our_webhook() -> None:
    answers = [
        recorded("state of unknown instance"), recorded("create qrcode=false"), reply(200, CONNECTING),
        recorded("fetchInstances one"), reply(200, {"code": "2@abc", "pairingCode": None, "count": 1}),
    ]  # fmt: skip
    report, calls = play(ADAPTER.connect(CONFIG, HOOK), *answers)
    assert paths(calls) == [
        ("GET", "/instance/connectionState/demo1"),
        ("POST", "/instance/create"),
        ("GET", "/instance/connectionState/demo1"),
        ("GET", "/instance/fetchInstances?instanceName=demo1"),
        ("GET", "/instance/connect/demo1"),
    ]
    webhook = calls[1].json["webhook"]
    assert (webhook["url"], webhook["headers"]) == (HOOK, {"X-Hook-Token": "segredo-do-hook"})
    assert (report.state, report.qr) == ("qr_required", "2@abc")


def test_an_instance_that_is_there_gets_our_webhook_nested() -> None:
    answers = [
        reply(200, OPEN),
        recorded("webhook set"),
        reply(200, OPEN),
        reply(200, [{"ownerJid": "5511988880000:3@s.whatsapp.net"}]),
    ]
    report, calls = play(ADAPTER.connect(CONFIG, HOOK), *answers)
    assert paths(calls)[1] == ("POST", "/webhook/set/demo1")
    assert calls[1].json["webhook"]["events"]
    assert (report.state, report.phone) == ("connected", "+5511988880000")


def test_a_code_that_is_not_there_yet_is_no_code() -> None:
    answers = [reply(200, CONNECTING), recorded("fetchInstances one"), recorded("connect (WhatsApp unreachable)")]
    report = play(ADAPTER.health(CONFIG), *answers)[0]
    assert (report.state, report.qr) == ("connecting", "")


@pytest.mark.parametrize(("code", "reason"), [(402, "ban_temporary"), (403, "ban"), (406, "ban_permanent")])
def test_a_ban_is_a_restriction_and_nobody_asks_for_a_code(code: int, reason: str) -> None:
    report, calls = play(ADAPTER.health(CONFIG), reply(200, CLOSED), reply(200, [{"disconnectionReasonCode": code}]))
    assert (report.state, report.reason, len(calls)) == ("restricted", reason, 2)


def test_a_phone_that_left_is_offered_a_new_code() -> None:
    answers = [reply(200, CLOSED), reply(200, [{"disconnectionReasonCode": 401}]), reply(200, {"code": "2@new"})]
    report = play(ADAPTER.health(CONFIG), *answers)[0]
    assert (report.state, report.qr) == ("qr_required", "2@new")


@pytest.mark.parametrize(("answer", "reason"), [
    (recorded("wrong apikey"), "unauthorised"), (recorded("state of unknown instance"), "no session"),
    (TransportFailure(FailureKind.NOT_SENT, "refused"), "unreachable: refused"), (reply(200, "<html>"), "not Evolution"),
])  # fmt: skip
def test_a_server_that_cannot_say_is_a_channel_that_is_down(answer: Any, reason: str) -> None:
    report = play(ADAPTER.health(CONFIG), answer)[0]
    assert (report.state, report.reason) == ("disconnected", reason)


def test_an_error_that_comes_with_200_is_an_error() -> None:
    report = play(ADAPTER.disconnect(CONFIG), recorded("restart when closed"))[0]
    assert report.reason != "logout"


@pytest.mark.parametrize("label", ["logout when closed", "logout while connecting"])
def test_leaving_is_leaving(label: str) -> None:
    assert play(ADAPTER.disconnect(CONFIG), recorded(label))[0].reason == "logout"


def test_the_number_is_asked_for_and_the_answer_is_dialled() -> None:
    found = reply(200, [{"jid": "553188887777@s.whatsapp.net", "exists": True, "number": "5531988887777"}])
    sent = reply(201, {"key": {"id": "3EB0CCCC"}})
    result, calls = play(ADAPTER.send(CONFIG, OutgoingMessage("+5531988887777", "oi")), found, sent)
    assert (result.outcome, result.chat_id) == (Outcome.SENT, "553188887777@c.us")
    assert calls[1].json == {"number": "553188887777", "text": "oi"}
    assert [call.effectful for call in calls] == [False, True]


def test_a_number_without_whatsapp_is_not_written_to() -> None:
    result, calls = play(ADAPTER.send(CONFIG, OutgoingMessage("+551133334444", "oi")), reply(200, [{"exists": False}]))
    assert (result.outcome, len(calls)) == (Outcome.INVALID_NUMBER, 1)


@pytest.mark.parametrize("label", ["whatsappNumbers not connected", "whatsappNumbers while connecting"])
def test_a_check_without_a_phone_tells_nothing_about_the_number(label: str) -> None:
    result, calls = play(ADAPTER.send(CONFIG, OutgoingMessage("+5531988887777", "oi")), recorded(label))
    assert (result.outcome, len(calls)) == (Outcome.CHANNEL_DOWN, 1)
    assert play(ADAPTER.check_number(CONFIG, "+5531988887777"), recorded(label))[0].exists is None


def test_an_official_instance_has_no_check_and_sends_all_the_same() -> None:
    answers = [recorded("whatsappNumbers business"), recorded("sendText WHATSAPP-BUSINESS ok")]
    result, calls = play(ADAPTER.send(CONFIG, OutgoingMessage("+5511999999999", "oi")), *answers)
    assert (result.outcome, result.external_id) == (Outcome.SENT, "wamid.LOCAL0001")
    assert calls[1].json["number"] == "5511999999999"


@pytest.mark.parametrize(
    ("kind", "path"), [("image", "sendMedia"), ("document", "sendMedia"), ("audio", "sendWhatsAppAudio")]
)
def test_each_kind_of_file_has_its_call(kind: str, path: str) -> None:
    media = OutgoingMedia("a.bin", "application/pdf", kind, "QUJD")
    message = OutgoingMessage("+5511999999999", "legenda", "5511999999999@c.us", media, reply_to="3EB0AAAA")
    (call,) = play(ADAPTER.send(CONFIG, message), reply(201, {"key": {"id": "x"}}))[1]
    assert call.url.endswith(f"/message/{path}/demo1")
    assert call.json["quoted"] == {"key": {"id": "3EB0AAAA"}}
    assert (call.json.get("audio") or call.json.get("media")) == "QUJD"


def test_a_hidden_id_is_answered_as_it_is() -> None:
    message = OutgoingMessage("", "oi", "123456789012345@lid")
    (call,) = play(ADAPTER.send(CONFIG, message), reply(201, {"key": {"id": "x"}}))[1]
    assert call.json["number"] == "123456789012345@lid"


def test_a_file_comes_decrypted_from_the_server() -> None:
    answer = reply(201, {"base64": base64.b64encode(b"voz").decode(), "mimetype": "audio/ogg"})
    file, (call,) = play(ADAPTER.fetch_media(CONFIG, MediaRef("audio/ogg", url="message:3EB0AAAA")), answer)
    assert (file.status, file.body) == (200, b"voz")
    assert call.json["message"] == {"key": {"id": "3EB0AAAA"}}
    assert not call.effectful


def test_a_file_may_be_large() -> None:
    data = b"\xff" * 300_000
    answer = reply(201, {"base64": base64.b64encode(data).decode()})
    assert play(ADAPTER.fetch_media(CONFIG, MediaRef("image/png", url="message:1")), answer)[0].body == data


def test_a_code_to_type_is_asked_with_the_number() -> None:
    code, (call,) = play(ADAPTER.pairing_code(CONFIG, "+5511988880000"), reply(200, {"pairingCode": "ABCD1234"}))
    assert (code, call.url.split("8080")[1]) == ("ABCD1234", "/instance/connect/demo1?number=5511988880000")


def test_a_webhook_needs_our_word_in_its_header() -> None:
    assert ADAPTER.verify_hook(CONFIG, RawHook({"x-hook-token": "segredo-do-hook"}, b"{}"))
    assert not ADAPTER.verify_hook(CONFIG, RawHook({"x-hook-token": "outro"}, b"{}"))
    assert not ADAPTER.verify_hook(CONFIG, RawHook({}, b"{}"))


def test_the_servers_own_token_is_blotted_out_although_we_do_not_know_it() -> None:
    body = b'{"event":"messages.upsert","data":{"message":{"conversation":"apikey"}},"apikey":"EAALOCALTOKEN"}'
    kept = ADAPTER.redact(CONFIG, body)
    assert b"EAALOCALTOKEN" not in kept
    assert json.loads(kept)["data"]["message"]["conversation"] == "apikey"


def test_the_key_of_the_published_example_is_warned_about() -> None:
    config = CONFIG.model_copy(update={"api_key": "429683C4C977415CAAFCCE10F7D57E11"})
    report = play(ADAPTER.health(config), reply(200, OPEN), reply(200, []))[0]
    assert report.warning == "public_key"


def test_a_flood_of_the_same_state_has_one_key() -> None:
    flood = list(range(107))
    bodies = [
        json.dumps(
            {
                "event": "connection.update",
                "instance": "demo1",
                "date_time": f"2026-{n}",
                "data": {"state": "connecting"},
            }
        )
        for n in flood
    ]
    assert len({ADAPTER.dedupe_key(RawHook({}, body.encode())) for body in bodies}) == 1
