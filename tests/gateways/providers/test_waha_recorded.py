"""What a real WAHA 2024.10.8 (Core, NOWEB) answered, recorded call by call: each is judged by the adapter as it should be."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateways.calls import Answer, FailureKind, HttpReply, TransportFailure
from gateways.contract import Outcome, OutgoingMessage
from gateways.providers.waha.adapter import KEY_IGNORED, WahaAdapter
from gateways.providers.waha.config import WahaConfig
from tests.gateways.providers.payloads import play

RECORDED = json.loads((Path(__file__).parent.parent / "fixtures/recorded/waha-2024.10.8.json").read_text())
ADAPTER = WahaAdapter()
CONFIG = WahaConfig(base_url="http://waha.example:3000", api_key="local-key", session="default")
CHAT = "5511999999999@c.us"

SENDS = {
    "sendText, session never started": "no session",
    "sendText while STARTING": "not_working",
    "sendImage": "not_working",
    "sendText on unknown session": "not_working",
    "sendText when STOPPED": "no session",
}
SESSIONS = {
    "get before creation": ("disconnected", "STOPPED"),
    "get STOPPED": ("disconnected", "STOPPED"),
    "get after start (WhatsApp unreachable)": ("connecting", "STARTING"),
    "get after stop": ("disconnected", "STOPPED"),
    "9 s later": ("connecting", "STARTING"),
}
CONNECTS = ("create start=false", "create second session (core of that version)", "create+start after delete")
STEPS = ("start", "update config", "qr raw while no QR", "no key", "bad key")
DEAD = ("restart", "qr unknown session")
# Calls that the product does not make.
UNUSED = ("ping", "ping without key", "version", "list all", "me", "delete")
BOTH = ("stop", "logout", "check-exists while STARTING")


def case(label: str, *, alive: bool = True) -> dict[str, Any]:
    return next(one for one in RECORDED if one["label"] == label and bool(one["response"]["status"]) is alive)


def reply(label: str) -> Answer:
    response = case(label)["response"]
    body = response["body"]
    return HttpReply(response["status"], (body if isinstance(body, str) else json.dumps(body)).encode())


def test_every_recorded_answer_is_judged() -> None:
    judged = {*SENDS, *SESSIONS, *CONNECTS, *STEPS, *DEAD, *UNUSED, *BOTH}
    assert {one["label"] for one in RECORDED} == judged


@pytest.mark.parametrize("label", SENDS)
def test_a_session_that_is_not_there_never_fails_a_message(label: str) -> None:
    result, calls = play(ADAPTER.send(CONFIG, OutgoingMessage("+5511999999999", "oi", CHAT)), reply(label))
    assert (result.outcome, result.code) == (Outcome.CHANNEL_DOWN, SENDS[label])
    assert calls[0].timeout_seconds > case(label)["response"].get("seconds", 0) + 5


@pytest.mark.parametrize("label", SESSIONS)
def test_a_session_is_read_as_it_is(label: str) -> None:
    # The build ignores the key: the same answer comes with a wrong one.
    report = play(ADAPTER.health(CONFIG), reply(label), reply(label))[0]
    assert (report.state, report.reason) == SESSIONS[label]
    assert report.warning == KEY_IGNORED


def test_a_wrong_key_is_taken_and_a_missing_one_too() -> None:
    assert [case(label)["response"]["status"] for label in ("no key", "bad key")] == [200, 200]


def test_the_session_that_is_there_from_the_start_gets_our_settings_and_is_started() -> None:
    state = "get after start (WhatsApp unreachable)"
    answers = [reply(label) for label in ("create start=false", "update config", "start", state, state)]
    report, calls = play(ADAPTER.connect(CONFIG, "http://prosa.example/hook/"), *answers)
    assert [(call.method, call.url.split("3000")[1]) for call in calls[:3]] == [
        ("POST", "/api/sessions"),
        ("PUT", "/api/sessions/default"),
        ("POST", "/api/sessions/default/start"),
    ]
    assert report.state == "connecting"


def test_a_session_that_can_be_created_needs_no_second_call() -> None:
    answers = [reply("create+start after delete"), reply("9 s later"), reply("9 s later")]
    assert play(ADAPTER.connect(CONFIG, "http://prosa.example/hook/"), *answers)[0].state == "connecting"


def test_a_second_session_is_refused_in_the_servers_own_words() -> None:
    refused = reply("create second session (core of that version)")
    report = play(ADAPTER.connect(CONFIG, "http://prosa.example/hook/"), refused)[0]
    assert report.state == "disconnected"
    assert "support only 'default' session" in report.reason


def test_a_code_that_is_not_there_yet_is_no_code() -> None:
    waiting = HttpReply(200, b'{"name": "default", "status": "SCAN_QR_CODE", "me": null}')
    report = play(ADAPTER.health(CONFIG), waiting, reply("qr raw while no QR"), HttpReply(401, b""))[0]
    assert (report.state, report.qr, report.warning) == ("qr_required", "", "")


def test_a_check_while_the_session_starts_tells_nothing_about_the_number() -> None:
    answer = reply("check-exists while STARTING")
    assert play(ADAPTER.check_number(CONFIG, "+5531988887777"), answer)[0].exists is None
    result, calls = play(ADAPTER.send(CONFIG, OutgoingMessage("+5531988887777", "oi")), answer)
    assert (result.outcome, len(calls)) == (Outcome.CHANNEL_DOWN, 1)


@pytest.mark.parametrize("label", ["stop", "logout"])
def test_leaving_is_leaving(label: str) -> None:
    assert play(ADAPTER.disconnect(CONFIG), reply(label))[0].state == "disconnected"


@pytest.mark.parametrize(("label", "kind"), [("restart", FailureKind.MAYBE_SENT), ("stop", FailureKind.NOT_SENT)])
def test_a_server_that_died_is_a_channel_that_is_down(label: str, kind: FailureKind) -> None:
    # It crashed on "restart" while WhatsApp could not be reached; what followed was refused.
    gone = TransportFailure(kind, str(case(label, alive=False)["response"]["body"]))
    assert play(ADAPTER.connect(CONFIG, "http://prosa.example/hook/"), gone)[0].state == "disconnected"
    sent = play(ADAPTER.send(CONFIG, OutgoingMessage("+5511999999999", "oi", CHAT)), gone)[0]
    assert sent.outcome is (Outcome.UNKNOWN if kind is FailureKind.MAYBE_SENT else Outcome.CHANNEL_DOWN)
