"""Runs the real sender inside a test, against a scripted provider or the Simulator."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from campaigns.models import Campaign, CampaignState, Recipient, RecipientState
from campaigns.sender import posting
from campaigns.sender.engine import Engine
from core.tenancy import across_organizations
from gateways.contract import Outcome, OutgoingMessage, SendResult

Answer = Callable[[OutgoingMessage], SendResult | Awaitable[SendResult]]
OPEN = [RecipientState.QUEUED, RecipientState.SENDING]


class Provider:
    """Takes what the sender sends: ``sent`` holds (phone, text, moment); ``answer`` may be replaced."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, float]] = []
        self.answer: Answer = self.accept
        self.under_way = self.most_under_way = 0

    @property
    def phones(self) -> list[str]:
        return [phone for phone, _text, _at in self.sent]

    def accept(self, message: OutgoingMessage) -> SendResult:
        return SendResult(Outcome.SENT, f"id-{message.phone}-{len(self.sent)}", message.phone)

    async def run(self, operation: Any, session: Any, *, simulator: Any) -> SendResult:
        message: OutgoingMessage = operation
        self.sent.append((message.phone, message.text, time.monotonic()))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            answer = self.answer(message)
            return answer if isinstance(answer, SendResult) else await answer
        finally:
            self.under_way -= 1


def install(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """Replace every provider by one that the test scripts; adapters are asked for nothing."""
    provider = Provider()
    monkeypatch.setattr(posting, "arun", provider.run)
    monkeypatch.setattr(
        "gateways.providers.simulator.adapter.SimulatorAdapter.send", lambda _self, _config, message: message
    )
    return provider


def all_done() -> bool:
    with across_organizations():
        running = Campaign.objects.filter(state=CampaignState.RUNNING).exists()
        return not running and not Recipient.objects.filter(state=RecipientState.SENDING).exists()


def nothing_open() -> bool:
    with across_organizations():
        return not Recipient.objects.filter(state__in=OPEN).exists()


def send_until(done: Callable[[], bool] = all_done, seconds: float = 20.0, connections: int = 16) -> None:
    """Run one sender until the database says so; fails when that takes too long."""

    async def main() -> None:
        engine = Engine(connections)
        running = asyncio.create_task(engine.run())
        deadline = time.monotonic() + seconds
        try:
            while not await engine.database.run(None, done):
                assert time.monotonic() < deadline, "the sender did not get there"
                assert not running.done(), running.result()
                await asyncio.sleep(0.05)
        finally:
            engine.stop()
            await running

    asyncio.run(main())
    gc.collect()  # the Simulator's threads are gone, and so must be their connections


def send_for(seconds: float) -> None:
    """Run one sender for a while."""
    until = time.monotonic() + seconds
    send_until(lambda: time.monotonic() > until, seconds + 5)
