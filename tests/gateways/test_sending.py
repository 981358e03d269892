"""One message out, and what it teaches about the number."""

from datetime import datetime, timedelta

import pytest
import time_machine

from gateways import number_checks
from gateways.contract import Outcome, OutgoingMessage, SendResult
from gateways.models import Channel, ChannelState, NumberCheck
from gateways.services.sending import asked_pause, note_result, send_once
from tests.gateways.conftest import Script

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]

PHONE = "+5511999998888"
CHAT = "5511999998888@c.us"


def stored(channel: Channel) -> Channel:
    return Channel.objects.get(pk=channel.pk)


def test_a_sent_message_is_remembered_and_waits_for_its_receipt(channel: Channel, server: Script) -> None:
    server.json("/api/contacts/check-exists", {"numberExists": True, "chatId": CHAT})
    server.json("/api/sendText", {"id": f"true_{CHAT}_ABC"}, status=201)
    result = send_once(channel, OutgoingMessage(PHONE, "oi"))
    assert (result.outcome, result.external_id, result.chat_id) == (Outcome.SENT, "ABC", CHAT)
    assert number_checks.chat_ids(channel.pk, [PHONE]) == {PHONE: CHAT}
    assert stored(channel).unacked_sends == 1
    # Answers to customers are not what the cap of the day is about.
    assert stored(channel).sent_today == 0


def test_a_phone_without_whatsapp_is_remembered(channel: Channel, server: Script) -> None:
    server.json("/api/contacts/check-exists", {"numberExists": False})
    assert send_once(channel, OutgoingMessage(PHONE, "oi")).outcome is Outcome.INVALID_NUMBER
    assert NumberCheck.objects.get(phone=PHONE).exists is False
    assert stored(channel).unacked_sends == 0


def test_a_server_that_is_down_stops_the_number_and_is_asked_again_soon(channel: Channel) -> None:
    with time_machine.travel("2026-11-20T12:00:00+00:00", tick=False):
        note_result(channel, PHONE, SendResult(Outcome.CHANNEL_DOWN, code="unreachable", detail="refused"))
        found = stored(channel)
        assert (found.state, found.state_reason) == ("disconnected", "unreachable: refused")
        assert found.next_check_at == datetime.fromisoformat("2026-11-20T12:00:05+00:00")


@pytest.mark.parametrize(
    ("asked", "seconds"), [(None, 30), (7.0, 7), (0.0, 1), (0.2, 1), (3_600.0, 3_600), (1e9, 21_600)]
)
def test_a_pause_is_as_long_as_asked_within_reason(asked: float | None, seconds: float) -> None:
    assert asked_pause(SendResult(Outcome.LATER, retry_after_seconds=asked)) == timedelta(seconds=seconds)


def test_too_many_requests_let_only_this_number_rest(channel: Channel, make_channel) -> None:
    other = make_channel(state=ChannelState.CONNECTED)
    with time_machine.travel("2026-11-20T12:00:00+00:00", tick=False):
        note_result(channel, PHONE, SendResult(Outcome.LATER, code="429", retry_after_seconds=90))
    assert stored(channel).paused_until == datetime.fromisoformat("2026-11-20T12:01:30+00:00")
    assert stored(channel).state == ChannelState.CONNECTED
    assert stored(other).paused_until is None


def test_five_doubtful_sends_in_a_minute_stop_the_number(channel: Channel) -> None:
    doubt = SendResult(Outcome.UNKNOWN, code="503", detail="Busy")
    for _ in range(4):
        note_result(channel, PHONE, doubt)
    assert stored(channel).state == ChannelState.CONNECTED
    note_result(channel, PHONE, doubt)
    assert (stored(channel).state, stored(channel).state_reason) == ("disconnected", "unsure: 503 Busy")


def test_a_refused_message_says_nothing_of_the_number(channel: Channel) -> None:
    before = Channel.objects.filter(pk=channel.pk).values().get()
    note_result(channel, PHONE, SendResult(Outcome.REFUSED, code="400"))
    note_result(channel, PHONE, SendResult(Outcome.NOT_SENT, code="dns"))
    assert Channel.objects.filter(pk=channel.pk).values().get() == before
