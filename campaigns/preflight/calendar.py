"""The calendar of the senders, walked message by message by the same arithmetic that they keep, without a database.

Every number takes its turns on a clock of its own: its gaps, cap, quiet hours and rest. At each turn it serves one campaign of
those in line, the highest priority first and among equals the one it served longest ago, as the claim does. The plan's day and
month and the organization's rate a minute hold all numbers back together.
"""

import heapq
from collections import deque
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.services import Usage
from core.clock import SendingHours, day_bounds, local, next_allowed, outside_quiet
from gateways.models import Channel
from gateways.pacing import Pace, pace_of, used_today

FAR = timedelta(days=60)
HOUR = timedelta(hours=1)
UNPACED = timedelta(seconds=0.05)
"""The gap of a number whose gateway alone sets the speed: that of a middling one."""
STEPS = 3_000
"""Turns that a walk takes at the most; beyond so many messages a turn stands for several."""
SHARED_FOR = timedelta(hours=24)
MINUTE_SECONDS = 60.6
"""As in the sender: this much slower, the worst minute holds exactly the limit."""


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
    """``ends_at`` is when the last message leaves, None when that is not in sight; a stop by the plan is taken to be lifted by a
    person when the plan has messages again."""

    count: int
    hours: Sequence[PlannedHour]
    days: Sequence[PlannedDay]
    starts_at: datetime | None
    ends_at: datetime | None
    stop: Stop | None = None

    def by_channel(self) -> dict[UUID, int]:
        found: dict[UUID, int] = {}
        for one in self.hours:
            found[one.channel_id] = found.get(one.channel_id, 0) + one.count
        return found


@dataclass
class Line:
    """A campaign in line: ``free`` messages that any of its numbers may send, ``pinned`` ones that wait for theirs.

    ``served`` says in which order its numbers last served it; the lowest has waited longest.
    """

    channels: Collection[UUID]
    free: int
    hours: SendingHours
    priority: int = 0
    pinned: dict[UUID, int] = field(default_factory=dict)
    holidays: Container[date] = ()
    served: dict[UUID, int] = field(default_factory=dict)

    @property
    def left(self) -> int:
        return self.free + sum(self.pinned.values())

    def waits_for(self, channel_id: UUID) -> int:
        """Return how many messages the number could send now."""
        if channel_id not in self.channels:
            return 0
        return self.pinned.get(channel_id, 0) or self.free

    def take(self, channel_id: UUID, count: int) -> None:
        if self.pinned.get(channel_id):
            self.pinned[channel_id] -= count
        else:
            self.free -= count


