"""What callers are told of campaigns."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from ninja import Field, Schema

from campaigns import queries
from campaigns.models import Campaign, Recipient
from campaigns.schedules.rules import Rule
from campaigns.schedules.words import rule_in_words
from campaigns.sequences.steps import drafts_of
from core.placeholders import shown


class CampaignOut(Schema):
    id: UUID
    name: str
    state: str
    start_at: datetime | None
    total: int
    sent_count: int
    closed_deals: int
    pause_reason: str
    resumes_at: datetime | None = Field(
        description="When a campaign that the plan's limit paused goes on by itself; ``pause`` keeps it paused"
    )
    waiting: list[str]
    created_at: datetime
    repeats: bool = Field(
        description="A series: ``start_at`` is its next time, and each of its times is a campaign of its own"
    )
    series_id: UUID | None = Field(description="The series that it is a time of")

    @staticmethod
    def resolve_pause_reason(campaign: Campaign) -> str:
        return queries.pause_words(campaign)

    @staticmethod
    def resolve_waiting(campaign: Campaign) -> list[str]:
        return queries.waiting_note(campaign)


class RecurrenceOut(Schema):
    """``words`` say the rule as people do: "toda segunda às 9h"."""

    words: str
    unit: str
    interval: int
    weekdays: list[int]
    month_day: int | None
    at: str
    first_on: date
    until: date | None
    count: int | None
    holidays: str


class StepOut(Schema):
    number: int
    wait: int
    unit: str
    texts: list[str]


class CampaignDetail(CampaignOut):
    """A campaign with when and how it goes on; ``start_at`` of a series is its next time."""

    recurrence: RecurrenceOut | None
    steps: list[StepOut]
    stops_on: list[str]
    late_hours: int | None
    skips_holidays: bool

    @staticmethod
    def resolve_recurrence(campaign: Campaign) -> dict[str, Any] | None:
        if not campaign.repeats:
            return None
        rule = Rule.of(campaign.recurrence.rule)
        return {**asdict(rule), "at": f"{rule.at:%H:%M}", "weekdays": list(rule.weekdays), "words": rule_in_words(rule)}

    @staticmethod
    def resolve_steps(campaign: Campaign) -> list[dict[str, Any]]:
        return [{"number": number, **vars(draft)} for number, draft in enumerate(drafts_of(campaign), 2)]

    @staticmethod
    def resolve_skips_holidays(campaign: Campaign) -> bool:
        return bool(campaign.sending_hours.get("skips_holidays"))


class ComingOut(Schema):
    """A time to come; without ``at`` it is left out, and ``holiday`` says why."""

    planned_on: date
    at: datetime | None
    holiday: str


class OccurrenceOut(Schema):
    """What became of a time: ``made`` is a campaign with figures of its own, else ``holiday``, ``nobody``, ``missed`` or ``skipped``."""

    planned_on: date
    due_at: datetime
    outcome: str
    note: str
    campaign_id: UUID | None = Field(alias="run_id")


class OccurrencePage(Schema):
    coming: list[ComingOut]
    items: list[OccurrenceOut]
    next_cursor: str | None


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
    step: int = Field(description="1 for the message of the campaign, more for the further ones of a sequence")
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


class DealOut(Schema):
    closed_deals: int
    conversion_rate: float
