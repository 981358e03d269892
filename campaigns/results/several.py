"""The wholes of several campaigns side by side, as their own reports have them, in two queries however many they are."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from campaigns.models import Campaign, RecipientState, Tally
from campaigns.results.cells import BY_CAMPAIGNS, Cell, Place, cell_of, record, values_of
from campaigns.results.lines import Line, lines_of


@dataclass(frozen=True)
class Several:
    """``whole`` is the sum of the lines, to the cent."""

    lines: dict[UUID, Line]
    whole: Line


def results_of_several(campaigns: Sequence[Campaign]) -> Several:
    """Return the line of each campaign, that of its own report, and their sum."""
    cells = _cells(campaigns)
    lines = {one.pk: lines_of([(one.name, cells[one.pk])])[0] for one in campaigns}
    people = Cell()
    for line in lines.values():
        people.add(line.people)
    money = (sum(getattr(line, name) for line in lines.values()) for name in ("fee_cents", "ai_cents", "revenue_cents"))
    return Several(lines, Line("", people, *money))


def _cells(campaigns: Sequence[Campaign]) -> dict[UUID, Cell]:
    found: dict[UUID, Cell] = defaultdict(Cell)
    known = {one.pk: one for one in campaigns}
    rows = Tally.objects.filter(campaign_id__in=known).exclude(state=RecipientState.SKIPPED)
    summed = rows.values_list("campaign_id", "variant_ref", "channel_ref", "state")
    for pk, variant_id, channel_id, state, people, replied in summed.annotate(Sum("people"), Sum("replied")):
        found[pk].add(cell_of(known[pk], Place(variant_id, channel_id, None), state, people, replied))
    started = [(one.started_at, one) for one in campaigns if one.started_at is not None]
    if started:
        for pk, kind, people, micros in _followed([one for _at, one in started], min(at for at, _one in started)):
            record(found[pk], kind, people, micros)
    return found


def _followed(campaigns: Sequence[Campaign], since: datetime) -> list[tuple[UUID, str, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(BY_CAMPAIGNS, values_of(campaigns[0], since, campaigns=[one.pk for one in campaigns]))
        rows: list[tuple[UUID, str, int, int]] = cursor.fetchall()
    return rows
