from typing import Literal

from django.http import HttpRequest
from ninja import Router, Schema

from reports.queries import overview

plain_router = Router(tags=["reports"])


class OverviewOut(Schema):
    leads_extracted: int
    messages_sent: int
    success_rate: float
    active_campaigns: int
    closed_deals: int
    conversion_rate: float


@plain_router.get("/dashboard/overview", response=OverviewOut)
def dashboard_overview(request: HttpRequest, days: Literal[1, 7, 30, 90] = 7) -> object:
    return overview(request.organization, days)  # type: ignore[attr-defined]  # set for members and tokens alike
