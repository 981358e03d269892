"""Something happened that ends sequences for a contact: at once, so that the report shows it and nothing waits in vain."""

from uuid import UUID

from django.db import transaction

from campaigns.models import SENT_STATES, Campaign, CampaignState, Recipient, RecipientState, SkipReason, StopReason
from campaigns.services.transitions import tell

# What waits already is left out with the reason; what has not begun does not begin.
SKIPS = {
    StopReason.REPLIED: SkipReason.REPLIED, StopReason.BOOKED: SkipReason.BOOKED, StopReason.CLOSED: SkipReason.CLOSED,
}  # fmt: skip
ALIVE = (CampaignState.RUNNING, CampaignState.PAUSED)


@transaction.atomic
def stop_sequences(contact_id: UUID, reason: StopReason) -> None:
    """Let the contact get no further step of the active organization's campaigns that end with this."""
    campaigns = Campaign.objects.filter(state__in=ALIVE, stops_on__contains=[reason.value])
    rows = Recipient.objects.filter(contact_id=contact_id, campaign__in=campaigns.values("pk"))
    before = rows.filter(leads_on=True, state__in=SENT_STATES, stopped="")
    touched = set(before.values_list("campaign_id", "organization_id"))
    before.update(leads_on=False, stopped=reason)
    # Only now: whoever is leading somebody on at this moment was waited for, and what that made is found.
    waiting = rows.filter(step__gt=1, state=RecipientState.QUEUED)
    touched |= set(waiting.values_list("campaign_id", "organization_id"))
    waiting.update(state=RecipientState.SKIPPED, skip_reason=SKIPS[reason], leads_on=False, stopped=reason)
    for campaign_id, organization_id in touched:
        tell(organization_id, campaign_id)
