"""What followed the messages of a campaign. Where very many answered it is counted by a job, and pages say of when it is."""

from functools import partial
from uuid import UUID

from django.db.models import Count

from campaigns.models import Campaign, Recipient
from campaigns.results.cells import Deeds, count_deeds
from core.jobs import job
from core.snapshots import Snapshot, keep, recall

MANY_ANSWERS = 2_000
DEEDS, TEMPERATURES = "deeds", "temperatures"


def deeds(campaign: Campaign, answers: int) -> Snapshot[Deeds]:
    """Return what followed by wording, number and hour (:func:`campaigns.results.cells.count_deeds`)."""
    count, again = partial(count_deeds, campaign), partial(_ring, campaign)
    return recall(_key(DEEDS, campaign), count, again, is_large=answers > MANY_ANSWERS)


def deeds_now(campaign: Campaign) -> Deeds:
    """Return the same of this moment, for what is taken away; the page then shows the same."""
    found = count_deeds(campaign)
    keep(_key(DEEDS, campaign), found)
    return found


def answer_temperatures(campaign: Campaign, answers: int) -> Snapshot[dict[str, int]]:
    """Return how many of those who answered are of which temperature; '' who is not qualified yet."""
    count, again = partial(_temperatures, campaign), partial(_ring, campaign)
    return recall(_key(TEMPERATURES, campaign), count, again, is_large=answers > MANY_ANSWERS)


@job("bulk")
def count_again(*, organization_id: str, campaign_id: str) -> None:
    """Count what followed a campaign with very many answers."""
    if campaign := Campaign.objects.filter(pk=UUID(campaign_id)).first():
        keep(_key(TEMPERATURES, campaign), _temperatures(campaign))
        keep(_key(DEEDS, campaign), count_deeds(campaign))


def _ring(campaign: Campaign) -> None:
    ids = {"organization_id": str(campaign.organization_id), "campaign_id": str(campaign.pk)}
    count_again.enqueue(coalesce_key=f"followed-{campaign.pk}", **ids)


def _key(name: str, campaign: Campaign) -> str:
    return f"{name}:{campaign.pk}:{campaign.attribution_days}"


def _temperatures(campaign: Campaign) -> dict[str, int]:
    rows = Recipient.objects.filter(campaign=campaign).exclude(replied_at=None).values_list("contact__temperature")
    return dict(rows.annotate(count=Count("pk")))
