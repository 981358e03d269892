"""Which channels have something to send, and what keeps the others waiting."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import Organization
from campaigns.models import Campaign, CampaignState, Recipient, RecipientState
from core.clock import next_allowed
from gateways.models import Channel, ChannelRole, ChannelState


@dataclass(frozen=True)
class ChannelWork:
    """A channel with the running campaigns that may use it now."""

    channel_id: UUID
    organization_id: UUID
    campaign_ids: tuple[UUID, ...]


def channels_with_work(at: datetime) -> list[ChannelWork]:
    """Return every channel that a running campaign may send through at this moment. Needs all organizations visible.

    A standby of a campaign works only while none of its active numbers is connected.
    """
    running = (
        Campaign.objects.filter(state=CampaignState.RUNNING)
        .filter(recipients__state=RecipientState.QUEUED)
        .distinct()
        .prefetch_related("channels")
    )
    zones: dict[UUID, str] = dict(Organization.objects.values_list("pk", "timezone"))
    found: dict[UUID, tuple[UUID, list[UUID]]] = {}
    for campaign in running:
        if next_allowed(at, campaign.sending_hours, zones[campaign.organization_id]) > at:
            continue
        for channel in usable(list(campaign.channels.all())):
            found.setdefault(channel.pk, (campaign.organization_id, []))[1].append(campaign.pk)
    return [ChannelWork(pk, org, tuple(campaigns)) for pk, (org, campaigns) in found.items()]


def usable(channels: list[Channel]) -> list[Channel]:
    """Return the connected numbers of a campaign: the active ones, or the standbys when no active one is left."""
    alive = [c for c in channels if c.state == ChannelState.CONNECTED and c.removed_at is None]
    return [c for c in alive if c.role == ChannelRole.ACTIVE] or [c for c in alive if c.role == ChannelRole.STANDBY]


def finish_campaigns() -> list[Campaign]:
    """Complete running campaigns in which nothing is queued or under way; return them. Needs all organizations visible."""
    open_rows = Recipient.objects.filter(state__in=[RecipientState.QUEUED, RecipientState.SENDING])
    running = Campaign.objects.filter(state=CampaignState.RUNNING).exclude(audience_built_at=None)
    return list(running.exclude(pk__in=open_rows.values("campaign_id")))
