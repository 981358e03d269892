"""How the numbers are, for panels and monitors (NUM-15). Whoever may read may ask; nothing here is a secret."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from core.clock import local, now
from gateways import queries
from gateways.models import SENDING_ROLES, Channel, ChannelRole, ChannelState, PoolIncident
from gateways.services.alerts import CRITICAL, INFO, WARNING, level_of

plain_router = Router(tags=["status"])
Level = Literal["ok", "info", "warning", "critical"]


class NumberOut(Schema):
    """``level`` is critical for a number that is banned or disconnected, warning past 80 % of its day."""

    id: UUID
    name: str
    provider: str
    state: str
    role: str
    level: Level
    explanation: str


class QuickOut(Schema):
    at: datetime
    level: Level
    connected: int
    troubled: int
    numbers: list[NumberOut]


class NumberDay(Schema):
    id: UUID
    name: str
    sent: int
    cap: int | None
    delivered_percentage: float | None


class DailyOut(Schema):
    """The local day so far; ``capacity`` None where no number has a cap."""

    day: date
    sent: int
    capacity: int | None
    numbers: list[NumberDay]


class PoolOut(Schema):
    """Who sends, who stands by, and what is going on; ``capacity``, ``used`` and ``slack`` are of today."""

    active: int
    warming: int
    standby: int
    down: int
    capacity: int | None
    used: int
    slack: int
    slack_percentage: int
    open_incidents: int
    alerts: dict[str, int]


@plain_router.get("/status/quick", response=QuickOut)
def status_quick(request: HttpRequest) -> dict[str, Any]:
    cards = _real(request)
    levels = [level_of(card) for card in cards]
    return {
        "at": now(), "level": worst(levels), "connected": _count(cards, ChannelState.CONNECTED),
        "troubled": len([card for card in cards if card.is_troubled]),
        "numbers": [_number(card, level) for card, level in zip(cards, levels, strict=True)],
    }  # fmt: skip


@plain_router.get("/status/daily", response=DailyOut)
def status_daily(request: HttpRequest) -> dict[str, Any]:
    cards = _real(request)
    zone = request.organization.timezone  # type: ignore[attr-defined]  # set for members and tokens alike
    numbers = [
        {"id": card.channel.pk, "name": card.channel.name, "sent": card.used, "cap": card.cap,
         "delivered_percentage": card.delivery.percentage} for card in cards
    ]  # fmt: skip
    return {
        "day": local(now(), zone).date(), "sent": sum(card.used for card in cards),
        "capacity": queries.capacity_of(cards), "numbers": numbers,
    }  # fmt: skip


@plain_router.get("/instances/pools/status", response=PoolOut)
def pools_status(request: HttpRequest) -> dict[str, Any]:
    cards = _real(request)
    found = queries.summary(cards)
    levels = [level_of(card) for card in cards]
    working = [card.channel for card in cards if card.channel.state == ChannelState.CONNECTED]
    return {
        "active": len([one for one in working if one.role in SENDING_ROLES]), "warming": found.warming,
        "standby": len([one for one in working if one.role == ChannelRole.STANDBY]),
        "down": len([card for card in cards if card.is_troubled]), "capacity": found.capacity, "used": found.used,
        "slack": found.slack, "slack_percentage": found.slack_percentage,
        "open_incidents": PoolIncident.objects.filter(ended_at=None).count(),
        "alerts": {level: levels.count(level) for level in (CRITICAL, WARNING, INFO)},
    }  # fmt: skip


def worst(levels: list[str]) -> str:
    """Return the gravest of the levels; ok where there is none."""
    return next((level for level in (CRITICAL, WARNING, INFO) if level in levels), "ok")


def _real(request: HttpRequest) -> list[queries.Card]:
    zone = request.organization.timezone  # type: ignore[attr-defined]  # set for members and tokens alike
    return [card for card in queries.cards(zone) if not card.is_simulator]


def _count(cards: list[queries.Card], state: str) -> int:
    return len([card for card in cards if card.channel.state == state])


def _number(card: queries.Card, level: str) -> dict[str, Any]:
    channel: Channel = card.channel
    return {
        "id": channel.pk, "name": channel.name, "provider": channel.provider, "state": channel.state, "role": channel.role,
        "level": level, "explanation": card.explanation,
    }  # fmt: skip
