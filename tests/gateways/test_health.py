"""The heartbeat: what the provider claims is weighed against the evidence."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
import time_machine

from core.clock import now
from gateways.calls import FailureKind, HttpReply, TransportFailure
from gateways.contract import ConnectionReport
from gateways.models import Channel, ChannelState
from gateways.services import health
from gateways.services.evidence import NO_ACKS
from gateways.services.health import Verdict, check_channel, check_channels, check_health, judge, retry_after
from tests.gateways.conftest import MakeChannel, Script
from tests.support.jobs import drain

NOON = datetime(2026, 11, 20, 15, tzinfo=UTC)
SESSION = "/api/sessions/default"
WORKING = {"name": "default", "status": "WORKING", "me": {"id": "5511988880000@c.us"}}
QR = {"name": "default", "status": "SCAN_QR_CODE"}


def number(**values: object) -> Channel:
    base = {"provider": "waha", "state": ChannelState.CONNECTED, "state_at": NOON, "connected_at": NOON}
    return Channel(**(base | values))


MINUTES = timedelta(minutes=1)
SECONDS = timedelta(seconds=1)
SILENT = {"unacked_sends": 10}
JUDGED: dict[str, tuple[dict[str, object], str, Verdict]] = {
    "well": ({}, "connected", Verdict("connected", "R", 30 * SECONDS)),
    "nine without a word": ({"unacked_sends": 9}, "connected", Verdict("connected", "R", 30 * SECONDS)),
    "ten without a word": (SILENT, "connected", Verdict("connected", "R", 30 * SECONDS, is_silent=True)),
    "silent for a minute": (
        SILENT | {"silent_since": NOON - MINUTES}, "connected", Verdict("connected", "R", 30 * SECONDS, is_silent=True),
    ),
    "silent for two minutes": (
        SILENT | {"silent_since": NOON - 2 * MINUTES}, "connected", Verdict("disconnected", NO_ACKS, 15 * MINUTES),
    ),
    "rested after silence": (
        SILENT | {"state": "disconnected", "state_reason": NO_ACKS, "silent_since": NOON - 20 * MINUTES}, "connected",
        Verdict("connected", "R", 30 * SECONDS, reconnect=True),
    ),
    "waits for the code": ({"state": "qr_required"}, "qr_required", Verdict("qr_required", "R", 10 * SECONDS)),
    "waits for the code for long": (
        {"state": "qr_required", "state_at": NOON - 11 * MINUTES}, "qr_required", Verdict("qr_required", "R", 5 * MINUTES),
    ),
    "down": ({}, "disconnected", Verdict("disconnected", "R", 5 * SECONDS, reconnect=True)),
    "down for the third time": (
        {"failed_checks": 2}, "disconnected", Verdict("disconnected", "R", 20 * SECONDS, reconnect=True),
    ),
    "never worked": ({"connected_at": None}, "disconnected", Verdict("disconnected", "R", 5 * SECONDS)),
    "connecting": ({}, "connecting", Verdict("connecting", "R", 5 * SECONDS)),
    "restricted": ({}, "restricted", Verdict("restricted", "R", 5 * MINUTES)),
}  # fmt: skip


@pytest.mark.parametrize("case", JUDGED)
def test_the_verdict(case: str) -> None:
    values, reported, expected = JUDGED[case]
    assert judge(number(**values), ConnectionReport(reported, "R"), NOON) == expected


def test_retries_double_up_to_five_minutes() -> None:
    assert [retry_after(n).total_seconds() for n in range(9)] == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert retry_after(10_000).total_seconds() == 300


def test_jitter_stays_within_a_fifth() -> None:
    spans = [health.jittered(timedelta(seconds=100), dice).total_seconds() for dice in (0.0, 0.5, 1.0)]
    assert spans == [80, 100, 120]


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]


def stored(channel: Channel) -> Channel:
    return Channel.objects.get(pk=channel.pk)


def test_a_heartbeat_notes_the_state_and_plans_the_next(channel: Channel, server: Script) -> None:
    server.json(SESSION, WORKING)
    with time_machine.travel(NOON, tick=False):
        check_health(channel)
        found = stored(channel)
        assert (found.state, found.phone, found.failed_checks) == ("connected", "+5511988880000", 0)
        assert timedelta(seconds=24) <= found.next_check_at - NOON <= timedelta(seconds=36)


def test_the_qr_code_is_fetched_renewed_and_forgotten(make_channel: MakeChannel, server: Script) -> None:
    channel = make_channel(state=ChannelState.CONNECTING)
    server.json(SESSION, QR, QR, WORKING).json("/api/default/auth/qr", {"value": "2@first"}, {"value": "2@second"})
    check_health(channel)
    assert (stored(channel).state, stored(channel).qr) == ("qr_required", "2@first")
    check_health(stored(channel))
    assert stored(channel).qr == "2@second"
    check_health(stored(channel))
    assert (stored(channel).state, stored(channel).qr) == ("connected", "")


def test_silence_is_seen_after_two_minutes_and_ends_in_a_new_session(channel: Channel, server: Script) -> None:
    server.json(SESSION, WORKING).json("/api/sessions", WORKING, status=201)
    Channel.objects.filter(pk=channel.pk).update(unacked_sends=12)
    with time_machine.travel(NOON, tick=False) as traveller:
        check_health(stored(channel))
        assert (stored(channel).state, stored(channel).silent_since) == ("connected", NOON)
        traveller.shift(121)
        check_health(stored(channel))
        assert (stored(channel).state, stored(channel).state_reason) == ("disconnected", NO_ACKS)
        assert stored(channel).next_check_at > NOON + timedelta(minutes=12)
        opened = len([call for call in server.calls if call.method == "POST"])
        traveller.shift(20 * 60)
        check_health(stored(channel))
        assert len([call for call in server.calls if call.method == "POST"]) > opened
        assert (stored(channel).state, stored(channel).unacked_sends) == ("connected", 0)


def test_a_dead_server_is_asked_ever_more_seldom_and_found_again(channel: Channel, server: Script) -> None:
    gone = TransportFailure(FailureKind.NOT_SENT, "refused")
    server.on(SESSION, gone).on("/api/sessions", gone)
    waits = []
    with time_machine.travel(NOON, tick=False):
        for _ in range(4):
            check_health(stored(channel))
            waits.append((stored(channel).next_check_at - NOON).total_seconds())
        assert stored(channel).state == ChannelState.DISCONNECTED
        server.json(SESSION, WORKING)
        check_health(stored(channel))
    assert all(low * 0.8 <= wait <= low * 1.2 for low, wait in zip((5, 10, 20, 40), waits, strict=True))
    assert (stored(channel).state, stored(channel).failed_checks) == ("connected", 0)


def test_a_warning_of_the_provider_is_kept_for_the_owner(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    report = ConnectionReport("connected", "WORKING", warning="The server accepts any key.")
    monkeypatch.setattr(health.sync, "run", lambda operation, **_kwargs: report)
    check_health(channel)
    assert stored(channel).warning == "The server accepts any key."


def test_only_due_numbers_are_asked_and_each_once(make_channel: MakeChannel, server: Script) -> None:
    server.json(SESSION, WORKING)
    past, future = now() - timedelta(seconds=1), now() + timedelta(hours=1)
    due, new = make_channel(next_check_at=past), make_channel()
    make_channel(next_check_at=future)
    make_channel(state=ChannelState.PAUSED)
    make_channel(removed_at=now())
    make_channel(state=ChannelState.DISCONNECTED, state_reason="by_hand")
    make_channel(provider="simulator")
    check_channels()
    check_channels()
    drain()
    asked = Channel.objects.filter(state=ChannelState.CONNECTED)
    assert {channel.pk for channel in asked} == {due.pk, new.pk}
    assert len(server.calls) == 2


def test_a_check_that_another_worker_began_is_left_to_it(channel: Channel, server: Script) -> None:
    server.json(SESSION, WORKING)
    Channel.objects.filter(pk=channel.pk).update(next_check_at=now() + timedelta(seconds=60))
    check_channel(organization_id=str(channel.organization_id), channel_id=str(channel.pk))
    assert server.calls == []


def test_connecting_registers_our_signed_webhook(make_channel: MakeChannel, server: Script) -> None:
    channel = make_channel()
    server.json("/api/sessions", {"name": "default", "status": "STARTING"}, status=201).json(SESSION, QR)
    server.json("/api/default/auth/qr", {"value": "2@code"})
    health.connect_channel(organization_id=str(channel.organization_id), channel_id=str(channel.pk))
    [webhook] = next(call.json for call in server.calls if call.method == "POST")["config"]["webhooks"]
    assert webhook["url"] == health.webhook_url(channel)
    assert webhook["url"].endswith(f"/hooks/waha/{channel.hook_token}/")
    assert webhook["hmac"]["key"] == channel.config["hmac_key"]
    assert (stored(channel).state, stored(channel).qr) == ("qr_required", "2@code")


def test_a_refused_key_says_so(make_channel: MakeChannel, server: Script) -> None:
    channel = make_channel()
    refused = HttpReply(401, orjson.dumps({"message": "Unauthorized"}))
    server.on("/api/sessions", refused).on(SESSION, refused)
    health.connect_channel(organization_id=str(channel.organization_id), channel_id=str(channel.pk))
    assert stored(channel).state == ChannelState.DISCONNECTED
    assert "401" in stored(channel).state_reason or "unauthorised" in stored(channel).state_reason
