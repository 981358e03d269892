"""E-mails about campaigns to those who manage them."""

from collections.abc import Callable

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from campaigns.models import Campaign, CampaignState
from campaigns.queries.waiting import pause_words
from gateways.pool.letters import addresses


def write_pause(campaign: Campaign) -> int:
    """Tell the owners and administrators why a campaign paused by itself; return how many were written to."""
    return _write(
        campaign, lambda: _("Look at the list and the text before you resume it:"), "campaigns:campaign", campaign.pk
    )


def write_out_of_plan(campaign: Campaign) -> int:
    """Tell the owners and administrators that the plan is used up and when it goes on; return how many were written to."""
    if not campaign.waits_for_plan:
        return 0
    return _write(campaign, lambda: _("To go on now, change the plan:"), "billing:plan")


def _write(campaign: Campaign, advice: Callable[[], str], page: str, *values: object) -> int:
    organization = Organization.objects.get(pk=campaign.organization_id)
    to = addresses(organization)
    if not to or campaign.state != CampaignState.PAUSED:
        return 0
    with translation.override(organization.language), timezone.override(organization.timezone):
        subject = _("%(name)s paused by itself") % {"name": campaign.name}
        link = settings.BASE_URL + reverse(page, args=values)
        send_mail(subject, f"{pause_words(campaign)}\n\n{advice()}\n\n{link}", settings.DEFAULT_FROM_EMAIL, to)
    return len(to)
