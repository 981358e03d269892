"""Texts that are too alike: the same message to the same people again, or variations that vary nothing."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import combinations
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef

from campaigns.models import Campaign, CampaignState, Recipient, Variant
from campaigns.queries.figures import SENT_STATES
from core.clock import now
from leads.models import ListMembership
from sdr.copywriting import similarity

SAME_VARIANT = 0.75
SAME_MESSAGE = 0.8
LOOK_BACK = timedelta(days=30)
CAMPAIGNS = 20
SHOWN = 2


class Echo(NamedTuple):
    """A recent campaign that said almost the same; ``people`` of the lists got it."""

    campaign: Campaign
    percent: int
    people: int


class Pair(NamedTuple):
    """Two wordings of one campaign that are too alike."""

    first: str
    second: str
    percent: int


def alike_variants(texts: Sequence[tuple[str, str]]) -> list[Pair]:
    """Return the pairs of (label, text) that share almost all their words, the most alike first."""
    pairs = [
        Pair(first, second, round(100 * similarity(one, other)))
        for (first, one), (second, other) in combinations(texts, 2)
    ]
    return sorted((pair for pair in pairs if pair.percent >= SAME_VARIANT * 100), key=lambda pair: -pair.percent)


def echoes(texts: Sequence[str], list_ids: Sequence[UUID], campaign_id: UUID | None) -> list[Echo]:
    """Return the campaigns of the last month that told people of these lists almost the same, the most alike first."""
    if not texts or not list_ids:
        return []
    recent = Campaign.objects.filter(started_at__gt=now() - LOOK_BACK).exclude(state=CampaignState.DRAFT)
    found = {one.pk: one for one in recent.exclude(pk=campaign_id).order_by("-started_at")[:CAMPAIGNS]}
    said: dict[UUID, float] = {}
    for pk, body in Variant.objects.filter(campaign__in=found).values_list("campaign_id", "body"):
        said[pk] = max(said.get(pk, 0.0), *(similarity(text, body) for text in texts))
    alike = sorted((pk for pk in said if said[pk] >= SAME_MESSAGE), key=lambda pk: -said[pk])[:SHOWN]
    counted = [Echo(found[pk], round(100 * said[pk]), _people(pk, list_ids)) for pk in alike]
    return [echo for echo in counted if echo.people]


def _people(campaign_id: UUID, list_ids: Sequence[UUID]) -> int:
    places = ListMembership.objects.filter(contact_list__in=list_ids, contact=OuterRef("contact_id"))
    rows = Recipient.objects.filter(campaign_id=campaign_id, state__in=SENT_STATES)
    return int(rows.filter(Exists(places)).count())
