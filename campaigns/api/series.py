"""The times of series, for programs: what is to come, what became of those before, and one of them left out."""

from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from campaigns import queries
from campaigns.api.answers import CampaignDetail, OccurrencePage
from campaigns.api.bodies import OccurrenceIn
from campaigns.models import Campaign
from campaigns.schedules.queries import coming_slots, get_series, times_of
from campaigns.schedules.skipping import skip, take_back
from core.pagination import keyset_page

router = Router(tags=["campaigns"])
SIZE = 100


@router.get("/campaigns/{uuid:series_id}/occurrences", response=OccurrencePage)
def list_occurrences(request: HttpRequest, series_id: UUID, cursor: str | None = None) -> dict[str, object]:
    """The next times, and what became of those before, the newest first."""
    series = get_series(series_id)
    page = keyset_page(times_of(series), order="-planned_on", cursor=cursor, size=SIZE)
    return {"coming": coming_slots(series), "items": page.items, "next_cursor": page.next_cursor}


@router.post("/campaigns/{uuid:series_id}/occurrences/skip", response=CampaignDetail)
def skip_occurrence(request: HttpRequest, series_id: UUID, data: OccurrenceIn) -> Campaign:
    """Leaves out the next time, and that alone."""
    return skip(queries.get_campaign(series_id), data.planned_on)


@router.post("/campaigns/{uuid:series_id}/occurrences/restore", response=CampaignDetail)
def restore_occurrence(request: HttpRequest, series_id: UUID, data: OccurrenceIn) -> Campaign:
    """Lets the time that was left out last come after all."""
    return take_back(queries.get_campaign(series_id), data.planned_on)
