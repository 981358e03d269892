"""Rows that are claimed and not begun, and the sends under way: each row starts at its instant, while the window has room."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from campaigns.sender import claims
from campaigns.sender.claims import Claimed


class Ready(NamedTuple):
    """A claimed row; it starts at ``start_at`` at the earliest. Moments are on the monotonic clock."""

    row: Claimed
    start_at: float
    claimed_at: float
    """From before the claim was asked for, so that its lease never looks longer than it is."""


class Launcher:
    """Starts sends in the order of their rows; what it does not start it hands to ``give_back``.

    ``send`` never raises, except for being cancelled; ``window`` says how many sends may be under way.
    """

    def __init__(
        self,
        send: Callable[[Claimed], Awaitable[None]],
        give_back: Callable[[Claimed], None],
        window: Callable[[], int],
    ) -> None:
        self._send, self._give_back, self._window = send, give_back, window
        self._waiting: deque[Ready] = deque()
        self._sends: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False
        self.under_way = 0

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def is_busy(self) -> bool:
        return bool(self._waiting or self.under_way)

    def add(self, ready: Ready) -> None:
        self._waiting.append(ready)

    def launch(self) -> None:
        """Start what may start now, and come back when the next may."""
        window = self._window()
        while self._waiting and self.under_way < window and not self._is_closed:
            ready, at = self._waiting[0], time.monotonic()
            if ready.start_at > at:
                if self._timer is None:
                    self._timer = asyncio.get_running_loop().call_later(ready.start_at - at, self._ring)
                return
            self._waiting.popleft()
            if at - ready.claimed_at > claims.LEASE_SECONDS / 2:
                # By the time it would leave, the claim may have lapsed: we alone know that nothing was sent.
                self._give_back(ready.row)
            else:
                self._start(ready.row)

    def drop(self, unwanted: Callable[[Claimed], bool]) -> None:
        """Give back what was claimed and not begun."""
        before, self._waiting = self._waiting, deque()
        for ready in before:
            if unwanted(ready.row):
                self._give_back(ready.row)
            else:
                self._waiting.append(ready)

    def close(self) -> None:
        """Begin nothing more; what is under way goes on."""
        self._is_closed = True

    async def wait(self) -> None:
        """Return when no send is under way."""
        while self._sends:
            await asyncio.wait(self._sends)

    def abandon(self) -> None:
        """Begin nothing more and cancel the sends under way."""
        self.close()
        for send in self._sends:
            send.cancel()

    def _ring(self) -> None:
        self._timer = None
        self.launch()

    def _start(self, row: Claimed) -> None:
        self.under_way += 1
        task = asyncio.get_running_loop().create_task(self._run(row))
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)

    async def _run(self, row: Claimed) -> None:
        try:
            await self._send(row)
        finally:
            self.under_way -= 1
        self.launch()
