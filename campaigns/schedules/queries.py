"""What the page of a series shows: its rule and next times in words, and what became of those before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber
from django.http import Http404

from campaigns.models import (
    SENT_STATES,
    Campaign,
    CampaignState,
    Occurrence,
    Outcome,
    RecipientState,
    Recurrence,
    Tally,
)
from campaigns.queries.figures import CampaignStats, stats_of
from campaigns.schedules.rules import Rule
from campaigns.schedules.series import previewed
from campaigns.schedules.slots import Slot
from campaigns.schedules.words import NamedSlot, day_and_time, rule_in_words, rule_notes, slots_in_words
from core.clock import now

SHOWN = 5
FOLDED = 4


class Past(NamedTuple):
    """One time of a series that is over or under way; ``may_return`` where it was left out by hand and is still to come."""

    row: Occurrence
    day: str
    stats: CampaignStats | None
    may_return: bool = False


@dataclass(frozen=True)
class SeriesView:
    """``sent`` counts messages of all times that left, ``replied`` the people who answered them."""

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


@dataclass
class SeriesRow:
    """A series in the list of campaigns, in which its times are folded: the newest of them, and the sums of all."""

    words: str
    times: int = 0
    sent: int = 0
    replied: int = 0
    newest: list[tuple[Campaign, CampaignStats]] = field(default_factory=list)


def series_rows(campaigns: Sequence[Campaign]) -> dict[UUID, SeriesRow]:
    """Return the rows of those of the campaigns that repeat; in five queries, however many they are."""
    rules = dict(
        Recurrence.objects.filter(campaign__in=[one for one in campaigns if one.repeats]).values_list(
            "campaign", "rule"
        )
    )
    if not rules:
        return {}
    found = {pk: SeriesRow(rule_in_words(Rule.of(rule))) for pk, rule in rules.items()}
    runs = Campaign.objects.filter(series__in=rules)
    for pk, times in runs.order_by().values_list("series_id").annotate(count=Count("pk")):
        found[pk].times = times
    for pk, sums in _sums(rules).items():
        found[pk].sent, found[pk].replied = sums
    place = Window(RowNumber(), partition_by="series_id", order_by="-start_at")
    newest = list(runs.annotate(place=place).filter(place__lte=FOLDED).order_by("-start_at"))
    figures = stats_of(newest)
    for run in newest:
        found[run.series_id].newest.append((run, figures[run.pk]))
    return found


def series_view(campaign: Campaign) -> SeriesView | None:
    """Return the series that a campaign is the pattern of; None for others."""
    if not campaign.repeats:
        return None
    rule = Rule.of(campaign.recurrence.rule)
    sent, replied = _sums([campaign.pk]).get(campaign.pk, (0, 0))
    return SeriesView(
        words=rule_in_words(rule), notes=rule_notes(rule), coming=slots_in_words(coming_slots(campaign)), past=_past(campaign),
        times=campaign.runs.count(), sent=sent, replied=replied,
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


def past_of(series: Campaign, rows: Sequence[Occurrence]) -> list[Past]:
    """Return times of a series in words, with the figures of those that sent; the runs are loaded with them."""
    figures = stats_of([row.run for row in rows if row.run])
    last = series.occurrences.order_by("-planned_on").values_list("pk", flat=True).first()
    at = now()
    return [
        Past(
            row, day_and_time(row.due_at), figures.get(row.run_id) if row.run_id else None,
            row.pk == last and row.outcome == Outcome.SKIPPED and row.due_at > at,
        )
        for row in rows
    ]  # fmt: skip


def _past(campaign: Campaign) -> list[Past]:
    return past_of(campaign, list(times_of(campaign).select_related("run").order_by("-planned_on")[:SHOWN]))


def _sums(series_ids: Iterable[UUID]) -> dict[UUID, tuple[int, int]]:
    """Return the messages of all times of each series that left, and who answered them, as their reports count."""
    rows = Tally.objects.filter(campaign__series__in=list(series_ids)).exclude(state=RecipientState.SKIPPED)
    left = Sum("people", filter=Q(state__in=SENT_STATES), default=0)
    counted = rows.values_list("campaign__series_id").annotate(sent=left, answers=Sum("replied"))
    return {pk: (sent, replied) for pk, sent, replied in counted}
