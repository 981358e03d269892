"""What a campaign is going to cost: Meta's fee by number and category, and the talk of the AI with those who answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, Sum

from campaigns.models import SENT_STATES, Campaign, Recipient, Variant
from campaigns.preflight.plan import Plan
from campaigns.services.official import prices_of
from core.clock import now
from core.tenancy import current_organization_id
from gateways.models import Channel
from sdr.contract import Usage
from sdr.costs import cost_micros
from sdr.models import ModelCall
from sdr.services.accounts import route_of
from sdr.services.profiles import get_profile

SPAN = timedelta(days=90)
RECENT_CAMPAIGNS = 5
SAMPLE = 2_000
ENOUGH = 50
USUAL_ANSWERS = 0.1
"""The share of people who answer, where nothing is known yet."""
USUAL_TOKENS = (9_000, 700)
"""What a talk of six turns makes a model read and write."""
REMEMBERED_SECONDS = 600


@dataclass(frozen=True)
class FeeLine:
    """The messages of one category that leave by one official number, and what Meta takes for them in millionths of a real."""

    channel: Channel
    category: str
    count: int
    each: int
    micros: int


class AiCost(NamedTuple):
    """``micros`` for the whole campaign; ``is_known`` when both the share of answers and the cost of a talk were measured here."""

    micros: int
    answers: float
    talk: int
    is_known: bool


def fee_lines(channels: Sequence[Channel], variants: Sequence[Variant], counts: Mapping[UUID, int]) -> list[FeeLine]:
    """Return Meta's fees for so many messages by number, shared out among the wordings by their weights."""
    found: list[FeeLine] = []
    for channel, prices in prices_of([one for one in channels if counts.get(one.pk)], variants).items():
        weights: dict[tuple[str, int], int] = {}
        for price in prices:
            weights[price.category, price.micros] = (
                weights.get((price.category, price.micros), 0) + price.variant.weight
            )
        left, whole = counts[channel.pk], sum(weights.values())
        for (category, each), weight in weights.items():
            count = round(left * weight / whole)
            left, whole = left - count, whole - weight
            found.append(FeeLine(channel, category, count, each, count * each))
    return found


def fees_of(channels: Sequence[Channel], texts: Mapping[int, Sequence[Variant]], sends: Plan) -> list[FeeLine]:
    """Return Meta's fees of a plan, the wordings given by step; what costs the same stands in one line."""
    found: dict[tuple[UUID, str, int], FeeLine] = {}
    for step in sends.steps:
        for line in fee_lines(channels, texts.get(step, ()), sends.by_channel(step)) if texts.get(step) else ():
            key = (line.channel.pk, line.category, line.each)
            count = line.count + (found[key].count if key in found else 0)
            found[key] = FeeLine(line.channel, line.category, count, line.each, count * line.each)
    return list(found.values())


def by_step(variants: Iterable[Variant]) -> dict[int, list[Variant]]:
    found: dict[int, list[Variant]] = {}
    for one in variants:
        if one.weight:
            found.setdefault(one.step, []).append(one)
    return found


def ai_cost(people: int) -> AiCost:
    """Estimate what the AI's talks with those who answer cost, by what answers and talks were like here of late."""
    profile = get_profile()
    route = route_of(profile) if profile.enabled else []
    if not route:
        return AiCost(0, 0.0, 0, True)
    answers, talk = _lately()
    known = answers is not None and talk is not None
    share = USUAL_ANSWERS if answers is None else answers
    each = cost_micros(Usage(route[0][1].model, *USUAL_TOKENS)) if talk is None else talk
    return AiCost(round(people * share * each), share, each, known)


def _lately() -> tuple[float | None, int | None]:
    key = f"preflight:lately:{current_organization_id()}"
    found: tuple[float | None, int | None] | None = cache.get(key)
    if found is None:
        found = _answers(), _talk()
        cache.set(key, found, REMEMBERED_SECONDS)
    return found


def _answers() -> float | None:
    """Return the share of people who answered the last campaigns; None where too few were written to."""
    last = Campaign.objects.filter(started_at__gt=now() - SPAN, sent_count__gt=0).order_by("-started_at")
    rows = Recipient.objects.filter(campaign__in=list(last.values_list("pk", flat=True)[:RECENT_CAMPAIGNS]))
    replies = list(rows.filter(state__in=SENT_STATES).values_list("replied_at", flat=True)[:SAMPLE])
    if len(replies) < ENOUGH:
        return None
    return sum(at is not None for at in replies) / len(replies)


def _talk() -> int | None:
    """Return what the AI's talk with one person cost on average, in millionths of a real; None where there was none."""
    calls = ModelCall.objects.filter(at__gt=now() - SPAN).exclude(conversation_ref=None)
    found = calls.aggregate(talks=Count("conversation_ref", distinct=True), micros=Sum("cost_micros"))
    return round(found["micros"] / found["talks"]) if found["micros"] else None
