"""A channel's next rows, claimed: as many as the tempo and the plan's rate per minute let leave soon."""

import time
from functools import partial
from uuid import uuid4

from django.db import DatabaseError, InterfaceError

from campaigns.sender import claims
from campaigns.sender.claims import Claimed
from campaigns.sender.database import Lane
from campaigns.sender.launching import Ready
from campaigns.sender.ledger import Ledger
from campaigns.sender.quota import MinuteSlots
from campaigns.sender.tempo import Tempo


class Claimer:
    """Asks the ledger for rows and gives each the instant at which it may start."""

    def __init__(self, lane: Lane, ledger: Ledger, tempo: Tempo, slots: MinuteSlots) -> None:
        self._lane, self._ledger, self._tempo, self._slots = lane, ledger, tempo, slots

    async def count(self, waiting: int) -> tuple[int, float]:
        """Return how many rows may be claimed now; where none, after how many seconds to ask again.

        Raises :class:`core.ratelimit.LimitUnavailableError` where nobody knows how much was sent in this minute.
        """
        count = self._tempo.batch(waiting)
        if not self._slots.is_limited:
            return count, 0.0
        wait = await self._lane.run(partial(self._slots.first, count))
        ahead = self._tempo.ahead_seconds
        return (0, wait) if wait > ahead else (min(count, max(1, self._slots.within(ahead))), 0.0)

    async def claim(self, count: int) -> list[Ready]:
        """Claim up to so many rows, committed when this returns."""
        claimed_at, token = time.monotonic(), uuid4()
        gaps = self._tempo.gaps(count)
        ask = partial(self._ledger.claim, self._tempo.facts, gaps, self._tempo.ahead_seconds, token)
        try:
            rows, delay = await self._lane.run(ask)
        except (DatabaseError, InterfaceError):
            # The claim may be committed although nobody said so. None of it was begun, so it can be given back.
            await self._lane.insist(partial(claims.give_back, token))
            raise
        self._tempo.note_claim(time.monotonic() - claimed_at)
        return self._ready(rows, claimed_at, delay, gaps)

    def _ready(self, rows: list[Claimed], claimed_at: float, delay: float, gaps: list[float]) -> list[Ready]:
        if not rows:
            return []
        first = time.monotonic() + delay
        self._tempo.note_next(first + gaps[len(rows) - 1])
        instants = [first, *(first + gap for gap in gaps)]
        slots = self._slots.take(len(rows)) if self._slots.is_limited else []
        slots += [0.0] * (len(rows) - len(slots))
        return [
            Ready(row, max(instant, slot), claimed_at)
            for row, instant, slot in zip(rows, instants, slots, strict=False)
        ]
