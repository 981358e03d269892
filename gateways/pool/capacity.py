"""What the pool may send tomorrow against what waits to be sent, and what to do about it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.clock import day_bounds, local
from gateways import pacing
from gateways.models import SENDING_ROLES, Channel, ChannelRole, ChannelState
from gateways.portfolios import limit_of

# A fifth of the capacity should be free, so that a number may fall without anybody waiting (NUM-18).
SPARE_GOAL = 0.2
Waiting = Callable[[datetime], int]
_sources: list[Waiting] = []


def waiting_messages(source: Waiting) -> Waiting:
    """Register who knows how many messages of the active organization wait to leave before a moment."""
    if source not in _sources:
        _sources.append(source)
    return source


@dataclass(frozen=True)
class Capacity:
    """Tomorrow: ``cap`` None where some number has none, ``demand`` what will still wait then, ``reserve`` idle numbers."""

    cap: int | None
    demand: int
    numbers: int
    reserve: int

    @property
    def spare(self) -> int | None:
        return None if self.cap is None else max(0, self.cap - self.demand)

    @property
    def spare_percentage(self) -> int:
        if self.cap is None:
            return 100
        return round(max(0, self.cap - self.demand) / self.cap * 100) if self.cap else 0

    @property
    def is_enough(self) -> bool:
        return self.cap is None or self.cap * (1 - SPARE_GOAL) >= self.demand

    @property
    def missing_numbers(self) -> int:
        """How many grown numbers would bring the spare capacity to its goal."""
        if self.is_enough or self.cap is None:
            return 0
        return ceil((self.demand / (1 - SPARE_GOAL) - self.cap) / pacing.QR_DAILY_CAP)


def capacity_tomorrow(channels: list[Channel], at: datetime, zone: str) -> Capacity:
    """Add up tomorrow's caps of the numbers that work, with the warm-up of their next day; the Simulator is none."""
    start, end = day_bounds(local(at, zone).date() + timedelta(days=1), zone)
    working = [one for one in channels if one.provider != "simulator" and one.state == ChannelState.CONNECTED]
    senders = [one for one in working if one.role in SENDING_ROLES or one.stands_in_for_id]
    caps = _caps([(one, pacing.pace_of(one, start + timedelta(hours=12)).daily_cap) for one in senders])
    left = _caps([(one, pacing.remaining_today(one, at, zone)) for one in senders])
    return Capacity(
        cap=None if None in caps else sum(cap or 0 for cap in caps),
        demand=_demand(end, left),
        numbers=len(senders),
        reserve=len([one for one in working if one.role != ChannelRole.ACTIVE and not one.stands_in_for_id]),
    )


def _caps(found: list[tuple[Channel, int | None]]) -> list[int | None]:
    """Return what each number may send; the numbers of one business at Meta together no more than its limit."""
    caps = [cap for one, cap in found if not one.portfolio_id]
    shared: dict[UUID, list[tuple[Channel, int | None]]] = {}
    for one, cap in found:
        if one.portfolio_id:
            shared.setdefault(one.portfolio_id, []).append((one, cap))
    for numbers in shared.values():
        limit = limit_of(numbers[0][0])
        whole = None if any(cap is None for _one, cap in numbers) else sum(cap or 0 for _one, cap in numbers)
        known = [one for one in (limit, whole) if one is not None]
        caps.append(min(known) if known else None)
    return caps


def _demand(end: datetime, left: list[int | None]) -> int:
    """Return what waits for tomorrow once today's caps are used up."""
    waiting = sum(source(end) for source in _sources)
    return 0 if None in left else max(0, waiting - sum(one or 0 for one in left))


def recommendation(capacity: Capacity) -> str:
    """Return what the owner should do, in one sentence; empty when nothing is to be done."""
    if not capacity.numbers:
        return _("No number of yours can send. Connect one.") if capacity.demand else ""
    if not capacity.is_enough:
        count = capacity.missing_numbers
        return ngettext(
            "%(count)d number is missing for tomorrow's demand.",
            "%(count)d numbers are missing for tomorrow's demand.",
            count,
        ) % {"count": count}
    if not capacity.reserve:
        return _("No number is in reserve. Connect one more, so that another goes on when one stops.")
    return ""
