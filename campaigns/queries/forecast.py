"""When a campaign will be through, by the arithmetic that the sender keeps: pace, caps, quiet and sending hours."""

from datetime import datetime, timedelta

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


def _walk(
    campaign: Campaign, channels: list[Channel], left: float, start: datetime, zone: str, hourly: float | None
) -> datetime | None:
    used = {channel.pk: float(used_today(channel, start, zone)) for channel in channels}
    day, at = local(start, zone).date(), start
    while at < start + FAR:
        if local(at, zone).date() != day:
            day, used = local(at, zone).date(), dict.fromkeys(used, 0.0)
        sent = {c.pk: _in_an_hour(campaign, c, at, zone, used[c.pk]) for c in channels}
        total = min(sum(sent.values()), hourly) if hourly else sum(sent.values())
        if total >= left > 0:
            return at + STEP * (left / total)
        left -= total
        used = {pk: used[pk] + sent[pk] for pk in used}
        at += STEP
    return None


def _in_an_hour(campaign: Campaign, channel: Channel, at: datetime, zone: str, used: float) -> float:
    pace = pace_of(channel, at)
    opens = next_allowed(at, campaign.sending_hours, zone)
    if pace.quiet:
        opens = max(opens, outside_quiet(at, *pace.quiet, zone))
    if channel.paused_until:
        opens = max(opens, channel.paused_until)
    share = max(0.0, 1 - (opens - at) / STEP)
    gap = (pace.min_gap + pace.max_gap).total_seconds() / 2 or UNPACED_GAP
    count = STEP.total_seconds() / gap * share
    return count if pace.daily_cap is None else max(0.0, min(count, pace.daily_cap - used))
