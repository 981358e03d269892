"""How claims ended, kept until they are written: soon, and many at once."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from campaigns.sender.outcomes import Settlement

SETTLE_ROWS, SETTLE_SECONDS = 250, 0.25

Write = Callable[[list[Settlement], dict[str, str]], Awaitable[None]]


class Endings:
    """Collects in the loop; ``write`` takes a batch and the addresses that its answers taught, by phone."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._ended: list[Settlement] = []
        self._chat_ids: dict[str, str] = {}
        self._now = asyncio.Event()
        self._is_closed = False

    def add(self, settlement: Settlement, *, at_once: bool) -> None:
        """Keep the end of a claim; ``at_once`` where the next is too far away to wait for."""
        self._ended.append(settlement)
        if at_once or len(self._ended) >= SETTLE_ROWS:
            self._now.set()

    def learn(self, phone: str, chat_id: str) -> None:
        """Keep the provider's address of a phone."""
        self._chat_ids[phone] = chat_id

    def close(self) -> None:
        """Let :meth:`run` return when all is written."""
        self._is_closed = True
        self._now.set()

    async def run(self) -> None:
        """Write batch after batch, until closed."""
        while self._ended or not self._is_closed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._now.wait(), SETTLE_SECONDS)
            if not self._is_closed:
                self._now.clear()
            batch, self._ended = self._ended, []
            chat_ids, self._chat_ids = self._chat_ids, {}
            if batch:
                await self._write(batch, chat_ids)
