"""For how long after a message what a person does is put down to the campaign."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from campaigns.errors import CampaignIncompleteError
from campaigns.models import Campaign
from campaigns.services.transitions import lock, tell_pages

CHOICES = (3, 7, 14, 30, 60, 90)


@transaction.atomic
def attribute_for(campaign: Campaign, days: int, *, actor: Membership | None = None) -> Campaign:
    """Change the days; money and bookings are told anew, answers from now on."""
    if days not in CHOICES:
        raise CampaignIncompleteError(_("Choose one of the given numbers of days."), code="attribution_days")
    locked = lock(campaign)
    if locked.attribution_days != days:
        data = {"before": locked.attribution_days, "after": days}
        locked.attribution_days = days
        locked.save(update_fields=["attribution_days"])
        record_audit("campaign.attribution_changed", actor=actor, target=locked.name, data=data)
        tell_pages(locked)
    return locked
