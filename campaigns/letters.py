"""E-mails about campaigns to those who manage them."""

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from campaigns.models import Campaign, CampaignState
from campaigns.queries.waiting import pause_words
from gateways.pool.letters import addresses


def write_pause(campaign: Campaign) -> int:
    """Tell the owners and administrators why a campaign paused by itself; return how many were written to."""
    organization = Organization.objects.get(pk=campaign.organization_id)
    to = addresses(organization)
    if not to or campaign.state != CampaignState.PAUSED:
        return 0
    with translation.override(organization.language):
        subject = _("%(name)s paused by itself") % {"name": campaign.name}
        advice = _("Look at the list and the text before you resume it:")
        link = settings.BASE_URL + reverse("campaigns:campaign", args=[campaign.pk])
        send_mail(subject, f"{pause_words(campaign)}\n\n{advice}\n\n{link}", settings.DEFAULT_FROM_EMAIL, to)
    return len(to)
