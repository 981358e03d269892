import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import date
from uuid import uuid4

import pytest

from campaigns.sender import claims
from campaigns.sender.claims import Claimed
from campaigns.sender.launching import Launcher, Ready


class Scene:
    """A launcher whose sends wait for ``go``, and what became of its rows, by phone."""

    def __init__(self, window: int = 2) -> None:
        self.sent: list[str] = []
        self.given_back: list[str] = []
        self.go = asyncio.Event()
        self.window = window
        self.launcher = Launcher(self._send, lambda row: self.given_back.append(row.phone), lambda: self.window)

    async def _send(self, row: Claimed) -> None:
        self.sent.append(row.phone)
        await self.go.wait()

    def add(self, phone: str, *, start_in: float = 0.0, claimed_ago: float = 0.0) -> None:
        row = Claimed(uuid4(), uuid4(), uuid4(), phone, "Oi", 1, "", False, uuid4(), date(2026, 3, 10))
        at = time.monotonic()
        self.launcher.add(Ready(row, at + start_in, at - claimed_ago))

    async def settle(self) -> None:
        """Let the tasks that may run do so."""
        for _ in range(5):
            await asyncio.sleep(0)


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await scene()

    asyncio.run(main())


def test_a_row_whose_claim_is_older_than_half_its_lease_is_given_back_unsent() -> None:
    async def scene() -> None:
        stage = Scene()
        stage.add("old", claimed_ago=claims.LEASE_SECONDS / 2 + 0.1)
        stage.add("fresh", claimed_ago=claims.LEASE_SECONDS / 2 - 30)
        stage.launcher.launch()
        await stage.settle()
        assert (stage.sent, stage.given_back) == (["fresh"], ["old"])
        assert (stage.launcher.under_way, stage.launcher.waiting) == (1, 0)
        stage.go.set()
        await stage.launcher.wait()

    play(scene)


def test_rows_start_in_their_order_while_the_window_has_room() -> None:
    async def scene() -> None:
        stage = Scene(window=2)
        for phone in "abc":
            stage.add(phone)
        stage.launcher.launch()
        await stage.settle()
        assert (stage.sent, stage.launcher.waiting) == (["a", "b"], 1)
        stage.go.set()
        await stage.settle()
        assert stage.sent == ["a", "b", "c"]
        await stage.launcher.wait()
        assert not stage.launcher.is_busy

    play(scene)


def test_a_row_waits_for_its_instant() -> None:
    async def scene() -> None:
        stage = Scene()
        stage.go.set()
        stage.add("later", start_in=0.05)
        instant = time.monotonic() + 0.05
        stage.launcher.launch()
        assert stage.sent == []
        while not stage.sent:
            await asyncio.sleep(0.005)
        assert time.monotonic() >= instant - 0.01
        await stage.launcher.wait()

    play(scene)


def test_a_closed_launcher_begins_nothing() -> None:
    async def scene() -> None:
        stage = Scene(window=1)
        stage.add("a")
        stage.add("b")
        stage.launcher.launch()
        await stage.settle()
        stage.launcher.close()
        stage.go.set()
        await stage.launcher.wait()
        assert (stage.sent, stage.launcher.waiting) == (["a"], 1)

    play(scene)


def test_only_what_is_unwanted_and_not_begun_is_dropped() -> None:
    async def scene() -> None:
        stage = Scene(window=1)
        for phone in "abcd":
            stage.add(phone)
        stage.launcher.launch()
        await stage.settle()
        stage.launcher.drop(lambda row: row.phone in {"a", "c"})
        assert stage.given_back == ["c"]
        stage.go.set()
        while stage.launcher.is_busy:
            await asyncio.sleep(0)
        assert stage.sent == ["a", "b", "d"]

    play(scene)


@pytest.mark.parametrize("waiting", [0, 1])
def test_what_is_abandoned_is_cancelled_and_nothing_follows_it(waiting: int) -> None:
    async def scene() -> None:
        stage = Scene(window=1)
        for phone in "ab"[: 1 + waiting]:
            stage.add(phone)
        stage.launcher.launch()
        await stage.settle()
        stage.launcher.abandon()
        await stage.launcher.wait()
        assert (stage.sent, stage.launcher.under_way, stage.launcher.waiting) == (["a"], 0, waiting)

    play(scene)
