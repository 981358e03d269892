"""The figures of the dashboard; each is defined here and nowhere else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Organization
from campaigns.rates import conversion_rate, success_rate
from reports.periods import Period, period_of
from reports.queries.counts import (
    Counts,
    answer_counts,
    deal_counts,
    recipient_counts,
    started_campaigns,
    under_way,
)
from reports.queries.slow import slow_counts


@dataclass(frozen=True)
class Figure:
    """One widget: its value, its course over the period, and its value in the stretch before (None: nothing to compare)."""

    value: float
    course: Sequence[float]
    before: float | None


@dataclass(frozen=True)
class Overview:
    """The figures of a period of days, today included. ``qualified`` are those who answered a message of the period and whom
    the SDR qualified after that; the other steps of the funnel are counted on the same messages. ``slow_at`` is of when the new
    leads and the qualified are in a large business, None for now."""

    period: Period
    leads_extracted: int
    messages_sent: int
    success_rate: float
    active_campaigns: int
    closed_deals: int
    conversion_rate: float
    delivered: int
    read: int
    replied: int
    qualified: int
    figures: dict[str, Figure]
    sent_course: Sequence[int]
    answer_course: Sequence[int]
    slow_at: datetime | None = None


def overview(organization: Organization, days: int) -> Overview:
    """Return the figures of the last ``days`` days in the organization's time zone."""
    period = period_of(days, organization.timezone)
    messages, slow = recipient_counts(period), slow_counts(organization, period)
    leads = slow.value.leads
    campaigns = started_campaigns(period)
    deals, active = deal_counts(period, campaigns), under_way(period, campaigns)
    figures = {
        "leads": _counted(leads, period),
        "sent": _counted(messages["sent"], period),
        "success": _success(messages, period),
        "active": Figure(active[-1], active, None),
        "deals": _counted(deals, period),
        "conversion": _conversion(deals, messages["sent"], period),
    }
    return Overview(
        period=period,
        leads_extracted=leads.total,
        messages_sent=messages["sent"].total,
        success_rate=figures["success"].value,
        active_campaigns=active[-1],
        closed_deals=deals.total,
        conversion_rate=figures["conversion"].value,
        delivered=messages["delivered"].total,
        read=messages["read"].total,
        replied=messages["replied"].total,
        qualified=slow.value.qualified,
        figures=figures,
        sent_course=messages["sent"].values(period),
        answer_course=answer_counts(period).values(period),
        slow_at=slow.at,
    )


def _counted(counts: Counts, period: Period) -> Figure:
    return Figure(counts.total, counts.values(period), counts.before or None)


def _success(messages: dict[str, Counts], period: Period) -> Figure:
    parts = [messages[name] for name in ("sent", "failed", "invalid")]

    def rate(sent: int, failed: int, invalid: int) -> float:
        return success_rate(sent=sent, failed=failed, invalid=invalid)

    tried_before = sum(part.before for part in parts)
    return Figure(
        rate(*(part.total for part in parts)),
        [rate(*values) for values in zip(*(part.values(period) for part in parts), strict=True)],
        rate(*(part.before for part in parts)) if tried_before else None,
    )


def _conversion(deals: Counts, sent: Counts, period: Period) -> Figure:
    pairs = zip(deals.values(period), sent.values(period), strict=True)
    return Figure(
        conversion_rate(closed_deals=deals.total, sent=sent.total),
        [conversion_rate(closed_deals=closed, sent=count) for closed, count in pairs],
        conversion_rate(closed_deals=deals.before, sent=sent.before) if sent.before else None,
    )
