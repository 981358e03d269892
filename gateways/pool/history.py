"""What the page of the pool tells: who has which part, and what happened to whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateways.models import ChannelRole, IncidentKind, PoolIncident
from gateways.pool.words import cause_words
from gateways.queries import Card

SHOWN = 20


@dataclass(frozen=True)
class Told:
    """An incident and the causes in words."""

    incident: PoolIncident
    causes: list[str]


def incidents() -> list[Told]:
    """Return the newest incidents of the active organization."""
    rows = PoolIncident.objects.select_related("channel", "replaced_by").order_by("-began_at")[:SHOWN]
    return [Told(one, [cause_words(code) for code in one.causes]) for one in rows]


def quiet_days(at: datetime) -> int | None:
    """Return how many days no number has been restricted; None when none ever was."""
    last = PoolIncident.objects.filter(kind=IncidentKind.BAN).order_by("-began_at").first()
    return (at - last.began_at).days if last else None


def parts(cards: Sequence[Card]) -> list[tuple[str, list[Card]]]:
    """Return the numbers by the part that they have."""
    order = [ChannelRole.ACTIVE, ChannelRole.WARMING, ChannelRole.STANDBY]
    return [(role.value, [card for card in cards if card.channel.role == role]) for role in order]
