"""A campaign in line for the numbers that serve it, with the further steps that its messages lead to."""

import heapq
from collections import defaultdict, deque
from collections.abc import Collection, Container, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Self
from uuid import UUID

from campaigns.sequences.waits import Wait, due_at
from core.clock import SendingHours


@dataclass
class Line:
    """Messages that any of the ``channels`` may send, or that wait for one of them.

    ``sequence`` are the waits of the steps after the first; nobody is taken to end it, so that there are never more messages.
    Before ``starts_at`` nothing leaves. ``served`` says in which order its numbers last served it; the lowest has waited longest.
    """

    channels: Collection[UUID]
    hours: SendingHours
    priority: int = 0
    holidays: Container[date] = ()
    starts_at: datetime | None = None
    sequence: Sequence[Wait] = ()
    served: dict[UUID, int] = field(default_factory=dict)
    _queues: dict[UUID | None, deque[tuple[int, int]]] = field(default_factory=lambda: defaultdict(deque))
    _counts: dict[UUID | None, int] = field(default_factory=lambda: defaultdict(int))
    _coming: dict[UUID, list[tuple[datetime, int, int]]] = field(default_factory=lambda: defaultdict(list))

    def copy(self) -> Self:
        """Return the line as it stands, to be walked by itself."""
        return deepcopy(self)

    def add(self, channel_id: UUID | None, count: int, step: int = 1) -> None:
        """Put messages in line for a number of the line, or for any of them."""
        key = channel_id if channel_id in self.channels else None
        if count:
            self._queues[key].append((step, count))
            self._counts[key] += count

    def expect(self, channel_id: UUID | None, sent_at: datetime, count: int, step: int, zone: str) -> None:
        """Let the next step follow messages of a step that left by a number, if there is one."""
        if step <= len(self.sequence) and channel_id is not None:
            due = due_at(sent_at, self.sequence[step - 1], zone)
            heapq.heappush(self._coming[channel_id], (due, step + 1, count))

    @property
    def left(self) -> int:
        """How many messages are in line or wait for their time; not those that they will lead to."""
        return sum(self._counts.values()) + sum(count for found in self._coming.values() for _at, _step, count in found)

    @property
    def messages(self) -> int:
        """How many messages there will be at the most."""
        last = len(self.sequence) + 1
        queued = (one for queue in self._queues.values() for one in queue)
        coming = ((step, count) for found in self._coming.values() for _at, step, count in found)
        return sum(count * (last - step + 1) for found in (queued, coming) for step, count in found)

    def arrive(self, channel_id: UUID, at: datetime) -> None:
        """Put what is due at a number in line."""
        coming = self._coming.get(channel_id)
        while coming and coming[0][0] <= at:
            _due, step, count = heapq.heappop(coming)
            self.add(channel_id, count, step)

    def next_due(self, channel_id: UUID) -> datetime | None:
        """Return when something more is due at a number; None for never."""
        coming = self._coming.get(channel_id)
        return coming[0][0] if coming else None

    def waits_for(self, channel_id: UUID) -> int:
        """Return how many messages the number could send now."""
        if channel_id not in self.channels:
            return 0
        return self._counts.get(channel_id, 0) or self._counts.get(None, 0)

    def take(self, channel_id: UUID, count: int) -> Iterator[tuple[int, int]]:
        """Take messages out of the line; yield (step, how many) in their order."""
        key = channel_id if self._counts.get(channel_id) else None
        self._counts[key] -= count
        queue = self._queues[key]
        while count:
            step, there = queue.popleft()
            if there > count:
                queue.appendleft((step, there - count))
            taken = min(there, count)
            count -= taken
            yield step, taken
