"""Read marks and "typing…": shown where it can be, never in the way."""

import logging

import pytest

from gateways.calls import FailureKind, TransportFailure
from gateways.models import Channel, ChannelState
from gateways.services.presence import PER_MINUTE, announce
from tests.gateways.conftest import CUSTOMER, MakeChannel, Script
from tests.support.jobs import drain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]


def show(channel: Channel, *, typing: bool = True, chat_id: str = CUSTOMER) -> None:
    announce(channel, chat_id, typing=typing)
    drain()


def paths(server: Script) -> list[str]:
    return [call.url.rsplit("/", 1)[1] for call in server.calls]


@pytest.fixture
def answering(server: Script) -> Script:
    return server.json("/api/sendSeen", {}, status=201).json("/api/startTyping", {}, status=201)


def test_a_chat_is_read_and_written_in(channel: Channel, answering: Script) -> None:
    show(channel)
    assert paths(answering) == ["sendSeen", "startTyping"]
    assert answering.calls[0].json == {"session": "default", "chatId": CUSTOMER}


def test_a_failure_is_a_line_in_the_log(channel: Channel, server: Script, caplog: pytest.LogCaptureFixture) -> None:
    server.on("/api/sendSeen", TransportFailure(FailureKind.MAYBE_SENT, "timeout"))
    with caplog.at_level(logging.INFO):
        show(channel)
    assert "presence not shown" in caplog.text
    channel.refresh_from_db()
    assert channel.state == ChannelState.CONNECTED


def test_the_pace_is_that_of_a_person(channel: Channel, answering: Script) -> None:
    for _ in range(PER_MINUTE + 5):
        show(channel, typing=False)
    assert len(answering.calls) == PER_MINUTE


@pytest.mark.parametrize("state", [ChannelState.DISCONNECTED, ChannelState.RESTRICTED, ChannelState.PAUSED])
def test_a_number_that_is_not_there_shows_nothing(
    state: ChannelState, make_channel: MakeChannel, answering: Script
) -> None:
    show(make_channel(state=state))
    assert answering.calls == []


def test_nothing_is_shown_without_an_address_or_by_a_provider_that_cannot(
    channel: Channel, make_channel: MakeChannel, answering: Script
) -> None:
    show(channel, chat_id="")
    show(make_channel(provider="simulator", state=ChannelState.CONNECTED))
    assert answering.calls == []