@dataclass
class Allowance:
    """What the organization's plan lets leave, day by day and month by month."""

    usage: Usage
    asked_at: datetime
    zone: str
    used: dict[date, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        today = local(self.asked_at, self.zone).date()
        self.used = {today: self.usage.sent_today}
        self.months = {(today.year, today.month): self.usage.sent_month}

    @property
    def is_limited(self) -> bool:
        limits = (self.usage.daily_limit, self.usage.monthly_limit, self.usage.trial_ends_at)
        return any(limit is not None for limit in limits)

    def left(self, at: datetime, day: date) -> tuple[int | None, str]:
        """Return how many messages may still leave, None for any number, and what holds the next one back."""
        if self.usage.trial_ends_at is not None and at >= self.usage.trial_ends_at:
            return 0, "trial_expired"
        found = [
            (limit - used, reason)
            for limit, used, reason in (
                (self.usage.daily_limit, self.used.get(day, 0), "daily_limit"),
                (self.usage.monthly_limit, self.months.get((day.year, day.month), 0), "monthly_limit"),
            )
            if limit is not None
        ]
        return min(found, default=(None, ""))

    def take(self, day: date, count: int) -> None:
        self.used[day] = self.used.get(day, 0) + count
        month = (day.year, day.month)
        self.months[month] = self.months.get(month, 0) + count

    def resets_at(self, day: date, reason: str) -> datetime | None:
        match reason:
            case "daily_limit":
                return day_bounds(day, self.zone)[1]
            case "monthly_limit":
                return day_bounds((day.replace(day=1) + timedelta(days=32)).replace(day=1), self.zone)[0]
        return None


class People:
    """How many different people the official numbers of one business may write to in any 24 hours, and when it did of late."""

    def __init__(self, limit: int, taken: Iterable[tuple[datetime, int]] = ()) -> None:
        self.limit = limit
        self._taken = deque(sorted(taken))
        self._sum = sum(count for _since, count in self._taken)

    def room(self, at: datetime) -> int:
        while self._taken and self._taken[0][0] <= at - SHARED_FOR:
            self._sum -= self._taken.popleft()[1]
        return self.limit - self._sum

    def frees_at(self) -> datetime | None:
        """Return when somebody leaves the 24 hours; None where nobody is in them."""
        return self._taken[0][0] + SHARED_FOR if self._taken else None

    def take(self, at: datetime, count: int) -> None:
        self._taken.append((at, count))
        self._sum += count


@dataclass
class _Lane:
    """A number on its way through the calendar."""

    channel: Channel
    sent_on: date
    sent: int
    pace: Pace | None = None
    known_until: datetime | None = None
    people: People | None = None

    @property
    def gap(self) -> timedelta:
        assert self.pace is not None
        return (self.pace.min_gap + self.pace.max_gap) / 2 or UNPACED


class Walk:
    """One walk through the calendar for the sake of one line; the others only take their turns."""

    def __init__(
        self,
        channels: Iterable[Channel],
        mine: Line,
        others: Sequence[Line],
        start: datetime,
        zone: str,
        allowance: Allowance | None = None,
        per_minute: int | None = None,
        steps: int = STEPS,
        people: Mapping[UUID, People] | None = None,
    ) -> None:
        self.mine, self.lines, self.start, self.zone = mine, [mine, *others], start, zone
        self.allowance = allowance if allowance and allowance.is_limited else None
        self.slot = timedelta(seconds=MINUTE_SECONDS / per_minute) if per_minute else timedelta()
        self.next_slot = start
        self.grain = max(1, ceil(sum(line.left for line in self.lines) / steps))
        self.turns = max((turn for line in self.lines for turn in line.served.values()), default=0)
        today = local(start, zone).date()
        shared = people or {}
        self.lanes = [_Lane(one, today, used_today(one, start, zone), people=shared.get(one.pk)) for one in channels]
        self.found: dict[tuple[UUID, datetime], list[int | datetime]] = {}
        self.stop: Stop | None = None
        self._zone = ZoneInfo(zone)
        self._open: dict[int, tuple[datetime, datetime]] = {}

    def run(self) -> Plan:
        heap = [(max(self.start, lane.channel.next_send_at or self.start), n) for n, lane in enumerate(self.lanes)]
        heapq.heapify(heap)
        count, limit = self.mine.left, self.start + FAR
        while heap and self.mine.left:
            at, number = heapq.heappop(heap)
            if at >= limit:
                break
            following = self._turn(self.lanes[number], at)
            if following is not None:
                heapq.heappush(heap, (following, number))
        return self._plan(count)

    def _turn(self, lane: _Lane, at: datetime) -> datetime | None:
        """Let a number send at a moment, if it may; return when it looks again, None for never."""
        channel_id = lane.channel.pk
        waiting = [line for line in self.lines if line.waits_for(channel_id)]
        if not waiting:
            return None
        if (opens := self._opens(lane, at)) > at:
            return opens
        day = at.astimezone(self._zone).date()
        if lane.sent_on != day:
            lane.sent_on, lane.sent = day, 0
        assert lane.pace is not None
        cap = lane.pace.own_cap if lane.people else lane.pace.daily_cap
        room = self.grain if cap is None else min(self.grain, cap - lane.sent)
        if room <= 0:  # a cap may grow within the day, as that of a young number does
            return min(day_bounds(day, self.zone)[1], _next_hour(at))
        if lane.people:
            if (free := lane.people.room(at)) <= 0:
                return lane.people.frees_at()
            room = min(room, free)
        opening = [(self._line_opens(line, at), line) for line in waiting]
        served = [line for moment, line in opening if moment <= at]
        if not served:
            return min(moment for moment, _line in opening)
        if self.slot and self.next_slot > at:
            return self.next_slot
        if self.allowance:
            left, reason = self.allowance.left(at, day)
            if left is not None and left <= 0:
                return self._stopped(at, day, reason)
            room = room if left is None else min(room, left)
        line = min(served, key=lambda one: (-one.priority, one.served.get(channel_id, -1)))
        return self._send(lane, line, at, day, min(room, line.waits_for(channel_id)))

    def _send(self, lane: _Lane, line: Line, at: datetime, day: date, count: int) -> datetime:
        channel_id, gap = lane.channel.pk, lane.gap
        self.turns += 1
        line.served[channel_id] = self.turns
        line.take(channel_id, count)
        lane.sent += count
        if lane.people:
            lane.people.take(at, count)
        if self.allowance:
            self.allowance.take(day, count)
        if self.slot:
            self.next_slot = max(self.next_slot, at) + self.slot * count
        if line is self.mine:
            self._note(channel_id, at, at + gap * (count - 1), count)
        return at + gap * count

    def _stopped(self, at: datetime, day: date, reason: str) -> datetime | None:
        assert self.allowance is not None
        if self.stop is None:
            self.stop = Stop(at, reason, self.mine.left)
        return self.allowance.resets_at(day, reason)

    def _note(self, channel_id: UUID, first: datetime, last: datetime, count: int) -> None:
        hour = first.astimezone(self._zone).replace(minute=0, second=0, microsecond=0)
        known = self.found.setdefault((channel_id, hour), [0, first, last])
        known[0] += count  # type: ignore[operator]  # the first of the three is the count
        known[2] = last

    # ---- When a number and a campaign are open -----------------------------------------------------------------------

    def _opens(self, lane: _Lane, at: datetime) -> datetime:
        if lane.known_until is not None and at < lane.known_until:
            return at
        lane.pace = pace_of(lane.channel, at)
        opens = max(at, lane.channel.paused_until or at)
        if lane.pace.quiet:
            opens = outside_quiet(opens, *lane.pace.quiet, self.zone)
        if opens <= at:
            lane.known_until = self._until(at, list(lane.pace.quiet or ()))
        return opens

    def _line_opens(self, line: Line, at: datetime) -> datetime:
        opens, until = self._open.get(id(line), (at, at))
        if at < opens or opens <= at < until:
            return max(at, opens)
        opens = next_allowed(at, line.hours, self.zone, line.holidays)
        clocks = [time.fromisoformat(line.hours[name]) for name in ("start", "end") if line.hours.get(name)]  # type: ignore[literal-required]
        self._open[id(line)] = opens, self._until(opens, clocks)
        return opens

    def _until(self, at: datetime, clocks: list[time]) -> datetime:
        """Return until when what holds at a moment holds: the next hour, or an earlier one of these times of the day."""
        until, today = _next_hour(at), at.astimezone(self._zone).date()
        moments = [datetime.combine(today, clock, tzinfo=self._zone) for clock in clocks]
        return min([until, *(moment for moment in moments if at < moment < until)])

    def _plan(self, count: int) -> Plan:
        hours = [
            PlannedHour(channel_id, hour, *known)  # type: ignore[arg-type]  # count, first and last
            for (channel_id, hour), known in sorted(self.found.items(), key=lambda item: item[0][1])
        ]
        last = max((one.last_at for one in hours), default=None)
        return Plan(
            count=count,
            hours=hours,
            days=self._days(hours),
            starts_at=min((one.first_at for one in hours), default=None),
            ends_at=None if self.mine.left else last,
            stop=self.stop,
        )

    def _days(self, hours: Sequence[PlannedHour]) -> list[PlannedDay]:
        first = local(self.start, self.zone).date()
        counts: dict[date, int] = {}
        opened: dict[date, datetime] = {}
        for one in hours:
            day = one.hour.date()
            counts[day] = counts.get(day, 0) + one.count
            opened[day] = min(opened.get(day, one.first_at), one.first_at)
        last = max(counts, default=first)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return [PlannedDay(day, counts.get(day, 0), opened.get(day)) for day in days]


def _next_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0) + HOUR
