"""The figures of campaigns: counted from the recipients, never kept beside them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from campaigns.models import Campaign, Recipient, RecipientState
from campaigns.rates import conversion_rate, success_rate

SENT_STATES = (RecipientState.SENT, RecipientState.DELIVERED, RecipientState.READ)
REPLIED = "replied"
PENDING = "pending"


@dataclass(frozen=True)
class CampaignStats:
    """``total`` is who the campaign is for: pending + sent + failed + invalid + unknown, and who was skipped while it ran is
    no longer among them. ``sent`` includes delivered and read, ``delivered`` includes read, ``pending`` what is in flight."""

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

    @property
    def done(self) -> int:
        return self.total - self.pending

    @property
    def tried(self) -> int:
        """What the success rate is a share of."""
        return self.sent + self.failed + self.invalid

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0

    @property
    def only_sent(self) -> int:
        return self.sent - self.delivered

    @property
    def only_delivered(self) -> int:
        return self.delivered - self.read

    @property
    def reply_rate(self) -> float:
        return round(self.replied / self.sent * 100, 2) if self.sent else 0.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def get_campaign(campaign_id: UUID) -> Campaign:
    """Return a campaign of the active organization; a foreign one is as absent as one that never was."""
    found: Campaign | None = Campaign.objects.filter(pk=campaign_id).first()
    if found is None:
        raise Http404
    return found


def stats(campaign: Campaign | UUID) -> CampaignStats:
    """Return the figures of one campaign, as the API gives them."""
    row = campaign if isinstance(campaign, Campaign) else get_campaign(campaign)
    return stats_of([row])[row.pk]


def stats_of(campaigns: Sequence[Campaign]) -> dict[UUID, CampaignStats]:
    """Return the figures of several campaigns by one query."""
    counted: dict[UUID, dict[str, int]] = {campaign.pk: {} for campaign in campaigns}
    replied: dict[UUID, int] = dict.fromkeys(counted, 0)
    rows = (
        Recipient.objects.filter(campaign_id__in=counted)
        .values_list("campaign_id", "state")
        .annotate(count=Count("pk"), replies=Count("replied_at"))
    )
    for campaign_id, state, count, replies in rows:
        counted[campaign_id][state] = count
        replied[campaign_id] += replies
    return {campaign.pk: _stats(campaign, counted[campaign.pk], replied[campaign.pk]) for campaign in campaigns}


def _stats(campaign: Campaign, by_state: dict[str, int], replied: int) -> CampaignStats:
    count = {state: by_state.get(state, 0) for state in RecipientState.values}
    read, delivered = count["read"], count["read"] + count["delivered"]
    sent = delivered + count["sent"]
    return CampaignStats(
        state=campaign.state,
        total=sum(count.values()) - count["skipped"],
        pending=count["queued"] + count["sending"],
        sent=sent,
        delivered=delivered,
        read=read,
        replied=replied,
        failed=count["failed"],
        invalid=count["invalid"],
        skipped=count["skipped"],
        unknown=count["unknown"],
        closed_deals=campaign.closed_deals,
        success_rate=success_rate(sent=sent, failed=count["failed"], invalid=count["invalid"]),
        conversion_rate=conversion_rate(closed_deals=campaign.closed_deals, sent=sent),
    )


def variant_figures(campaign: Campaign) -> list[dict[str, Any]]:
    """Return the variants side by side: total, sent, read, replied, reply_rate in percent."""
    counted = {row["variant_id"]: row for row in _by(campaign, "variant_id")}
    return [{"variant": variant, **_rated(counted.get(variant.pk))} for variant in campaign.variants.order_by("label")]


def channel_figures(campaign: Campaign) -> list[dict[str, Any]]:
    """Return the campaign's numbers side by side, as :func:`variant_figures`, with ``took_over_at`` for a standby at work."""
    counted = {row["channel_id"]: row for row in _by(campaign, "channel_id")}
    links = campaign.campaign_channels.select_related("channel").order_by("channel__created_at")
    return [
        {"channel": link.channel, "took_over_at": link.took_over_at, **_rated(counted.get(link.channel_id))}
        for link in links
    ]


def _by(campaign: Campaign, column: str) -> "QuerySet[Recipient, dict[str, Any]]":
    rows = Recipient.objects.filter(campaign=campaign).exclude(state=RecipientState.SKIPPED)
    return rows.values(column).annotate(  # type: ignore[no-any-return]
        total=Count("pk"),
        sent=Count("pk", filter=Q(state__in=SENT_STATES)),
        read=Count("pk", filter=Q(state=RecipientState.READ)),
        failed=Count("pk", filter=Q(state__in=[RecipientState.FAILED, RecipientState.INVALID])),
        unknown=Count("pk", filter=Q(state=RecipientState.UNKNOWN)),
        replied=Count("replied_at"),
    )


def _rated(row: dict[str, Any] | None) -> dict[str, Any]:
    figures = row or dict.fromkeys(("total", "sent", "read", "failed", "unknown", "replied"), 0)
    rate = round(figures["replied"] / figures["sent"] * 100, 2) if figures["sent"] else 0.0
    return {**figures, "reply_rate": rate}


def skipped_reasons(campaign: Campaign) -> dict[str, int]:
    """Return how many were left out, by reason, before the start or since."""
    rows = Recipient.objects.filter(campaign=campaign, state=RecipientState.SKIPPED)
    return dict(rows.values_list("skip_reason").annotate(count=Count("pk")))


def recipients(campaign: Campaign, state: str = "") -> "QuerySet[Recipient]":
    """Return a campaign's recipients in a state (or ``replied``, or ``pending``: in line or leaving), unordered.

    Keyset pages order by ``position``.
    """
    rows: QuerySet[Recipient] = Recipient.objects.filter(campaign=campaign).select_related(
        "contact", "variant", "channel"
    )
    if state == REPLIED:
        return rows.exclude(replied_at=None)
    if state == PENDING:
        return rows.filter(state__in=[RecipientState.QUEUED, RecipientState.SENDING])
    return rows.filter(state=state) if state in RecipientState.values else rows
