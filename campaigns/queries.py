"""What pages and the API read of campaigns."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from accounts.models import Organization
from campaigns.models import Campaign, CampaignState, Recipient, RecipientState
from campaigns.rates import conversion_rate, success_rate
from campaigns.sender.work import usable
from core.clock import next_allowed, now
from gateways.pacing import Wait, wait_of


@dataclass(frozen=True)
class CampaignStats:
    """``sent`` includes delivered and read, ``pending`` what is in flight; ``total`` is without those left out."""

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
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0

    @property
    def only_sent(self) -> int:
        return self.sent - self.delivered

    @property
    def only_delivered(self) -> int:
        return self.delivered - self.read

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def get_campaign(campaign_id: UUID) -> Campaign:
    """Return a campaign of the active organization; a foreign one is as absent as one that never was."""
    found: Campaign | None = Campaign.objects.filter(pk=campaign_id).first()
    if found is None:
        raise Http404
    return found


def stats_of(campaigns: list[Campaign]) -> dict[UUID, CampaignStats]:
    """Return the figures of several campaigns by one query."""
    counted: dict[UUID, dict[str, int]] = {campaign.pk: {} for campaign in campaigns}
    replied: dict[UUID, int] = dict.fromkeys(counted, 0)
    rows = (
        Recipient.objects.filter(campaign_id__in=counted)
        .values_list("campaign_id", "state")
        .annotate(count=Count("pk"), replies=Count("pk", filter=~Q(replied_at=None)))
    )
    for campaign_id, state, count, replies in rows:
        counted[campaign_id][state] = count
        replied[campaign_id] += replies
    return {campaign.pk: _stats(campaign, counted[campaign.pk], replied[campaign.pk]) for campaign in campaigns}


def stats(campaign: Campaign) -> CampaignStats:
    return stats_of([campaign])[campaign.pk]


def _stats(campaign: Campaign, by_state: dict[str, int], replied: int) -> CampaignStats:
    count = {state: by_state.get(state, 0) for state in RecipientState.values}
    read, delivered = count["read"], count["read"] + count["delivered"]
    sent = delivered + count["sent"]
    skipped = count["skipped"]
    return CampaignStats(
        state=campaign.state,
        total=sum(count.values()) - skipped,
        pending=count["queued"] + count["sending"],
        sent=sent,
        delivered=delivered,
        read=read,
        replied=replied,
        failed=count["failed"],
        invalid=count["invalid"],
        skipped=skipped,
        unknown=count["unknown"],
        closed_deals=campaign.closed_deals,
        success_rate=success_rate(sent=sent, failed=count["failed"], invalid=count["invalid"]),
        conversion_rate=conversion_rate(closed_deals=campaign.closed_deals, sent=sent),
    )


def variant_figures(campaign: Campaign) -> list[dict[str, Any]]:
    """Return the variants side by side."""
    sent_states = [RecipientState.SENT, RecipientState.DELIVERED, RecipientState.READ]
    counted = {
        row["variant_id"]: row
        for row in Recipient.objects.filter(campaign=campaign).values("variant_id").annotate(
            total=Count("pk"),
            sent=Count("pk", filter=Q(state__in=sent_states)),
            read=Count("pk", filter=Q(state=RecipientState.READ)),
            replied=Count("pk", filter=~Q(replied_at=None)),
        )
    }
    figures = []
    for variant in campaign.variants.order_by("label"):
        row = counted.get(variant.pk, {"total": 0, "sent": 0, "read": 0, "replied": 0})
        rate = round(row["replied"] / row["sent"] * 100, 1) if row["sent"] else 0.0
        figures.append({"variant": variant, **row, "reply_rate": rate})
    return figures


def skipped_reasons(campaign: Campaign) -> dict[str, int]:
    rows = Recipient.objects.filter(campaign=campaign, state=RecipientState.SKIPPED)
    return dict(rows.values_list("skip_reason").annotate(count=Count("pk")))


def recipients(campaign: Campaign, state: str = "") -> "QuerySet[Recipient]":
    rows = Recipient.objects.filter(campaign=campaign).select_related("contact", "variant", "channel")
    if state == "replied":
        return rows.exclude(replied_at=None)
    return rows.filter(state=state) if state in RecipientState.values else rows


def waits(campaign: Campaign) -> list[tuple[str, Wait]]:
    """Return why a running campaign does not send at this moment: (channel name or empty, reason)."""
    if campaign.state != CampaignState.RUNNING:
        return []
    zone = Organization.objects.values_list("timezone", flat=True).get(pk=campaign.organization_id)
    at = now()
    if (opens := next_allowed(at, campaign.sending_hours, zone)) > at:
        return [("", Wait("sending_hours", opens))]
    channels = list(campaign.channels.all())
    working = usable(channels)
    if not working:
        return [(channel.name, wait_of(channel, at, zone) or Wait("standby")) for channel in channels]
    reasons = [(channel.name, wait_of(channel, at, zone)) for channel in working]
    if any(wait is None for _name, wait in reasons):
        return []
    return [(name, wait) for name, wait in reasons if wait is not None]
