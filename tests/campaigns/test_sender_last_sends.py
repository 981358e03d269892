"""A drain that begins nothing more and waits for its last answers."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Organization
from campaigns.models import Recipient
from campaigns.sender import drain
from campaigns.sender.engine import Engine
from campaigns.services import lifecycle
from core.clock import now
from gateways.contract import Outcome, OutgoingMessage, SendResult
from gateways.models import Channel, ChannelState
from tests.campaigns.sending import Provider, install, send_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    return install(monkeypatch)


def test_a_number_that_asks_to_be_left_alone_is_heard_while_the_process_ends(
    in_acme: Organization, make_campaign: Any, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending: list[bool] = []
    stop = Engine.stop

    def stopping(engine: Engine) -> None:
        stop(engine)
        ending.append(True)

    async def late(_message: OutgoingMessage) -> SendResult:
        while not ending:
            await asyncio.sleep(0.01)
        await asyncio.sleep(1.0)  # the drain looks up at least each half second
        return SendResult(Outcome.LATER, code="429", retry_after_seconds=600)

    monkeypatch.setattr(Engine, "stop", stopping)
    provider.answer = late
    campaign = lifecycle.start(make_campaign(3))
    send_until(lambda: len(provider.sent) == 3)
    assert Channel.objects.get().paused_until > now() + timedelta(minutes=5)
    assert set(campaign.recipients.values_list("state", "attempts")) == {("queued", 0)}


def test_the_number_stays_taken_until_the_last_answer(
    in_acme: Organization, make_campaign: Any, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go: list[bool] = []
    leases: list[Any] = []

    async def slow(message: OutgoingMessage) -> SendResult:
        while not let_go:
            await asyncio.sleep(0.01)
        return provider.accept(message)

    def renewed_twice_after_the_number_went_down() -> bool:
        channel = Channel.unscoped.get()
        if provider.sent and channel.state == ChannelState.CONNECTED:
            Channel.unscoped.update(state=ChannelState.DISCONNECTED)
        elif provider.sent and not let_go and channel.lease_until not in leases[-1:]:
            leases.append(channel.lease_until)
        if len(leases) == 4:
            let_go.append(True)
        return bool(let_go) and Recipient.unscoped.filter(state="sent").exists()

    monkeypatch.setattr(drain, "KEEP_SECONDS", 0.1)
    monkeypatch.setattr(drain, "CHANNEL_LEASE_SECONDS", 30.0)
    provider.answer = slow
    lifecycle.start(make_campaign(1))
    send_until(renewed_twice_after_the_number_went_down)
    assert all(leases)
    assert Channel.objects.get().lease_until is None
