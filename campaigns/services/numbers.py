"""A number for a campaign that has lost all of its own."""

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from campaigns.errors import CampaignIncompleteError
from campaigns.models import Campaign, CampaignChannel
from campaigns.services.bell import ring_senders
from campaigns.services.transitions import Action, check, lock, tell_pages
from gateways.models import Channel, ChannelState
from gateways.models.channel import SENDING_ROLES
from gateways.registry import campaign_providers, get_adapter


def has_lost_its_numbers(campaign: Campaign) -> bool:
    links = CampaignChannel.objects.filter(campaign=campaign)
    return not links.filter(channel__removed_at=None).exists()


def numbers_to_add() -> "QuerySet[Channel]":
    """Return the connected numbers that need no approved template to send what a campaign says."""
    free = [code for code in campaign_providers() if not get_adapter(code).sends_templates]
    rows: QuerySet[Channel] = Channel.objects.filter(
        removed_at=None, state=ChannelState.CONNECTED, role__in=SENDING_ROLES, provider__in=free
    )
    return rows.order_by("created_at")


@transaction.atomic
def add_number(campaign: Campaign, channel_id: UUID | None, *, actor: Membership | None = None) -> Channel:
    """Let a number send what is left of a campaign whose numbers were removed; raises for another campaign or number."""
    locked = lock(campaign)
    check(locked, Action.CHOOSE)
    channel: Channel | None = numbers_to_add().filter(pk=channel_id).first() if channel_id else None
    if channel is None or not has_lost_its_numbers(locked):
        raise CampaignIncompleteError(_("One of the numbers was removed. Choose another."), code="channel_ids")
    CampaignChannel.objects.create(campaign=locked, channel=channel)
    # Who belonged to a number that is gone waits for nobody.
    locked.recipients.filter(state="queued", channel__removed_at__isnull=False).update(channel=None, pinned=False)
    data = {"number": channel.name}
    record_audit("campaign.number_added", actor=actor, target=locked.name, data=data)
    ring_senders()
    tell_pages(locked)
    return channel
