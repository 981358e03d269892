"""When a campaign will be through, by the arithmetic that the sender keeps: pace, caps, quiet and sending hours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from accounts.models import Organization
from billing import services as billing
from campaigns.models import Campaign, Recipient, RecipientState
from campaigns.queries.waiting import serving
from core.clock import SendingHours, local, next_allowed, now, outside_quiet
from gateways.models import Channel, ChannelState
from gateways.pacing import pace_of, used_today

STEP = timedelta(hours=1)
FAR = timedelta(days=60)
UNPACED_GAP = 0.05
"""Seconds a message of a number whose gateway alone sets the speed: the speed of a middling one."""


@dataclass(frozen=True)
class PlannedDay:
    """How many messages leave on a local day, and from when on; none where the day is closed or its caps are used up."""

    day: date
    count: int
    opens: datetime | None


@dataclass(frozen=True)
class Plan:
    """What the sender will do by its own arithmetic; ``ends_at`` None when the end is not in sight."""

    days: Sequence[PlannedDay]
    ends_at: datetime | None


def eta(campaign: Campaign, at: datetime | None = None) -> datetime | None:
    """Return about when the last message will leave, or None when that is not in sight (or nothing is left)."""
    left = Recipient.objects.filter(campaign=campaign, state=RecipientState.QUEUED).count()
    found = plan(serving(campaign), left, campaign.sending_hours, campaign.organization_id, at)
    return found.ends_at if found else None


def plan(
    channels: Iterable[Channel], count: int, hours: SendingHours, organization_id: UUID, start: datetime | None = None
) -> Plan | None:
    """Return the plan of ``count`` messages through these numbers, or None where there is nothing to plan."""
    connected = [channel for channel in channels if channel.state == ChannelState.CONNECTED]
    if not count or not connected:
        return None
    zone = Organization.objects.values_list("timezone", flat=True).get(pk=organization_id)
    minute = billing.messages_per_minute(organization_id)
    return _walk(connected, float(count), hours, start or now(), zone, minute * 60.0 if minute else None)


class _Hour(NamedTuple):
    """What one channel can do in an hour: from when on, how fast, how many at most."""

    opens: datetime
    rate: float
    most: float


def _walk(
    channels: list[Channel], left: float, sending: SendingHours, start: datetime, zone: str, hourly: float | None
) -> Plan:
    used = {channel.pk: float(used_today(channel, start, zone)) for channel in channels}
    day, at = local(start, zone).date(), start
    sent, opened = {day: 0.0}, dict[date, datetime]()
    while at < start + FAR:
        if local(at, zone).date() != day:
            day, used = local(at, zone).date(), dict.fromkeys(used, 0.0)
            sent[day] = 0.0
        hours = {channel.pk: _hour(sending, channel, at, zone, used[channel.pk]) for channel in channels}
        total = min(sum(hour.most for hour in hours.values()), hourly or float("inf"))
        working = [hour for hour in hours.values() if hour.most]
        if working:
            opened.setdefault(day, min(hour.opens for hour in working))
        sent[day] += min(total, left)
        if total >= left:
            rate = min(sum(hour.rate for hour in working), hourly or float("inf"))
            return Plan(_days(sent, opened), min(hour.opens for hour in working) + STEP * (left / rate))
        left -= total
        used = {pk: used[pk] + hour.most for pk, hour in hours.items()}
        at += STEP
    return Plan(_days(sent, opened), None)


def _days(sent: Mapping[date, float], opened: Mapping[date, datetime]) -> list[PlannedDay]:
    """Return whole messages by day whose sum is that of the exact ones."""
    found, exact, whole = [], 0.0, 0
    for day, count in sent.items():
        exact += count
        found.append(PlannedDay(day, round(exact) - whole, opened.get(day)))
        whole = round(exact)
    return found


def _hour(sending: SendingHours, channel: Channel, at: datetime, zone: str, used: float) -> _Hour:
    pace = pace_of(channel, at)
    opens = next_allowed(at, sending, zone)
    if pace.quiet:
        opens = max(opens, outside_quiet(at, *pace.quiet, zone))
    if channel.paused_until:
        opens = max(opens, channel.paused_until)
    rate = STEP.total_seconds() / ((pace.min_gap + pace.max_gap).total_seconds() / 2 or UNPACED_GAP)
    count = rate * max(0.0, 1 - (opens - at) / STEP)
    return _Hour(opens, rate, count if pace.daily_cap is None else max(0.0, min(count, pace.daily_cap - used)))
