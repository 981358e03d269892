"""A server of numbers that failed too often is left alone; what that means for its numbers, messages, files and signs."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Organization
from core.breaker import CircuitOpenError, open_breakers
from gateways.calls import FailureKind, TransportFailure
from gateways.contract import Outcome, OutgoingMessage
from gateways.models import Channel, ChannelState
from gateways.services.channels import disconnect_channel
from gateways.services.health import check_health, learn_portfolio
from gateways.services.media import download
from gateways.services.presence import resolve_phone, show_presence
from gateways.services.sending import send_once
from gateways.transport import sync
from tests.gateways.conftest import MakeChannel
from tests.support.sockets import Peer, answers, peer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]

PHONE = "+5511999998888"


@pytest.fixture
def dead(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    settings.ALLOW_PRIVATE_HOSTS = True
    monkeypatch.setattr(sync, "CONNECT_SECONDS", 2.0)
    with peer(answers("503 Service Unavailable", b"")) as server:
        yield server


@pytest.fixture
def numbers(make_channel: MakeChannel, dead: Peer) -> list[Channel]:
    """Seven numbers of one server that has just died."""
    made = [make_channel(state=ChannelState.CONNECTED) for _again in range(7)]
    for channel in made:
        channel.config = {**channel.config, "base_url": dead.url}
        channel.save(update_fields=["sealed_config"])
    return made


def _state(channel: Channel) -> str:
    return Channel.objects.get(pk=channel.pk).state


def test_what_some_numbers_found_out_counts_for_the_others(
    numbers: list[Channel], dead: Peer, acme: Organization
) -> None:
    for channel in numbers[:5]:
        check_health(channel)
    (rest,) = open_breakers(acme.pk)
    assert rest.dependency == "gateway"
    asked = len(dead.requests)
    for channel in numbers[5:]:
        report = check_health(channel)
        assert (report.state, report.reason) == ("disconnected", "unreachable: circuit_open")
    assert len(dead.requests) == asked
    assert {_state(channel) for channel in numbers} == {"disconnected"}


def test_a_message_waits_untried(numbers: list[Channel], dead: Peer) -> None:
    for channel in numbers[:5]:
        check_health(channel)
    asked = len(dead.requests)
    result = send_once(numbers[6], OutgoingMessage(PHONE, "oi", "5511999998888@c.us"))
    assert (result.outcome, result.code) == (Outcome.LATER, "circuit_open")
    assert result.retry_after_seconds is not None
    assert 0 < result.retry_after_seconds <= 30
    assert len(dead.requests) == asked
    assert _state(numbers[6]) == "connected"  # judged by its own heartbeat


def test_files_and_signs_wait_too(numbers: list[Channel], dead: Peer) -> None:
    for channel in numbers[:5]:
        check_health(channel)
    asked, last = len(dead.requests), numbers[6]
    failure = download(last, {"mimetype": "image/jpeg", "url": "/api/files/a.jpg"})
    assert failure == TransportFailure(FailureKind.NOT_SENT, "circuit_open")
    assert resolve_phone(last, "123@lid") is None
    show_presence(organization_id=str(last.organization_id), channel_id=str(last.pk), chat_id="5@c.us", typing=True)
    assert len(dead.requests) == asked


def test_a_number_can_be_taken_off_a_server_that_rests(numbers: list[Channel]) -> None:
    for channel in numbers[:5]:
        check_health(channel)
    disconnect_channel(numbers[6], actor=None)
    assert _state(numbers[6]) == "disconnected"


def test_the_business_of_a_number_is_asked_for_later(
    make_channel: MakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resting(*_operation: Any, **_values: Any) -> None:
        raise CircuitOpenError(5)

    config = {"phone_number_id": "1001", "waba_id": "2002", "token": "t", "app_secret": "s", "verify_token": "v"}
    channel = make_channel(provider="cloud", config=config, state=ChannelState.CONNECTED)
    monkeypatch.setattr(sync, "run", resting)
    learn_portfolio(channel)
    assert Channel.objects.get(pk=channel.pk).portfolio_id is None
