"""The report for the decision as JSON."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema

from campaigns.overload.options import Option, options
from campaigns.overload.report import CampaignLine, DemandReport, report_of
from core.clock import now

router = Router(tags=["campaigns"])


class DemandCampaignOut(Schema):
    """``late`` messages leave after ``due_at``, the last of all at ``ends_at``: null where that is not in sight."""

    id: UUID
    name: str
    priority: int
    waiting: int
    today: int
    late: int
    due_at: datetime
    ends_at: datetime | None


class DemandOptionOut(Schema):
    """A decision that can be taken on the page, with how many messages would be late then."""

    kind: str
    campaign_id: UUID | None
    numbers: int
    until: datetime | None
    late: int
    ends_at: datetime | None


class DemandOut(Schema):
    """What campaigns that run have in line against what the numbers in service can send."""

    is_overload: bool = Field(description="Whether there is more to send than fits")
    since: datetime | None
    waiting: int
    today: int
    late: int
    ends_at: datetime | None
    helping: int = Field(description="Numbers of the reserve that help")
    reserve: int = Field(description="Numbers of the reserve that could help too")
    campaigns: list[DemandCampaignOut]
    options: list[DemandOptionOut]


@router.get("/demand", response=DemandOut)
def read_demand(request: HttpRequest) -> dict[str, Any]:
    report = report_of(now())
    found = options(report.scene, report.found) if report.overload else []
    return _figures(report) | {
        "campaigns": [_campaign(line) for one in report.classes for line in one.lines],
        "options": [_option(one) for one in found],
    }


def _figures(report: DemandReport) -> dict[str, Any]:
    found, overload = report.found, report.overload
    return {
        "is_overload": overload is not None, "since": overload.began_at if overload else None, "waiting": found.waiting,
        "today": found.today, "late": found.late, "ends_at": found.ends_at, "helping": len(report.helpers), "reserve": report.free,
    }  # fmt: skip


def _campaign(line: CampaignLine) -> dict[str, Any]:
    one, outcome = line.campaign, line.outcome
    return {
        "id": one.pk, "name": one.name, "priority": one.priority, "waiting": outcome.waiting, "today": outcome.today,
        "late": outcome.late, "due_at": outcome.due_at, "ends_at": outcome.ends_at,
    }  # fmt: skip


def _option(one: Option) -> dict[str, Any]:
    return {
        "kind": one.kind, "campaign_id": one.campaign.pk if one.campaign else None, "numbers": one.numbers,
        "until": one.until, "late": one.after.late, "ends_at": one.after.ends_at,
    }  # fmt: skip
