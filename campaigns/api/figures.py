"""What became of campaigns, for programs."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Body, Router
from ninja.errors import HttpError

from accounts.models import Role
from campaigns import queries
from campaigns.api.answers import DealOut, RecipientPage, StatsOut
from campaigns.api.bodies import DealIn
from campaigns.models import RecipientState
from campaigns.services import lifecycle
from core.pagination import keyset_page

router = Router(tags=["campaigns"])
plain_router = Router(tags=["campaigns"])
SIZE = 100


@router.get("/campaigns/{uuid:campaign_id}/stats", response=StatsOut)
def campaign_stats(request: HttpRequest, campaign_id: UUID) -> dict[str, Any]:
    return queries.stats(campaign_id).as_dict()


@router.get("/campaigns/{uuid:campaign_id}/recipients", response=RecipientPage)
def campaign_recipients(
    request: HttpRequest,
    campaign_id: UUID,
    state: RecipientState | Literal["replied", ""] = "",
    cursor: str | None = None,
) -> object:
    campaign = queries.get_campaign(campaign_id)
    return keyset_page(queries.recipients(campaign, state), order="position", cursor=cursor, size=SIZE)


@plain_router.get("/campaigns/{uuid:campaign_id}/stats", response=StatsOut)
def plain_stats(request: HttpRequest, campaign_id: UUID) -> dict[str, Any]:
    return queries.stats(campaign_id).as_dict()


@plain_router.post("/campaigns/{uuid:campaign_id}/deal", response=DealOut)
def change_deals(request: HttpRequest, campaign_id: UUID, data: Body[DealIn] = DealIn()) -> dict[str, Any]:  # noqa: B008
    membership = getattr(request, "membership", None)
    if membership is not None and not membership.has_role(Role.AGENT):
        raise HttpError(403, _("You can look, but not change."))
    campaign = queries.get_campaign(campaign_id)
    lifecycle.adjust_deals(campaign, data.step, actor=membership)
    figures = queries.stats(campaign_id)
    return {"closed_deals": figures.closed_deals, "conversion_rate": figures.conversion_rate}
