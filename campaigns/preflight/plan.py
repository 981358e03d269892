"""What the calendar of the senders says of one campaign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID


@dataclass(frozen=True)
class PlannedHour:
    """What one number sends in one hour of the clock."""

    channel_id: UUID
    hour: datetime
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class PlannedDay:
    """How many messages leave on a local day, and from when on; none where the day is closed or its caps are used up."""

    day: date
    count: int
    opens: datetime | None


class Stop(NamedTuple):
    """When the organization's plan stops the campaign for the first time, why (a code of ``Grant.reason``) and how many are left."""

    at: datetime
    reason: str
    left: int


@dataclass(frozen=True)
class Plan:
    """``count`` messages at the most, of a sequence as if nobody ended it; ``ends_at`` is when the last one leaves, None when that
    is not in sight. A stop by the plan is taken to be lifted by a person when the plan has messages again."""

    count: int
    hours: Sequence[PlannedHour]
    days: Sequence[PlannedDay]
    starts_at: datetime | None
    ends_at: datetime | None
    stop: Stop | None = None
    sends: Mapping[tuple[UUID, int], int] = field(default_factory=dict)
    """How many messages leave by (number, step of the sequence)."""
    beside: Sequence[tuple[str, datetime]] = ()
    """What begins meanwhile and takes its part: (name of the campaign, when)."""

    def by_channel(self, step: int | None = None) -> dict[UUID, int]:
        """Return how many messages each number sends, in all or of one step."""
        found: dict[UUID, int] = {}
        for (channel_id, number), count in self.sends.items():
            if step in (None, number):
                found[channel_id] = found.get(channel_id, 0) + count
        return found

    @property
    def steps(self) -> list[int]:
        return sorted({number for _channel_id, number in self.sends})
