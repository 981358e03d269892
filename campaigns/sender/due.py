"""Which channels have something to send now, and what the database says of one of them. All times are the database's."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import DateTimeField, F, Func, Q

from bookings.days_off import days_off_in, rests_of
from campaigns.models import CampaignChannel, CampaignState
from core.clock import is_allowed
from core.tenancy import activate_organization
from gateways.models import SENDING_ROLES, Channel
from gateways.pacing import Pace, Wait, pace_of, wait_of

# Gaps from here on are waited for one by one; below, sends are claimed in small batches ahead of their instants.
SPACED_SECONDS = 0.15

# The organizations take turns, and within one its numbers: whoever sent longest ago comes first.
_DUE = """
SELECT ch.id, ch.organization_id
FROM gateways_channel ch
WHERE ch.state = 'connected' AND ch.removed_at IS NULL AND ch.role <> 'retired' AND ch.id <> ALL(%(except)s::uuid[])
  AND (ch.paused_until IS NULL OR ch.paused_until <= clock_timestamp())
  AND (ch.lease_until IS NULL OR ch.lease_until < clock_timestamp())
  AND (ch.next_send_at IS NULL OR ch.next_send_at <= clock_timestamp() + make_interval(secs => %(ahead)s))
  AND EXISTS (
    SELECT 1 FROM campaigns_campaignchannel cc
    JOIN campaigns_campaign c ON c.id = cc.campaign_id AND c.state = 'running'
    WHERE cc.channel_id = ch.id AND (ch.role IN ('active', 'warming') OR cc.took_over_at IS NOT NULL)
      AND EXISTS (SELECT 1 FROM campaigns_recipient r
                  WHERE r.campaign_id = c.id AND r.state = 'queued' AND (r.channel_id = ch.id OR r.channel_id IS NULL)
                    AND (r.next_attempt_at IS NULL OR r.next_attempt_at <= clock_timestamp())))
ORDER BY row_number() OVER (PARTITION BY ch.organization_id ORDER BY ch.last_sent_at NULLS FIRST, ch.id),
         ch.last_sent_at NULLS FIRST
"""


@dataclass(frozen=True)
class Facts:
    """A channel at a moment of the database's clock: its pace, the campaigns that may use it, and why it must wait, if so."""

    channel: Channel
    at: datetime
    zone: str
    pace: Pace
    campaigns: tuple[UUID, ...]
    wait: Wait | None

    @property
    def today(self) -> date:
        return self.at.astimezone(ZoneInfo(self.zone)).date()

    @property
    def gap_seconds(self) -> float:
        """The mean gap between two sends; 0 where nothing but the gateway sets the speed."""
        return (self.pace.min_gap + self.pace.max_gap).total_seconds() / 2

    @property
    def is_spaced(self) -> bool:
        return self.gap_seconds >= SPACED_SECONDS

    @property
    def seconds_to_next(self) -> float:
        if self.channel.next_send_at is None:
            return 0.0
        return max(0.0, (self.channel.next_send_at - self.at).total_seconds())

    @property
    def may_send(self) -> bool:
        return bool(self.campaigns) and self.wait is None


def find_due(excluded: Collection[UUID], ahead_seconds: float) -> list[tuple[UUID, UUID]]:
    """Return (channel, organization) of what nobody drives and that has something due, in the order of their turns."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"except": list(excluded), "ahead": ahead_seconds})
        return cursor.fetchall()


def look(channel_id: UUID, organization_id: UUID) -> Facts:
    """Return the facts of one channel now."""
    with activate_organization(organization_id):
        clock = Func(function="clock_timestamp", output_field=DateTimeField())
        channel = (
            Channel.objects.select_related("portfolio")
            .annotate(looked_at=clock, zone=F("organization__timezone"))
            .get(pk=channel_id)
        )
        at, zone = channel.looked_at, channel.zone
        wait = wait_of(channel, at, zone)
        return Facts(
            channel=channel,
            at=at,
            zone=zone,
            pace=pace_of(channel, at),
            campaigns=_open_campaigns(channel, at, zone),
            wait=None if wait is None or wait.code == "gap" else wait,
        )


def _open_campaigns(channel: Channel, at: datetime, zone: str) -> tuple[UUID, ...]:
    serving = Q(channel__role__in=SENDING_ROLES) | ~Q(took_over_at=None)
    links = CampaignChannel.objects.filter(serving, channel=channel, campaign__state=CampaignState.RUNNING)
    hours = list(links.values_list("campaign_id", "campaign__sending_hours"))
    off = days_off_in(allowed for _campaign, allowed in hours)
    return tuple(pk for pk, allowed in hours if is_allowed(at, allowed, zone, rests_of(allowed, off)))
