"""When a campaign may send again: its own hours and days off, and the quiet hours of its numbers."""

from collections.abc import Container, Sequence
from datetime import date, datetime, time

from bookings.days_off import days_off_in, rests_of
from campaigns.models import Campaign
from campaigns.queries.waiting import serving
from core.clock import SendingHours, next_allowed, outside_quiet
from gateways.pacing import pace_of

ROUNDS = 4
"""Hours and quiet hours that open each other's door in turns; beyond that the campaign's own hours decide."""


def opens_at(campaign: Campaign, at: datetime) -> datetime:
    """Return the first moment from ``at`` on at which the campaign and one of its numbers may send."""
    zone, hours = campaign.organization.timezone, campaign.sending_hours
    rests = rests_of(hours, days_off_in([hours]))
    return first_open(at, hours, zone, rests, [pace_of(channel, at).quiet for channel in serving(campaign)])


def first_open(
    at: datetime, hours: SendingHours, zone: str, rests: Container[date], quiet: Sequence[tuple[time, time] | None]
) -> datetime:
    """Return the first moment at which these hours are open and one of these numbers is awake; None has no quiet hours."""
    for _round in range(ROUNDS):
        opens = next_allowed(at, hours, zone, rests)
        awake = min((outside_quiet(opens, *one, zone) if one else opens for one in quiet), default=opens)
        if awake == opens:
            return opens
        at = awake
    return next_allowed(at, hours, zone, rests)
