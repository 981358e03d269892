"""The figures of a campaign as lines: one in all, and one by wording, number or hour. Lines add up to the whole, to the cent."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from campaigns.models import Campaign
from campaigns.results.cells import Cell, Place, messages_of, with_deeds
from campaigns.results.followed import deeds, deeds_now

MICROS_PER_CENT = 10_000
WAYS = ("variante", "numero", "hora")


@dataclass(frozen=True)
class Line:
    """``name`` says of whom; people are counts, money whole cents."""

    name: str
    people: Cell
    fee_cents: int
    ai_cents: int
    revenue_cents: int

    @property
    def cost_cents(self) -> int:
        return self.fee_cents + self.ai_cents

    @property
    def result_cents(self) -> int:
        return self.revenue_cents - self.cost_cents

    @property
    def cents_per_qualified(self) -> int | None:
        """What each qualified lead cost; None where there is none."""
        return round(self.cost_cents / self.people.qualified) if self.people.qualified else None


@dataclass(frozen=True)
class Results:
    """``at`` is of when what followed the messages is, None for now."""

    whole: Line
    lines: Sequence[Line]
    at: datetime | None = None


def results_of(campaign: Campaign, way: str = WAYS[0]) -> Results:
    """Return the whole of a campaign and its lines by ``way``, one of :data:`WAYS`, for a page."""
    messages = messages_of(campaign)
    kept = deeds(campaign, sum(cell.replied for cell in messages.values()))
    return replace(_results(campaign, way, with_deeds(messages, kept.value)), at=kept.at)


def results_now(campaign: Campaign, *ways: str) -> dict[str, Results]:
    """Return the same of this moment by several ways, counted once: for what is taken away."""
    cells = with_deeds(messages_of(campaign), deeds_now(campaign))
    return {way: _results(campaign, way, cells) for way in ways}


def _results(campaign: Campaign, way: str, cells: Mapping[Place, Cell]) -> Results:
    names = _names(campaign, way)
    key = _KEYS[way]
    groups: dict[Any, Cell] = {known: Cell() for known in names}
    whole = Cell()
    for place, cell in cells.items():
        groups.setdefault(key(place), Cell()).add(cell)
        whole.add(cell)
    named = [(names.get(known) or _nameless(way, known), cell) for known, cell in _ordered(groups)]
    return Results(lines_of([("", whole)])[0], lines_of([(name, cell) for name, cell in named if cell.total or name]))


_KEYS: dict[str, Callable[[Place], UUID | int | None]] = {
    "variante": lambda place: place.variant_id,
    "numero": lambda place: place.channel_id,
    "hora": lambda place: place.hour,
}


def _names(campaign: Campaign, way: str) -> dict[Any, str]:
    """Return what is named even where nothing happened yet, in the order of the page."""
    match way:
        case "variante":
            return dict(campaign.variants.order_by("label").values_list("pk", "label"))
        case "numero":
            links = campaign.campaign_channels.order_by("channel__created_at")
            return dict(links.values_list("channel_id", "channel__name"))
    return {}


def _nameless(way: str, key: UUID | int | None) -> str:
    if way == "hora" and key is not None:
        return f"{key}h"
    return {"variante": _("no variation yet"), "numero": _("no number yet"), "hora": _("not sent")}[way]


def _ordered(groups: dict[Any, Cell]) -> list[tuple[Any, Cell]]:
    """Return the groups as they were named, hours by the clock, and who has no place yet at the end."""
    hours = sorted((item for item in groups.items() if isinstance(item[0], int)), key=lambda item: item[0])
    rest = [item for item in groups.items() if not isinstance(item[0], int)]
    return hours + sorted(rest, key=lambda item: item[0] is None)


def lines_of(named: Sequence[tuple[str, Cell]]) -> list[Line]:
    """Return cells with their names as lines whose cents add up."""
    fees, ai = _cents(cell.fee for _name, cell in named), _cents(cell.ai for _name, cell in named)
    revenue = _cents(cell.revenue for _name, cell in named)
    return [Line(name, cell, *money) for (name, cell), *money in zip(named, fees, ai, revenue, strict=True)]


def _cents(micros: Iterable[int]) -> list[int]:
    """Return whole cents whose sum is the rounded sum, whatever fractions the parts have."""
    found, exact, told = [], 0, 0
    for part in micros:
        exact += part
        rounded = (exact + MICROS_PER_CENT // 2) // MICROS_PER_CENT
        found.append(rounded - told)
        told = rounded
    return found
