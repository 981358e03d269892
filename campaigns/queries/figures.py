"""The figures of campaigns: sums of :class:`campaigns.models.Tally`, in which the database counts recipients as they change.

What a page shows costs the same for a campaign to a million as for one to ten.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.http import Http404

from campaigns.models import SENT_STATES, Campaign, Recipient, RecipientState, Tally
from campaigns.rates import conversion_rate, success_rate

REPLIED = "replied"
PENDING = "pending"
WON = "won"
NO_REASON = "-"
REASON_COLUMNS: dict[str, str] = {
    RecipientState.FAILED: "error_code", RecipientState.INVALID: "error_code", RecipientState.SKIPPED: "skip_reason",
}  # fmt: skip


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


class Part(NamedTuple):
    """How many recipients of one wording on one number are in a state, and how many of them answered."""

    variant_id: UUID | None
    channel_id: UUID | None
    state: str
    people: int
    replied: int


def tally(campaign: Campaign) -> list[Part]:
    """Return the parts of a campaign, from which all its figures add up: read once, however many pages' figures there are."""
    rows = Tally.objects.filter(campaign=campaign).values_list("variant_ref", "channel_ref", "state")
    return [Part(*row) for row in rows.annotate(Sum("people"), Sum("replied")) if row[3] or row[4]]


def sent_by_channel(campaign: Campaign) -> dict[UUID | None, int]:
    """Return how many messages of a campaign were sent by each number: together what its card calls sent."""
    rows = Tally.objects.filter(campaign=campaign, state__in=SENT_STATES)
    return dict(rows.values_list("channel_ref").annotate(sent=Sum("people")).filter(sent__gt=0))


def stats(campaign: Campaign | UUID, parts: Sequence[Part] | None = None) -> CampaignStats:
    """Return the figures of one campaign, as the API gives them; from its parts where the caller has them."""
    row = campaign if isinstance(campaign, Campaign) else get_campaign(campaign)
    if parts is None:
        return stats_of([row])[row.pk]
    by_state: Counter[str] = Counter()
    for part in parts:
        by_state[part.state] += part.people
    return _stats(row, by_state, sum(part.replied for part in parts))


def stats_of(campaigns: Sequence[Campaign]) -> dict[UUID, CampaignStats]:
    """Return the figures of several campaigns by one query."""
    counted: dict[UUID, dict[str, int]] = {campaign.pk: {} for campaign in campaigns}
    replied: dict[UUID, int] = dict.fromkeys(counted, 0)
    rows = Tally.objects.filter(campaign_id__in=counted).values_list("campaign_id", "state")
    for campaign_id, state, people, replies in rows.annotate(Sum("people"), Sum("replied")):
        counted[campaign_id][state] = people
        replied[campaign_id] += replies
    return {campaign.pk: _stats(campaign, counted[campaign.pk], replied[campaign.pk]) for campaign in campaigns}


def _stats(campaign: Campaign, by_state: Mapping[str, int], replied: int) -> CampaignStats:
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


def variant_figures(campaign: Campaign, parts: Sequence[Part] | None = None) -> list[dict[str, Any]]:
    """Return the variants side by side: total, sent, read, replied, reply_rate in percent."""
    found = tally(campaign) if parts is None else parts
    return [
        {"variant": variant, **_rated([part for part in found if part.variant_id == variant.pk])}
        for variant in campaign.variants.order_by("step", "label")
    ]


def channel_figures(campaign: Campaign, parts: Sequence[Part] | None = None) -> list[dict[str, Any]]:
    """Return the campaign's numbers side by side, as :func:`variant_figures`, with when a standby began to send."""
    found = tally(campaign) if parts is None else parts
    links = campaign.campaign_channels.select_related("channel").order_by("channel__created_at")
    return [
        {
            "channel": link.channel,
            "took_over_at": link.took_over_at,
            "helps_since": link.helps_since,
            **_rated([part for part in found if part.channel_id == link.channel_id]),
        }
        for link in links
    ]


def _rated(parts: Sequence[Part]) -> dict[str, Any]:
    """Add up parts, without those who were left out."""
    meant = [part for part in parts if part.state != RecipientState.SKIPPED]

    def of(*states: str) -> int:
        return sum(part.people for part in meant if part.state in states)

    sent, replied = of(*SENT_STATES), sum(part.replied for part in meant)
    return {
        "total": sum(part.people for part in meant),
        "sent": sent,
        "read": of(RecipientState.READ),
        "failed": of(RecipientState.FAILED, RecipientState.INVALID),
        "unknown": of(RecipientState.UNKNOWN),
        "replied": replied,
        "reply_rate": round(replied / sent * 100, 2) if sent else 0.0,
    }


def skipped_reasons(campaign: Campaign) -> dict[str, int]:
    """Return how many were left out, by reason, before the start or since."""
    return dict(sorted(reasons(campaign, RecipientState.SKIPPED)))


def reasons(campaign: Campaign, *states: str) -> list[tuple[str, int]]:
    """Return why recipients are in states that have reasons, the most frequent first: (code, how many)."""
    rows = Tally.objects.filter(campaign=campaign, state__in=[state for state in states if state in REASON_COLUMNS])
    counted = rows.values_list("reason").annotate(count=Sum("people")).filter(count__gt=0)
    return list(counted.order_by("-count", "reason"))


def recipients(campaign: Campaign, state: str = "", reason: str = "") -> "QuerySet[Recipient]":
    """Return a campaign's recipients in a state (or ``replied``, or ``pending``: in line or leaving), unordered.

    ``reason`` is a code of :func:`reasons`, ``-`` where none was given. Keyset pages order by ``position``.
    """
    rows: QuerySet[Recipient] = Recipient.objects.filter(campaign=campaign).select_related(
        "contact", "variant", "channel"
    )
    if state == REPLIED:
        return rows.exclude(replied_at=None)
    if state == WON:
        return rows.exclude(won_at=None)
    if state == PENDING:
        return rows.filter(state__in=[RecipientState.QUEUED, RecipientState.SENDING])
    if reason and state in REASON_COLUMNS and "\0" not in reason:
        rows = rows.filter(**{REASON_COLUMNS[state]: "" if reason == NO_REASON else reason})
    return rows.filter(state=state) if state in RecipientState.values else rows
