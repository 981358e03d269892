"""When a campaign will be through, by the arithmetic that the sender keeps: pace, caps, quiet and sending hours."""

from datetime import datetime, timedelta
from typing import NamedTuple

from accounts.models import Organization
from billing import services as billing
from campaigns.models import Campaign, Recipient, RecipientState
from campaigns.queries.waiting import serving
from core.clock import local, next_allowed, now, outside_quiet
from gateways.models import Channel, ChannelState
from gateways.pacing import pace_of, used_today

STEP = timedelta(hours=1)
FAR = timedelta(days=60)
UNPACED_GAP = 0.05
"""Seconds a message of a number whose gateway alone sets the speed: the speed of a middling one."""


def eta(campaign: Campaign, at: datetime | None = None) -> datetime | None:
    """Return about when the last message will leave, or None when that is not in sight (or nothing is left)."""
    start = at or now()
    left = float(Recipient.objects.filter(campaign=campaign, state=RecipientState.QUEUED).count())
    channels = [channel for channel in serving(campaign) if channel.state == ChannelState.CONNECTED]
    if not left or not channels:
        return None
    zone = Organization.objects.values_list("timezone", flat=True).get(pk=campaign.organization_id)
    minute = billing.messages_per_minute(campaign.organization_id)
    return _walk(campaign, channels, left, start, zone, minute * 60.0 if minute else None)


class _Hour(NamedTuple):
    """What one channel can do in an hour: from when on, how fast, how many at most."""

    opens: datetime
    rate: float
    most: float


def _walk(
    campaign: Campaign, channels: list[Channel], left: float, start: datetime, zone: str, hourly: float | None
) -> datetime | None:
    used = {channel.pk: float(used_today(channel, start, zone)) for channel in channels}
    day, at = local(start, zone).date(), start
    while at < start + FAR:
        if local(at, zone).date() != day:
            day, used = local(at, zone).date(), dict.fromkeys(used, 0.0)
        hours = {c.pk: _hour(campaign, c, at, zone, used[c.pk]) for c in channels}
        total = min(sum(hour.most for hour in hours.values()), hourly or float("inf"))
        if total >= left:
            working = [hour for hour in hours.values() if hour.most]
            rate = min(sum(hour.rate for hour in working), hourly or float("inf"))
            return min(hour.opens for hour in working) + STEP * (left / rate)
        left -= total
        used = {pk: used[pk] + hour.most for pk, hour in hours.items()}
        at += STEP
    return None


def _hour(campaign: Campaign, channel: Channel, at: datetime, zone: str, used: float) -> _Hour:
    pace = pace_of(channel, at)
    opens = next_allowed(at, campaign.sending_hours, zone)
    if pace.quiet:
        opens = max(opens, outside_quiet(at, *pace.quiet, zone))
    if channel.paused_until:
        opens = max(opens, channel.paused_until)
    rate = STEP.total_seconds() / ((pace.min_gap + pace.max_gap).total_seconds() / 2 or UNPACED_GAP)
    count = rate * max(0.0, 1 - (opens - at) / STEP)
    return _Hour(opens, rate, count if pace.daily_cap is None else max(0.0, min(count, pace.daily_cap - used)))
