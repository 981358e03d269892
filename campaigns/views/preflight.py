"""The plan of a campaign as its last step and its page show it before anything leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from billing.services import Usage
from campaigns.models import Campaign, CampaignState, Variant
from campaigns.preflight.comparing import compare
from campaigns.preflight.likeness import alike_variants, echoes
from campaigns.preflight.money import ai_cost, by_step, fees_of
from campaigns.preflight.plan import Plan
from campaigns.queries.forecast import plan
from campaigns.queries.waiting import serving
from campaigns.schedules.settings import get_settings
from campaigns.sequences.steps import StepDraft, drafts_of
from campaigns.services.audience import AudienceCounts, ordered_lists
from campaigns.services.audience_people import talked_with
from core.clock import SendingHours, now
from gateways.models import Channel

PLANNED_DAYS = 7
SHOWN_HOURS = 72
COLUMNS = 48
MICROS_PER_CENT = 10_000
FEWEST_COLUMNS = 12
PLOT = 30
ON_TIME_SECONDS = 5 * 60
BESIDE = 3
RENEWED = ("daily_limit", "monthly_limit")
"""What stops a campaign until its day or month is over; the end of a trial is lifted by a new plan alone."""


class Bar(NamedTuple):
    """A bar of 100 by 30; text, because a template would print a float with the reader's comma."""

    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class LaneOfHours:
    """A number in the plan: how many it sends, from when until when, and a bar for each hour in which any number works."""

    channel: Channel
    count: int
    first: datetime
    last: datetime
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Draft:
    """What a campaign is to be, as far as it is written."""

    channels: Sequence[Channel]
    counts: AudienceCounts | None
    list_ids: Sequence[UUID]
    texts: Sequence[tuple[str, str]]
    hours: SendingHours
    start: datetime | None
    organization_id: UUID
    campaign_id: UUID | None = None
    priority: int = 0
    usage: Usage | None = None
    sequence: Sequence[StepDraft] = ()


def draft_of(campaign: Campaign, counts: AudienceCounts) -> Draft:
    """Return a campaign that has not started as it stands."""
    return Draft(
        channels=serving(campaign),
        counts=counts,
        list_ids=ordered_lists(campaign),
        texts=list(campaign.variants.filter(step=1).order_by("label").values_list("label", "body")),
        hours=campaign.sending_hours,
        start=campaign.start_at if campaign.start_at and campaign.start_at > now() else None,
        organization_id=campaign.organization_id,
        campaign_id=campaign.pk,
        priority=campaign.priority,
        sequence=drafts_of(campaign),
    )


def preflight_of(draft: Draft) -> dict[str, Any]:
    """Return what the plan's templates show."""
    people = draft.counts.receives if draft.counts else 0
    planned = _plan(draft, people) if people else None
    stop = planned.stop if planned else None
    texts = [(label, text) for label, text in draft.texts if text.strip()]
    return {
        "plan_days": planned.days[:PLANNED_DAYS] if planned else [],
        "plan_more": len(planned.days) > PLANNED_DAYS if planned else False,
        "plan_left": planned.count - sum(one.count for one in planned.days) if planned and not planned.ends_at else 0,
        "ends_at": planned.ends_at if planned else None,
        "stop": stop,
        "stop_is_lifted": stop is not None and _is_lifted(stop.reason),
        **_extent(draft, planned, people),
        "nothing_connected": bool(draft.channels) and people > 0 and planned is None,
        "hour_lanes": _lanes(planned, draft.channels) if planned else [],
        "hour_rows": _rows(planned, draft.channels) if planned else [],
        "hours_more": len({one.hour for one in planned.hours}) > SHOWN_HOURS if planned else False,
        "alike": alike_variants(texts)[:1],
        "echoes": echoes([text for _label, text in texts], draft.list_ids, draft.campaign_id),
        **_money(draft, planned, people, texts),
    }


def _is_lifted(reason: str) -> bool:
    """Tell whether what the plan stops goes on by itself when its limit renews."""
    return reason in RENEWED and get_settings().resumes_with_plan


def _extent(draft: Draft, planned: Plan | None, people: int) -> dict[str, Any]:
    """Return how many messages it will be at the most, in how many days, and what else begins meanwhile."""
    return {
        "planned_messages": planned.count if planned else people * (len(draft.sequence) + 1),
        "planned_days": len(planned.days) if planned and planned.ends_at else 0,
        "planned_steps": len(draft.sequence) + 1,
        "planned_people": people,
        "beside": planned.beside[:BESIDE] if planned else [],
        "beside_more": max(0, len(planned.beside) - BESIDE) if planned else 0,
    }


