"""Texts that are too alike: the same message to the same people again, or variations that vary nothing."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import combinations
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Exists, OuterRef

from campaigns.models import SENT_STATES, Campaign, Recipient, Variant
from core.clock import now
from leads.models import ListMembership
from sdr.copywriting import similarity

SAME_VARIANT = 0.75
SAME_MESSAGE = 0.8
LOOK_BACK = timedelta(days=30)
WORDINGS = 60
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
    recent = Variant.objects.filter(campaign__started_at__gt=now() - LOOK_BACK).exclude(campaign=campaign_id)
    found: dict[UUID, Campaign] = {}
    said: dict[UUID, float] = {}
    for one in recent.select_related("campaign").order_by("-campaign__started_at", "label")[:WORDINGS]:
        pk = one.campaign_id
        found[pk] = one.campaign
        said[pk] = max(said.get(pk, 0.0), *(similarity(text, one.body) for text in texts))
    alike = sorted((pk for pk in said if said[pk] >= SAME_MESSAGE), key=lambda pk: -said[pk])[:SHOWN]
    people = _people(alike, list_ids) if alike else {}
    return [Echo(found[pk], round(100 * said[pk]), people[pk]) for pk in alike if pk in people]


def _people(campaign_ids: Sequence[UUID], list_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Count who of the lists got each of the campaigns."""
    places = ListMembership.objects.filter(contact_list__in=list_ids, contact=OuterRef("contact_id"))
    rows = Recipient.objects.filter(Exists(places), campaign__in=campaign_ids, state__in=SENT_STATES).order_by()
    return dict(rows.values_list("campaign_id").annotate(count=Count("pk")))
