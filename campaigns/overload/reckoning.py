"""Demand against capacity, without a database.

*Demand* is what each running campaign still has in line, with the moment by which it should have left. *Capacity* is what the
numbers in service can send, walked by the calendar that the plans before a start are made with: gaps, caps, warm-up, quiet hours,
the classes of campaigns and their turns. A message is sent once in it and by one number, so nothing is counted twice. *Late* is
every message that leaves after its campaign's moment; there is an overload while too many are.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from campaigns.preflight.allowance import People
from campaigns.preflight.calendar import Walk
from campaigns.preflight.line import Line
from core.clock import day_bounds, local
from gateways.models import Channel

STEPS = 600
"""Turns of a walk over everything; beyond so many messages a turn stands for several."""
BEGIN_PERCENT = 2
"""Fewer late ones than this of all are chance, and no overload."""
MARGIN = 1.1
"""An overload is over when a tenth more would fit as well, so that it does not come and go."""
A_DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Demand:
    """What a campaign has in line, and until when it should have left."""

    line: Line
    due_at: datetime


@dataclass(frozen=True)
class Outcome:
    """How a campaign fares: of ``waiting`` messages so many leave ``today``, ``late`` ones after ``due_at``.

    ``ends_at`` is None where the last one is not in sight.
    """

    waiting: int
    today: int
    late: int
    due_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class Reckoning:
    """How all campaigns fare together."""

    campaigns: Mapping[UUID, Outcome]

    @property
    def waiting(self) -> int:
        return sum(one.waiting for one in self.campaigns.values())

    @property
    def today(self) -> int:
        return sum(one.today for one in self.campaigns.values())

    @property
    def late(self) -> int:
        return sum(one.late for one in self.campaigns.values())

    @property
    def ends_at(self) -> datetime | None:
        """When the last message of all leaves; None where that is not in sight, or nothing is in line."""
        ends = [one.ends_at for one in self.campaigns.values() if one.waiting]
        return None if None in ends else max((end for end in ends if end), default=None)

    @property
    def late_campaigns(self) -> dict[UUID, int]:
        return {pk: one.late for pk, one in self.campaigns.items() if one.late}


@dataclass(frozen=True)
class Pool:
    """The numbers in service at a moment, and what holds them back together."""

    channels: tuple[Channel, ...]
    at: datetime
    zone: str
    per_minute: int | None = None
    people: Mapping[UUID, People] | None = None


def reckon(demands: Mapping[UUID, Demand], pool: Pool, *, steps: int = STEPS) -> Reckoning:
    """Return how each campaign fares when all of them are sent by these numbers."""
    walk = _WholeWalk(demands, pool, steps)
    walk.go(walk.is_empty)
    return Reckoning({pk: walk.outcome(pk) for pk in demands})


def is_overload(found: Reckoning) -> bool:
    """Tell whether there is more to send than fits: what is late is more than chance."""
    return found.late * 100 >= BEGIN_PERCENT * max(1, found.waiting) and found.late > 0


def goes_on(demands: Mapping[UUID, Demand], pool: Pool) -> bool:
    """Tell whether an overload that has begun lasts: a tenth more than there is would not fit."""
    return reckon(with_margin(demands), pool).late > 0


def with_margin(demands: Mapping[UUID, Demand]) -> dict[UUID, Demand]:
    """Return the demand as it would be with a tenth more of everything."""
    return {pk: replace(one, line=_with_more(one.line)) for pk, one in demands.items()}


def _with_more(line: Line) -> Line:
    more = line.copy()
    more.add(None, ceil(line.left * (MARGIN - 1)))
    return more


class _WholeWalk(Walk):
    """A walk for the sake of all lines."""

    def __init__(self, demands: Mapping[UUID, Demand], pool: Pool, steps: int) -> None:
        # Lines, and the room for people, are used up by a walk.
        self.demands = demands
        self.line_of = {pk: one.line.copy() for pk, one in demands.items()}
        lines = list(self.line_of.values())
        super().__init__(
            pool.channels,
            Line((), {}),
            lines,
            pool.at,
            pool.zone,
            None,
            pool.per_minute,
            steps,
            deepcopy(pool.people),
        )
        self.today_ends = day_bounds(local(pool.at, pool.zone).date(), pool.zone)[1]
        self.batches: dict[int, list[tuple[datetime, timedelta, int]]] = {id(line): [] for line in lines}

    def is_empty(self) -> bool:
        return not any(line.left for line in self.line_of.values())

    def note(self, line: Line, channel_id: UUID, first: datetime, gap: timedelta, count: int) -> None:
        self.batches[id(line)].append((first, gap, count))

    def outcome(self, pk: UUID) -> Outcome:
        line, due_at = self.line_of[pk], self.demands[pk].due_at
        sends = self.batches[id(line)]
        never = line.left
        waiting = never + sum(count for _at, _gap, count in sends)
        last = max((at + gap * (count - 1) for at, gap, count in sends), default=None)
        return Outcome(
            waiting=waiting,
            today=sum(_until(self.today_ends, *one) for one in sends),
            late=waiting - sum(_until(due_at, *one) for one in sends),
            due_at=due_at,
            ends_at=None if never else last,
        )


def _until(moment: datetime, first: datetime, gap: timedelta, count: int) -> int:
    """Return how many of these sends leave before a moment."""
    return min(count, ceil((moment - first) / gap)) if first < moment else 0
