"""What a campaign must have before it may send."""

from django.utils.translation import gettext as _

from campaigns.errors import CampaignIncompleteError
from campaigns.models import Campaign
from campaigns.services.official import check_templates
from gateways.models import SENDING_ROLES


def check_ready(campaign: Campaign) -> None:
    """Raise :class:`CampaignIncompleteError` for what a campaign lacks to send."""
    links = campaign.campaign_channels.filter(channel__removed_at=None)
    if not links.filter(channel__role__in=SENDING_ROLES).exists():
        raise CampaignIncompleteError(_("Choose at least one active number."), code="channel_ids")
    if not campaign.variants.filter(step=1).exists():
        raise CampaignIncompleteError(_("Write at least one message."), code="variants")
    check_templates([link.channel for link in links.select_related("channel")], campaign.variants.all())
    if not campaign.campaign_lists.exists():
        raise CampaignIncompleteError(_("Choose at least one list."), code="list_ids")
