from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Body, Field, Router, Schema
from ninja.errors import HttpError
from pydantic import ConfigDict

from accounts.models import Role
from campaigns import queries
from campaigns.models import Campaign, Recipient, RecipientState
from campaigns.services import lifecycle
from campaigns.services.lifecycle import VariantDraft
from core.pagination import keyset_page
from core.placeholders import shown

router = Router(tags=["campaigns"])
plain_router = Router(tags=["campaigns"])
SIZE = 100


class VariantIn(Schema):
    body: str = Field(min_length=1, max_length=4096)
    weight: int = Field(1, ge=1, le=100)


class HoursIn(Schema):
    """``days`` counts from Monday = 0; times are HH:MM in the organization's time zone."""

    days: list[int] = Field(default_factory=list, max_length=7)
    start: str = Field(max_length=5)
    end: str = Field(max_length=5)


class FieldRuleIn(Schema):
    """``key`` as in a placeholder of a message, e.g. ``plano``; ``value`` is for ``is``, ``is_not`` and ``contains``."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=1, max_length=60)
    operator: Literal["is", "is_not", "contains", "filled", "empty"]
    value: str = Field("", max_length=120)


class AudienceIn(Schema):
    """Whom of the lists the campaign is for; without a member everybody who may be written to.

    ``temperatures`` may hold ``none`` for people not qualified yet. Of ``silent_days`` and ``recent_days`` the first means people
    who wrote nothing for so long (or never), the second those who wrote within them. ``not_in_campaign``, ``not_customer`` and
    ``cap_count`` messages in ``cap_days`` days leave people out with the reason; so does ``unanswered``, the messages of
    campaigns without an answer after which one is left in peace.
    """

    model_config = ConfigDict(extra="forbid")

    temperatures: list[Literal["quente", "morno", "frio", "muito_frio", "none"]] = Field(
        default_factory=list, max_length=5
    )
    tags: list[str] = Field(default_factory=list, max_length=20)
    without_tags: list[str] = Field(default_factory=list, max_length=20)
    fields: list[FieldRuleIn] = Field(default_factory=list, max_length=5)
    silent_days: int = Field(0, ge=0, le=3650)
    recent_days: int = Field(0, ge=0, le=3650)
    not_in_campaign: bool = False
    not_customer: bool = False
    cap_count: int = Field(0, ge=0, le=100)
    cap_days: int = Field(0, ge=0, le=3650)
    unanswered: int = Field(3, ge=1, le=100)


class CampaignIn(Schema):
    name: str = Field(min_length=1, max_length=120)
    list_ids: list[UUID] = Field(min_length=1, max_length=50)
    variants: list[VariantIn] = Field(min_length=1, max_length=20)
    channel_ids: list[UUID] = Field(min_length=1, max_length=50)
    start_at: datetime | None = None
    sending_hours: HoursIn | None = None
    priority: int = Field(0, ge=-100, le=100)
    audience: AudienceIn | None = None
    split: Literal["weights", "auto"] = "weights"


class CampaignOut(Schema):
    id: UUID
    name: str
    state: str
    start_at: datetime | None
    total: int
    sent_count: int
    closed_deals: int
    pause_reason: str
    waiting: list[str]
    created_at: datetime

    @staticmethod
    def resolve_pause_reason(campaign: Campaign) -> str:
        return queries.pause_words(campaign)

    @staticmethod
    def resolve_waiting(campaign: Campaign) -> list[str]:
        return queries.waiting_note(campaign)


class CampaignPage(Schema):
    items: list[CampaignOut]
    next_cursor: str | None


class StatsOut(Schema):
    state: str
    total: int
    pending: int
    sent: int
    delivered: int
    read: int
    replied: int
    failed: int
    invalid: int
    skipped: int
    unknown: int
    closed_deals: int
    success_rate: float
    conversion_rate: float


class RecipientOut(Schema):
    id: UUID
    contact_id: UUID
    phone: str
    variant_id: UUID | None
    channel_id: UUID | None
    state: str
    body: str
    sent_at: datetime | None
    error: str = Field(description="Why it was left out, failed or is in doubt, in words; empty otherwise")

    @staticmethod
    def resolve_body(recipient: Recipient) -> str:
        return shown(recipient.body)

    @staticmethod
    def resolve_error(recipient: Recipient) -> str:
        return recipient.error or str(recipient.get_skip_reason_display())


class RecipientPage(Schema):
    items: list[RecipientOut]
    next_cursor: str | None


class DealIn(Schema):
    """One deal more or less; without a body one more. A member that is not named here is refused, not overlooked."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["increment", "decrement"] = "increment"
    delta: Literal[1, -1] | None = None

    @property
    def step(self) -> int:
        return self.delta or (-1 if self.action == "decrement" else 1)


class DealOut(Schema):
    closed_deals: int
    conversion_rate: float


@router.get("/campaigns", response=CampaignPage)
def list_campaigns(request: HttpRequest, cursor: str | None = None) -> object:
    return keyset_page(Campaign.objects.all(), order="-created_at", cursor=cursor, size=SIZE)


@router.post("/campaigns", response={201: CampaignOut})
def create_campaign(request: HttpRequest, data: CampaignIn) -> tuple[int, Campaign]:
    return 201, lifecycle.create_campaign(
        name=data.name,
        list_ids=data.list_ids,
        variants=[VariantDraft(v.body, v.weight) for v in data.variants],
        channel_ids=data.channel_ids,
        start_at=data.start_at,
        sending_hours=data.sending_hours.dict() if data.sending_hours else None,
        priority=data.priority,
        audience=data.audience.dict() if data.audience else None,
        split=data.split,
    )


@router.get("/campaigns/{uuid:campaign_id}", response=CampaignOut)
def read_campaign(request: HttpRequest, campaign_id: UUID) -> Campaign:
    return queries.get_campaign(campaign_id)


@router.post("/campaigns/{uuid:campaign_id}/start", response=CampaignOut)
def start_campaign(request: HttpRequest, campaign_id: UUID) -> Campaign:
    return lifecycle.start(queries.get_campaign(campaign_id))


@router.post("/campaigns/{uuid:campaign_id}/pause", response=CampaignOut)
def pause_campaign(request: HttpRequest, campaign_id: UUID) -> Campaign:
    return lifecycle.pause(queries.get_campaign(campaign_id))


@router.post("/campaigns/{uuid:campaign_id}/resume", response=CampaignOut)
def resume_campaign(request: HttpRequest, campaign_id: UUID) -> Campaign:
    return lifecycle.resume(queries.get_campaign(campaign_id))


@router.post("/campaigns/{uuid:campaign_id}/cancel", response=CampaignOut)
def cancel_campaign(request: HttpRequest, campaign_id: UUID) -> Campaign:
    return lifecycle.cancel(queries.get_campaign(campaign_id))


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
