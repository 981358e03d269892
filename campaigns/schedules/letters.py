"""E-mails about starts that were missed, to those who may decide."""

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from campaigns.models import Campaign, CampaignState
from core.moments import spoken
from gateways.pool.letters import addresses


def write_question(campaign: Campaign) -> int:
    """Ask the owners and administrators whether a campaign is to be sent late; return how many were written to."""
    organization = Organization.objects.get(pk=campaign.organization_id)
    to = addresses(organization)
    if not to or campaign.state != CampaignState.PAUSED:
        return 0
    with translation.override(organization.language), timezone.override(organization.timezone):
        words = {"name": campaign.name, "at": spoken(campaign.start_at)}
        subject = _("%(name)s did not leave at its time") % words
        body = _("It was to leave %(at)s, and nothing was sent. Decide whether it is sent now or cancelled:") % words
        link = settings.BASE_URL + reverse("campaigns:campaign", args=[campaign.pk])
        send_mail(subject, f"{body}\n\n{link}", settings.DEFAULT_FROM_EMAIL, to)
    return len(to)
