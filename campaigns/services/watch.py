"""The watchdog: no running campaign stands still without a reason that its card shows (D-02)."""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from campaigns.models import Campaign, CampaignState, Recipient, RecipientState
from campaigns.queries.waiting import NO_PROGRESS, waits
from campaigns.services.rounds import for_each
from campaigns.services.transitions import tell_pages
from core.clock import now
from core.tenancy import across_organizations

logger = logging.getLogger(__name__)

PATIENCE = timedelta(minutes=5)


def watch_running() -> int:
    """Write on each running campaign why it waits, if it does; return how many notes changed."""
    with across_organizations():
        running = list(Campaign.objects.filter(state=CampaignState.RUNNING).values_list("organization_id", "pk"))
    return sum(for_each(running, _watch))


def _watch(campaign_id: UUID) -> bool:
    campaign: Campaign | None = Campaign.objects.filter(pk=campaign_id, state=CampaignState.RUNNING).first()
    if campaign is None:
        return False
    reason = _reason(campaign)
    if reason == campaign.wait_reason:
        return False
    written = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.RUNNING).update(wait_reason=reason)
    if written:
        tell_pages(campaign)
    return bool(written)


def _reason(campaign: Campaign) -> dict[str, Any]:
    found = waits(campaign)
    if not found and _stands_still(campaign):
        logger.warning("campaign stands still", extra={"campaign": str(campaign.pk)})
        return {"code": NO_PROGRESS, "until": None, "name": ""}
    # A gap of some seconds is the pace, not a wait.
    found = [(name, wait) for name, wait in found if wait.code != "gap"]
    if not found:
        return {}
    name, wait = min(found, key=lambda item: item[1].until.timestamp() if item[1].until else float("inf"))
    return {"code": wait.code, "until": wait.until.isoformat() if wait.until else None, "name": name}


def _stands_still(campaign: Campaign) -> bool:
    if campaign.started_at is None or campaign.started_at > now() - PATIENCE:
        return False
    rows = Recipient.objects.filter(campaign=campaign)
    recent = rows.filter(sent_at__gt=now() - PATIENCE)
    queued = rows.filter(state=RecipientState.QUEUED)
    return bool(queued.exists() and not recent.exists())
