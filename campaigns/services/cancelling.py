"""Who was still in line of a cancelled campaign is left out: at once for some thousands, by a job for more.

Nobody is written to meanwhile: senders take from campaigns that run, and from no other.
"""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from campaigns.models import Campaign, CampaignState, Recipient, RecipientState, SkipReason
from campaigns.services.transitions import tell_pages
from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations, activate_organization

AT_ONCE = 5_000
BATCH = 10_000
LOOK_BACK = timedelta(days=7)
"""A sender that dies with claimed ones gives them back to the line minutes later; a week is for whatever nobody foresaw."""


def leave_out_waiting(campaign: Campaign, count: int) -> None:
    """Leave out the ``count`` who wait, in this transaction if they are few."""
    if count <= AT_ONCE:
        _leave_out(campaign.pk, AT_ONCE)
    else:
        leave_out_cancelled.enqueue(organization_id=str(campaign.organization_id), campaign_id=str(campaign.pk))


@job("bulk", timeout_seconds=1800)
def leave_out_cancelled(*, organization_id: str, campaign_id: str) -> None:
    """Leave out all who wait in a cancelled campaign, some thousands in each transaction."""
    while _leave_out(UUID(campaign_id), BATCH):
        if campaign := Campaign.objects.filter(pk=UUID(campaign_id)).first():
            tell_pages(campaign)


def leave_out_forgotten() -> int:
    """Do so in campaigns whose job was lost or that got somebody back; return in how many."""
    with across_organizations():
        waiting = Recipient.objects.filter(campaign=OuterRef("pk"), state=RecipientState.QUEUED)
        cancelled = Campaign.objects.filter(state=CampaignState.CANCELLED, finished_at__gt=now() - LOOK_BACK)
        found = list(cancelled.filter(Exists(waiting)).values_list("organization_id", "pk"))
    for organization_id, pk in found:
        with activate_organization(organization_id):
            leave_out_cancelled(organization_id=str(organization_id), campaign_id=str(pk))
    return len(found)


@transaction.atomic
def _leave_out(campaign_id: UUID, most: int) -> int:
    waiting = Recipient.objects.filter(
        campaign=campaign_id, state=RecipientState.QUEUED, campaign__state=CampaignState.CANCELLED
    )
    some = waiting.order_by("position").values("pk")[:most]
    left_out = Recipient.objects.filter(pk__in=some, state=RecipientState.QUEUED)
    return left_out.update(state=RecipientState.SKIPPED, skip_reason=SkipReason.CANCELLED)  # type: ignore[no-any-return]
