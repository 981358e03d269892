"""What the pages of numbers read: a fixed number of queries, however many numbers there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.http import Http404

from core.clock import now
from gateways import pacing, words
from gateways.curve import Curve, warm_up_curve
from gateways.models import Channel, ChannelEvent, ChannelHour, ChannelRole, ChannelState, MessageStatus, Receipt
from gateways.pacing import Pace, Wait
from gateways.portfolios import limit_of, people_now
from gateways.registry import get_adapter
from gateways.services.states import ALERT

DAY = timedelta(hours=24)
WEEK = timedelta(days=7)
MONTH = timedelta(days=30)
NEAR_CAP = 0.8
TROUBLED = (ChannelState.DISCONNECTED, ChannelState.RESTRICTED, ChannelState.QR_REQUIRED)


@dataclass(frozen=True)
class Delivery:
    """Messages of the last day that the provider spoke of, and how many of them arrived."""

    known: int = 0
    arrived: int = 0
    failed: int = 0

    @property
    def percentage(self) -> float | None:
        return self.arrived / self.known * 100 if self.known else None

    @property
    def failed_percentage(self) -> float | None:
        return self.failed / self.known * 100 if self.known else None


@dataclass(frozen=True)
class Answers:
    """A week: messages that left a number and people who wrote to it."""

    sent: int = 0
    people: int = 0

    @property
    def percentage(self) -> float | None:
        return min(100.0, self.people / self.sent * 100) if self.sent else None


@dataclass(frozen=True)
class Restrictions:
    """A month: how often WhatsApp restricted a number, and when it did so last."""

    count: int = 0
    last: datetime | None = None


@dataclass(frozen=True)
class Card:
    """A number as its card shows it: state in words, and the evidence for it."""

    channel: Channel
    badge: words.Badge
    explanation: str
    warning: str
    waiting: str
    pace: Pace
    used: int
    delivery: Delivery
    answers: Answers
    age_days: int | None
    restrictions: Restrictions
    warming_day: int | None
    curve: Curve | None
    is_simulator: bool
    uses_qr: bool
    people: int | None
    """How many people the business has written to in 24 hours, where Meta limits them over all its numbers."""

    @property
    def people_limit(self) -> int | None:
        return limit_of(self.channel)

    @property
    def cap(self) -> int | None:
        return self.pace.daily_cap

    @property
    def left(self) -> int:
        """What the day still allows; only where there is a cap."""
        return max(0, (self.cap or 0) - self.used)

    @property
    def near_cap_from(self) -> int:
        return round((self.cap or 0) * NEAR_CAP)

    @property
    def is_near_cap(self) -> bool:
        return bool(self.cap) and self.used >= self.near_cap_from

    @property
    def is_refusing(self) -> bool:
        refused_at: datetime | None = self.channel.refused_hook_at
        return refused_at is not None and refused_at > now() - DAY

    @property
    def is_troubled(self) -> bool:
        return self.channel.state in TROUBLED


@dataclass(frozen=True)
class Summary:
    """All real numbers together; ``capacity`` None when there is none with a cap."""

    active: int
    warming: int
    resting: int
    capacity: int | None
    used: int

    @property
    def slack(self) -> int:
        return max(0, (self.capacity or 0) - self.used)

    @property
    def slack_percentage(self) -> int:
        return round(self.slack / self.capacity * 100) if self.capacity else 0


def get_channel(channel_id: UUID) -> Channel:
    """Return a number of the active organization; a foreign or removed one is as absent as one that never was."""
    rows = Channel.objects.filter(pk=channel_id, removed_at=None)
    found: Channel | None = rows.select_related("stands_in_for").first()
    if found is None:
        raise Http404
    return found


def get_receipt(channel: Channel, receipt_id: int) -> Receipt:
    """Return a receipt of the number or raise Http404."""
    found = Receipt.objects.filter(pk=receipt_id, channel=channel).first()
    if found is None:
        raise Http404
    return found


def cards(zone: str) -> list[Card]:
    """Return every number, the ones that work first."""
    channels = list(
        Channel.objects.filter(removed_at=None).select_related("portfolio", "stands_in_for").order_by("created_at")
    )
    return cards_of(channels, zone)


def cards_of(channels: Sequence[Channel], zone: str) -> list[Card]:
    """Return the cards of some numbers."""
    at = now()
    deliveries, answers, restrictions = _deliveries(channels, at), _answers(channels, at), _restrictions(channels, at)
    people = people_now([one.portfolio_id for one in channels if one.portfolio_id], at)
    return [
        _card(
            one, deliveries.get(one.pk, Delivery()), answers.get(one.pk, Answers()), restrictions.get(one.pk, Restrictions()),
            _people(one, people), at, zone,
        )
        for one in channels
    ]  # fmt: skip


def _people(channel: Channel, known: dict[UUID, int]) -> int | None:
    if limit_of(channel) is None:
        return None
    return known.get(channel.portfolio_id, 0) if channel.portfolio_id else 0


def _card(
    channel: Channel, delivery: Delivery, answers: Answers, restrictions: Restrictions, people: int | None, at: datetime,
    zone: str,
) -> Card:  # fmt: skip
    adapter = get_adapter(channel.provider)
    day = pacing.age_in_days(channel, at) if pacing.is_warming(channel, at) and channel.connected_at else None
    wait: Wait | None = pacing.wait_of(channel, at, zone)
    return Card(
        channel=channel,
        badge=words.badge(channel, at),
        explanation=words.explanation(channel, at),
        warning=words.warning(channel.warning),
        waiting=words.waiting(wait, zone),
        pace=pacing.pace_of(channel, at),
        used=pacing.used_today(channel, at, zone),
        delivery=delivery,
        answers=answers,
        age_days=pacing.age_in_days(channel, at) if channel.connected_at else None,
        restrictions=restrictions,
        warming_day=day,
        curve=warm_up_curve(day) if day else None,
        is_simulator=channel.provider == "simulator",
        uses_qr=adapter.uses_qr,
        people=people,
    )


def _deliveries(channels: Sequence[Channel], at: datetime) -> dict[UUID, Delivery]:
    rows = MessageStatus.objects.filter(channel__in=channels, updated_at__gte=at - DAY).values("channel_id")
    counted = rows.annotate(
        known=Count("pk"),
        arrived=Count("pk", filter=Q(state__in=["delivered", "read"])),
        failed=Count("pk", filter=Q(state="failed")),
    )
    return {row["channel_id"]: Delivery(row["known"], row["arrived"], row["failed"]) for row in counted}


def _answers(channels: Sequence[Channel], at: datetime) -> dict[UUID, Answers]:
    recent = MessageStatus.objects.filter(channel__in=channels, updated_at__gte=at - WEEK, sent_at__gte=at - WEEK)
    sent = dict(recent.values("channel_id").annotate(count=Count("pk")).values_list("channel_id", "count"))
    hours = ChannelHour.objects.filter(channel__in=channels, hour__gte=at - WEEK).values("channel_id")
    people = dict(hours.annotate(sum=Sum("people")).values_list("channel_id", "sum"))
    return {pk: Answers(sent.get(pk, 0), people.get(pk, 0)) for pk in sent.keys() | people.keys()}


def _restrictions(channels: Sequence[Channel], at: datetime) -> dict[UUID, Restrictions]:
    rows = ChannelEvent.objects.filter(channel__in=channels, kind=ChannelState.RESTRICTED, at__gte=at - MONTH)
    counted = rows.values("channel_id").annotate(count=Count("pk"), last=Max("at"))
    return {row["channel_id"]: Restrictions(row["count"], row["last"]) for row in counted}


def capacity_of(found: Sequence[Card]) -> int | None:
    """Add up the caps of today; numbers of one business at Meta may together do no more than its limit."""
    caps: dict[UUID, int] = {}
    for card in found:
        if card.cap is not None:
            whole = card.channel.portfolio_id or card.channel.pk
            total = caps.get(whole, 0) + card.cap
            caps[whole] = min(total, card.people_limit or total)
    return sum(caps.values()) if caps else None


def summary(found: Sequence[Card]) -> Summary:
    """Add up the real numbers; the Simulator is none."""
    real = [card for card in found if not card.is_simulator]
    working = [card for card in real if card.channel.state == ChannelState.CONNECTED]
    active = [card for card in working if card.channel.role == ChannelRole.ACTIVE or card.channel.stands_in_for_id]
    return Summary(
        active=len(active),
        warming=len([card for card in working if card.warming_day]),
        resting=len([card for card in real if card.is_troubled]),
        capacity=capacity_of(active),
        used=sum(card.used for card in active if card.cap is not None),
    )


def events(channel: Channel) -> "QuerySet[ChannelEvent]":
    """Return the number's history, unordered."""
    rows: QuerySet[ChannelEvent] = ChannelEvent.objects.filter(channel=channel).exclude(kind=ALERT)
    return rows


def receipts(channel: Channel, state: str = "") -> "QuerySet[Receipt]":
    """Return the number's webhooks without their bodies, unordered."""
    rows = Receipt.objects.filter(channel=channel).defer("body")
    return rows.filter(state=state) if state else rows
