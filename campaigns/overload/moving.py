"""Campaigns that were moved to the next day, so that others go first: they rest, and go on by themselves."""

from django.db import transaction

from campaigns.models import Campaign, CampaignState, DecisionKind, DemandDecision
from campaigns.queries.waiting import MOVED
from campaigns.services import lifecycle
from core.clock import now

PUT_OFF = (DecisionKind.HOLD, DecisionKind.TOMORROW)
"""Decisions for which a campaign rests."""


def is_moved(campaign: Campaign) -> bool:
    """Tell whether the campaign rests because it was moved, and nobody has done anything else with it since."""
    return campaign.state == CampaignState.PAUSED and campaign.pause_reason == MOVED


def bring_back_moved() -> int:
    """Let the moved campaigns of the active organization go on whose day has come; return how many did."""
    due = DemandDecision.objects.filter(kind=DecisionKind.TOMORROW, ended_at=None, until__lte=now())
    return sum(_bring_back(pk) for pk in list(due.values_list("pk", flat=True)))


@transaction.atomic
def _bring_back(pk: object) -> bool:
    decision: DemandDecision | None = DemandDecision.objects.select_for_update().filter(pk=pk, ended_at=None).first()
    if decision is None or decision.campaign_id is None:
        return False
    decision.ended_at = now()
    decision.save(update_fields=["ended_at"])
    campaign: Campaign = Campaign.objects.select_for_update().get(pk=decision.campaign_id)
    if not is_moved(campaign) or campaign.archived_at is not None:
        return False
    lifecycle.resume(campaign)
    return True


def close_overtaken() -> int:
    """End the decisions about campaigns that somebody has resumed, cancelled or that are through; return how many."""
    rows = DemandDecision.objects.filter(ended_at=None).exclude(campaign=None)
    resting = rows.filter(kind__in=PUT_OFF).exclude(campaign__state=CampaignState.PAUSED)
    running = rows.filter(kind=DecisionKind.ACCEPT).exclude(
        campaign__state__in=[CampaignState.RUNNING, CampaignState.PAUSED]
    )
    return int(resting.update(ended_at=now()) + running.update(ended_at=now()))
