"""When a campaign may send again: its own hours and days off, and the quiet hours of its numbers."""

from datetime import datetime

from bookings.days_off import days_off_in, rests_of
from campaigns.models import Campaign
from campaigns.queries.waiting import serving
from core.clock import next_allowed, outside_quiet
from gateways.models import Channel
from gateways.pacing import pace_of

ROUNDS = 4
"""Hours and quiet hours that open each other's door in turns; beyond that the campaign's own hours decide."""


def opens_at(campaign: Campaign, at: datetime) -> datetime:
    """Return the first moment from ``at`` on at which the campaign and one of its numbers may send."""
    zone, hours = campaign.organization.timezone, campaign.sending_hours
    rests = rests_of(hours, days_off_in([hours]))
    channels = serving(campaign)
    for _round in range(ROUNDS):
        opens = next_allowed(at, hours, zone, rests)
        awake = min((_awake(channel, opens, zone) for channel in channels), default=opens)
        if awake == opens:
            return opens
        at = awake
    return next_allowed(at, hours, zone, rests)


def _awake(channel: Channel, at: datetime, zone: str) -> datetime:
    quiet = pace_of(channel, at).quiet
    return outside_quiet(at, *quiet, zone) if quiet else at
