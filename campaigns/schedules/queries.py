"""What the page of a series shows: its rule and next times in words, and what became of those before."""

from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from campaigns.models import SENT_STATES, Campaign, CampaignState, Occurrence, Recipient, RecipientState
from campaigns.queries.figures import CampaignStats, stats_of
from campaigns.schedules.rules import Rule
from campaigns.schedules.series import previewed
from campaigns.schedules.slots import Slot
from campaigns.schedules.words import NamedSlot, day_and_time, rule_in_words, rule_notes, slots_in_words

SHOWN = 12


class Past(NamedTuple):
    """One time of a series that is over or under way."""

    row: Occurrence
    day: str
    stats: CampaignStats | None


@dataclass(frozen=True)
class SeriesView:
    """``people`` counts messages of all times that left, ``replied`` those of them that were answered."""

    words: str
    notes: list[str]
    coming: list[NamedSlot]
    past: list[Past]
    times: int
    sent: int
    replied: int

    @property
    def reply_rate(self) -> float:
        return round(self.replied / self.sent * 100, 2) if self.sent else 0.0


def series_view(campaign: Campaign) -> SeriesView | None:
    """Return the series that a campaign is the pattern of; None for others."""
    if not campaign.repeats:
        return None
    rule = Rule.of(campaign.recurrence.rule)
    totals = _totals(campaign)
    return SeriesView(
        words=rule_in_words(rule), notes=rule_notes(rule), coming=slots_in_words(coming_slots(campaign)), past=_past(campaign),
        times=totals["times"], sent=totals["sent"], replied=totals["replied"],
    )  # fmt: skip


def get_series(campaign_id: UUID) -> Campaign:
    """Return a series of the active organization; a campaign that does not repeat is as absent as one that never was."""
    found: Campaign | None = Campaign.objects.filter(pk=campaign_id, repeats=True).select_related("recurrence").first()
    if found is None:
        raise Http404
    return found


def coming_slots(series: Campaign) -> list[Slot]:
    """Return the next times of a series; none of one that is held or has ended."""
    if series.state not in {CampaignState.SCHEDULED, CampaignState.DRAFT}:
        return []
    return previewed(Rule.of(series.recurrence.rule), series.organization.timezone, series)


def times_of(series: Campaign) -> "QuerySet[Occurrence]":
    """Return what became of the times of a series."""
    rows: QuerySet[Occurrence] = Occurrence.objects.filter(series=series)
    return rows


def question_of(campaign: Campaign) -> bool:
    """Tell whether the campaign asks if it is to be sent late."""
    return campaign.state == CampaignState.PAUSED and campaign.pause_reason == "late_start"


def asking_campaigns() -> bool:
    """Tell whether any campaign of the active organization does."""
    return bool(Campaign.objects.filter(state=CampaignState.PAUSED, pause_reason="late_start").exists())


def _past(campaign: Campaign) -> list[Past]:
    rows = list(Occurrence.objects.filter(series=campaign).select_related("run").order_by("-planned_on")[:SHOWN])
    figures: dict[UUID, CampaignStats] = stats_of([row.run for row in rows if row.run])
    return [Past(row, day_and_time(row.due_at), figures.get(row.run_id) if row.run_id else None) for row in rows]


def _totals(campaign: Campaign) -> dict[str, Any]:
    rows = Recipient.objects.filter(campaign__series=campaign).exclude(state=RecipientState.SKIPPED)
    counted: dict[str, Any] = rows.aggregate(
        sent=Count("pk", filter=Q(state__in=SENT_STATES)), replied=Count("replied_at")
    )
    return counted | {"times": Occurrence.objects.filter(series=campaign, run__isnull=False).count()}