def _plan(draft: Draft, people: int) -> Plan | None:
    pinned = talked_with(draft.list_ids, [one.pk for one in draft.channels]) if len(draft.channels) > 1 else {}
    pinned = pinned if sum(pinned.values()) <= people else {}
    return plan(
        draft.channels, people - sum(pinned.values()), draft.hours, draft.organization_id, draft.start,
        priority=draft.priority, campaign_id=draft.campaign_id, pinned=pinned, usage=draft.usage,
        sequence=draft.sequence,
    )  # fmt: skip


def _money(draft: Draft, planned: Plan | None, people: int, texts: Sequence[tuple[str, str]]) -> dict[str, Any]:
    fees = fees_of(draft.channels, by_step(_variants(draft, texts)), planned) if planned and texts else []
    talk = ai_cost(people)
    fee_cents, ai_cents = sum(one.micros for one in fees) // MICROS_PER_CENT, talk.micros // MICROS_PER_CENT
    return {
        "fees": [(one, one.each // MICROS_PER_CENT, one.micros // MICROS_PER_CENT) for one in fees],
        "fee_cents": fee_cents,
        "ai_cents": ai_cents,
        "ai": talk,
        "ai_percent": round(talk.answers * 100),
        "cost_cents": fee_cents + ai_cents,
        "has_costs": planned is not None,
    }


def _variants(draft: Draft, texts: Sequence[tuple[str, str]]) -> list[Variant]:
    """Return the wordings of all steps, not saved."""
    further = [(number, text) for number, one in enumerate(draft.sequence, 2) for text in one.texts if text.strip()]
    said = [(1, label, text) for label, text in texts] + [(number, f"{number}", text) for number, text in further]
    return [
        Variant(step=step, label=label, body=text, organization_id=draft.organization_id) for step, label, text in said
    ]


def _lanes(planned: Plan, channels: Sequence[Channel]) -> list[LaneOfHours]:
    """Return the numbers that send, with bars by hour, or by day where the hours are too many to be told apart."""
    by_day = len({one.hour for one in planned.hours}) > COLUMNS
    counts: dict[tuple[UUID, Any], int] = {}
    for one in planned.hours:
        key = (one.channel_id, one.hour.date() if by_day else one.hour)
        counts[key] = counts.get(key, 0) + one.count
    columns = sorted({moment for _pk, moment in counts})
    most = max(counts.values(), default=1)
    found = []
    for channel in channels:
        mine = [one for one in planned.hours if one.channel_id == channel.pk]
        if mine:
            bars = [
                _bar(n, len(columns), counts.get((channel.pk, moment), 0), most) for n, moment in enumerate(columns)
            ]
            found.append(LaneOfHours(channel, sum(one.count for one in mine), mine[0].first_at, mine[-1].last_at, bars))
    return found


def _bar(column: int, columns: int, count: int, most: int) -> Bar:
    width, height = 100 / max(columns, FEWEST_COLUMNS), (max(1.5, count / most * PLOT) if count else 0)
    return Bar(f"{column * width:.2f}", f"{PLOT - height:.2f}", f"{width * 0.8:.2f}", f"{height:.2f}")


def _rows(planned: Plan, channels: Sequence[Channel]) -> list[tuple[datetime, list[tuple[str, int]]]]:
    """Return hour by hour what each number sends, for the first days."""
    counts = {(one.channel_id, one.hour): one.count for one in planned.hours}
    sending = [one for one in channels if any(pk == one.pk for pk, _hour in counts)]
    hours = sorted({one.hour for one in planned.hours})[:SHOWN_HOURS]
    return [(hour, [(one.name, counts.get((one.pk, hour), 0)) for one in sending]) for hour in hours]


def promise_context(campaign: Campaign) -> dict[str, Any]:
    """Return what was planned at the start beside what happened."""
    compared = compare(campaign)
    channels = campaign.channels.in_bulk(list(compared.by_channel)) if compared else {}
    # Nobody knows how long a pause will last, so that nothing is early or late meanwhile.
    late = compared.late_seconds if compared and campaign.state != CampaignState.PAUSED else None
    return {
        "campaign": campaign,
        "compared": compared,
        "by_number": [(channels[pk].name, one) for pk, one in compared.by_channel.items() if pk in channels]
        if compared
        else [],
        "lateness": _lateness(late) if late is not None else "",
        "is_late": late is not None and late >= ON_TIME_SECONDS,
    }


def _lateness(seconds: int) -> str:
    """Return how far an end is from the planned one, in words."""
    minutes = round(abs(seconds) / 60)
    if abs(seconds) < ON_TIME_SECONDS:
        return _("as planned")
    if minutes < 120:
        words = _("%(count)d min later") if seconds > 0 else _("%(count)d min earlier")
        return words % {"count": minutes}
    words = _("%(count)d h later") if seconds > 0 else _("%(count)d h earlier")
    return words % {"count": round(minutes / 60)}
