"""Campaigns as programs write, change, start and stop them."""

from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from campaigns import queries
from campaigns.api.answers import CampaignDetail, CampaignPage
from campaigns.api.bodies import CampaignIn, CampaignPatch
from campaigns.models import Campaign
from campaigns.schedules.saving import begin, change, create
from campaigns.services import lifecycle
from core.pagination import keyset_page

router = Router(tags=["campaigns"])
SIZE = 100


@router.get("/campaigns", response=CampaignPage)
def list_campaigns(request: HttpRequest, series_id: UUID | None = None, cursor: str | None = None) -> object:
    """The newest first; with ``series_id`` the times of a series alone."""
    rows = Campaign.objects.filter(series=series_id) if series_id else Campaign.objects.all()
    return keyset_page(rows, order="-created_at", cursor=cursor, size=SIZE)


@router.post("/campaigns", response={201: CampaignDetail})
def create_campaign(request: HttpRequest, data: CampaignIn) -> tuple[int, Campaign]:
    return 201, create(data.changes())


@router.get("/campaigns/{uuid:campaign_id}", response=CampaignDetail)
def read_campaign(request: HttpRequest, campaign_id: UUID) -> Campaign:
    return queries.get_campaign(campaign_id)


@router.patch("/campaigns/{uuid:campaign_id}", response=CampaignDetail)
def change_campaign(request: HttpRequest, campaign_id: UUID, data: CampaignPatch) -> Campaign:
    """A change of a series is for its times to come; those that were made stay as they are."""
    return change(queries.get_campaign(campaign_id), data.changes())


@router.post("/campaigns/{uuid:campaign_id}/start", response=CampaignDetail)
def start_campaign(request: HttpRequest, campaign_id: UUID) -> Campaign:
    """Starts a campaign now; a series that is a draft begins to wait for its first time."""
    return begin(queries.get_campaign(campaign_id))


@router.post("/campaigns/{uuid:campaign_id}/pause", response=CampaignDetail)
def pause_campaign(request: HttpRequest, campaign_id: UUID) -> Campaign:
    return lifecycle.pause(queries.get_campaign(campaign_id))


@router.post("/campaigns/{uuid:campaign_id}/resume", response=CampaignDetail)
def resume_campaign(request: HttpRequest, campaign_id: UUID) -> Campaign:
    return lifecycle.resume(queries.get_campaign(campaign_id))


@router.post("/campaigns/{uuid:campaign_id}/cancel", response=CampaignDetail)
def cancel_campaign(request: HttpRequest, campaign_id: UUID) -> Campaign:
    """Gives up what has not left; a series ends, and what it sent goes on."""
    return lifecycle.cancel(queries.get_campaign(campaign_id))
