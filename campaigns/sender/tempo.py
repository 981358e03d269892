"""How fast a channel sends at this moment: how many at once, how many rows it may claim, and when."""

import time
from collections.abc import Callable
from datetime import timedelta

from campaigns.sender.due import SPACED_SECONDS, Facts
from campaigns.sender.lookahead import AHEAD_SECONDS, MAX_BATCH, Lookahead

HOLD_SECONDS = 1.5
"""A drain waits this long at most with nothing to do; then it gives the channel back."""
DRY_SECONDS = 0.25
"""After a claim that found nothing, while sends are under way."""
ALONE_SECONDS = 0.3
"""With gaps from here on, one send at a time: two at once on a phone's number would not look like a person."""
REST = timedelta(seconds=30)
"""How long a number rests after too many doubts."""


class Tempo:
    """What the facts of a channel, its plan's limit per minute and the speed of its sends mean for the next claim.

    ``share`` says how many sends a channel without a pace may have under way. Moments are on the monotonic clock.
    """

    def __init__(self, facts: Facts, per_minute: int | None, share: Callable[[], int]) -> None:
        self._per_minute, self._share = per_minute, share
        self._lookahead = Lookahead()
        self._next_at = self._dry_until = 0.0
        rested_until = facts.channel.paused_until
        self.is_probing = rested_until is not None and rested_until > facts.at - 10 * REST
        """Whether the number rested lately: it sends one at a time, until one was taken."""
        self.learn(facts)

    def learn(self, facts: Facts) -> None:
        self.facts = facts
        self._next_at = max(self._next_at, time.monotonic() + facts.seconds_to_next) if facts.gap_seconds else 0.0

    def note_send(self, seconds: float) -> None:
        self._lookahead.note_send(seconds)

    def note_claim(self, seconds: float) -> None:
        self._lookahead.note_claim(seconds)

    def note_next(self, at: float) -> None:
        """The channel's next send after those that are claimed may leave at this moment."""
        self._next_at = at

    def note_dry(self) -> None:
        """Nobody was in line."""
        self._dry_until = time.monotonic() + DRY_SECONDS

    @property
    def ran_dry(self) -> bool:
        return self._dry_until > 0

    @property
    def is_dry(self) -> bool:
        return self._dry_until > time.monotonic()

    @property
    def is_paced(self) -> bool:
        return self.is_spaced or self.facts.gap_seconds > 0

    @property
    def is_spaced(self) -> bool:
        """Whether sends are so far apart that each is claimed at its own instant."""
        return max(self.facts.gap_seconds, 60 / (self._per_minute or 1e9)) >= SPACED_SECONDS

    @property
    def ahead_seconds(self) -> float:
        return 0.0 if self.is_spaced else AHEAD_SECONDS

    def window(self) -> int:
        """Return how many sends may be under way at once."""
        return 1 if self.is_probing or self.facts.gap_seconds >= ALONE_SECONDS else self._share()

    def batch(self, waiting: int) -> int:
        """Return how many rows may be claimed now, with so many claimed and not begun."""
        return self._batch() if self.is_paced else max(1, self._batch() - waiting)

    def _batch(self) -> int:
        # Of paced ones 150 ms, never more than 100.
        if self.is_spaced or self.is_probing:
            return 1
        if self.facts.gap_seconds > 0:
            return min(MAX_BATCH, max(1, int(AHEAD_SECONDS / self.facts.gap_seconds)))
        return self._lookahead.batch(self.window())

    def gaps(self, count: int) -> list[float]:
        """Return the seconds from the first of so many sends to the end of the gap after each."""
        gaps: list[float] = []
        total = 0.0
        for _ in range(count):
            total += self.facts.pace.gap().total_seconds() if self.facts.gap_seconds else 0.0
            gaps.append(total)
        return gaps

    def seconds_to_claim(self, waiting: int, under_way: int) -> float:
        """Return how long the next claim is not wanted, with so many rows not begun and so many sends under way."""
        if self._has_enough(waiting, under_way):
            return HOLD_SECONDS
        at = time.monotonic()
        return max(0.0, self._dry_until - at, self._next_at - at - self.ahead_seconds)

    def _has_enough(self, waiting: int, under_way: int) -> bool:
        if self.is_spaced or self.is_probing:
            return bool(waiting or under_way)
        reserve = max(1, self._batch() // 2) if self.facts.gap_seconds else self._lookahead.reserve(self.window())
        return waiting >= reserve
