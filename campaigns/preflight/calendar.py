"""The calendar of the senders, walked message by message by the same arithmetic that they keep, without a database.

Every number takes its turns on a clock of its own: its gaps, cap, quiet hours and rest. At each turn it serves one campaign of
those in line, the highest priority first and among equals the one it served longest ago, as the claim does. The plan's day and
month and the organization's rate a minute hold all numbers back together. Who got a step of a sequence comes back to the same
number when the next one is due.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import ceil
from uuid import UUID
from zoneinfo import ZoneInfo

from campaigns.models import WaitUnit
from campaigns.preflight.allowance import Allowance, People
from campaigns.preflight.line import Line
from campaigns.preflight.plan import Plan, PlannedDay, PlannedHour, Stop
from core.clock import day_bounds, local, next_allowed, outside_quiet
from gateways.models import Channel
from gateways.pacing import Pace, pace_of, used_today

FAR = timedelta(days=60)
"""How long after its start, and the waits of its steps, a campaign is followed."""
HOUR = timedelta(hours=1)
UNPACED = timedelta(seconds=0.05)
"""The gap of a number whose gateway alone sets the speed: that of a middling one."""
STEPS = 3_000
"""Turns that a walk takes at the most; beyond so many messages a turn stands for several."""
MINUTE_SECONDS = 60.6
"""As in the sender: this much slower, the worst minute holds exactly the limit."""


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
        self.grain = max(1, ceil(sum(line.messages for line in self.lines) / steps))
        self.turns = max((turn for line in self.lines for turn in line.served.values()), default=0)
        today = local(start, zone).date()
        shared = people or {}
        self.lanes = [_Lane(one, today, used_today(one, start, zone), people=shared.get(one.pk)) for one in channels]
        self.found: dict[tuple[UUID, datetime], list[int | datetime]] = {}
        self.sends: Counter[tuple[UUID, int]] = Counter()
        self.stop: Stop | None = None
        self._zone = ZoneInfo(zone)
        self._open: dict[int, tuple[datetime, datetime]] = {}

    def run(self) -> Plan:
        count = self.mine.messages
        self.go(lambda: not self.mine.left)
        return self._plan(count)

    def go(self, is_over: Callable[[], bool]) -> None:
        """Let the numbers take their turns until it is over, none has anything left to send, or sight ends."""
        heap = [(max(self.start, lane.channel.next_send_at or self.start), n) for n, lane in enumerate(self.lanes)]
        heapq.heapify(heap)
        limit = end_of_sight(self.start, self.mine)
        while heap and not is_over():
            at, number = heapq.heappop(heap)
            if at >= limit:
                break
            following = self._turn(self.lanes[number], at)
            if following is not None:
                heapq.heappush(heap, (following, number))

    def _turn(self, lane: _Lane, at: datetime) -> datetime | None:
        """Let a number send at a moment, if it may; return when it looks again, None for never."""
        channel_id = lane.channel.pk
        for line in self.lines:
            line.arrive(channel_id, at)
        waiting = [line for line in self.lines if line.waits_for(channel_id)]
        following = [due for line in self.lines if (due := line.next_due(channel_id))]
        if not waiting:
            return min(following, default=None)
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
            return min([*following, *(moment for moment, _line in opening)])
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
        last = at + gap * (count - 1)
        for step, taken in line.take(channel_id, count):
            line.expect(channel_id, last, taken, step, self.zone)
            if line is self.mine:
                self.sends[channel_id, step] += taken
        lane.sent += count
        if lane.people:
            lane.people.take(at, count)
        if self.allowance:
            self.allowance.take(day, count)
        if self.slot:
            self.next_slot = max(self.next_slot, at) + self.slot * count
        self.note(line, channel_id, at, gap, count)
        return at + gap * count

    def _stopped(self, at: datetime, day: date, reason: str) -> datetime | None:
        assert self.allowance is not None
        if self.stop is None:
            self.stop = Stop(at, reason, self.mine.messages)
        return self.allowance.resets_at(day, reason)

    def note(self, line: Line, channel_id: UUID, first: datetime, gap: timedelta, count: int) -> None:
        """Keep what was just sent: of the walk's own line, by number and hour."""
        if line is not self.mine:
            return
        last = first + gap * (count - 1)
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
        opens = next_allowed(max(at, line.starts_at or at), line.hours, self.zone, line.holidays)
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
            sends=self.sends,
        )

    def _days(self, hours: Sequence[PlannedHour]) -> list[PlannedDay]:
        first = local(max(self.start, self.mine.starts_at or self.start), self.zone).date()
        counts: dict[date, int] = {}
        opened: dict[date, datetime] = {}
        for one in hours:
            day = one.hour.date()
            counts[day] = counts.get(day, 0) + one.count
            opened[day] = min(opened.get(day, one.first_at), one.first_at)
        last = max(counts, default=first)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return [PlannedDay(day, counts.get(day, 0), opened.get(day)) for day in days]


def end_of_sight(start: datetime, line: Line) -> datetime:
    """Return until when a campaign is followed."""
    hours = sum(one.wait * (1 if one.unit == WaitUnit.HOURS else 24) for one in line.sequence)
    return max(start, line.starts_at or start) + timedelta(hours=hours) + FAR


def _next_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0) + HOUR
