"""How fast and how much a channel may send: safe defaults, a hard floor, and reasons in words when it waits.

Everything here is a function of the channel's row and a moment, so that a planner that prints a calendar and the sender
that keeps it use the same arithmetic.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from core.clock import day_bounds, local, outside_quiet
from core.week import DAYS, HOURS
from gateways.models import Channel, ChannelRole, ChannelState
from gateways.portfolios import is_full, limit_of
from gateways.registry import get_adapter

FLOOR_MS = 500
QR_DAILY_CAP = 600
QR_GAP_SECONDS = 45
QUIET_HOURS = (time(22, 0), time(8, 0))
NO_QUIET_HOURS = (time(0, 0), time(0, 0))
# Messages a day by age in days since the number was connected; from day 14 on the cap holds.
WARM_UP = ((1, 20), (2, 40), (3, 60), (5, 100), (7, 180), (10, 300), (13, 450))
WARM_DAYS = 14
# What a number sends a day that only has to stay ready.
WARMING_CAP = 60
LONGEST_STRETCH = 2.0
# By how much the gaps grow while there is more to send than fits: never nothing, never more than by half.
CROWD_PERCENT = (110, 150)


@dataclass(frozen=True)
class Pace:
    """``min_gap`` to ``max_gap`` lie between two sends; ``daily_cap`` None means none; quiet hours None means none.

    ``own_cap`` is the cap without the limit of people that an official number shares (:mod:`gateways.portfolios`): that one
    is planned with as a cap of the day, and held by people and by the hour.
    """

    min_gap: timedelta
    max_gap: timedelta
    daily_cap: int | None
    quiet: tuple[time, time] | None
    own_cap: int | None = None

    def gap(self, dice: float | None = None) -> timedelta:
        """Return a random gap, or the one at ``dice`` in 0..1 of the way from the smallest to the largest."""
        chance = random.random() if dice is None else dice  # noqa: S311  # pace, not secrets
        return self.min_gap + (self.max_gap - self.min_gap) * chance


@dataclass(frozen=True)
class Wait:
    """Why a channel does not send now, as a code that pages put into words, and until when if that is known."""

    code: str
    until: datetime | None = None
    detail: str = ""


def pace_of(channel: Channel, at: datetime) -> Pace:
    """Return the pace that holds for the channel at a moment."""
    adapter = get_adapter(channel.provider)
    paced, default = adapter.is_paced, adapter.rhythm.gap_ms
    floor = FLOOR_MS if paced else 0
    low = max(floor, channel.min_gap_ms if channel.min_gap_ms is not None else _low(default, channel.max_gap_ms))
    high = max(low, channel.max_gap_ms if channel.max_gap_ms is not None else default[1])
    stretch = stretch_of(channel, at) if paced else 1.0
    own, official = _own_cap(channel, at, paced), limit_of(channel)
    known = [limit for limit in (own, official) if limit is not None]
    return Pace(
        timedelta(milliseconds=low * stretch),
        timedelta(milliseconds=high * stretch),
        min(known) if known else None,
        _quiet(channel, paced),
        own,
    )


def _low(default: tuple[int, int], high: int | None) -> int:
    # Who only sets the largest gap below the default's smallest means both.
    return default[0] if high is None else min(default[0], high)


def _quiet(channel: Channel, paced: bool) -> tuple[time, time] | None:
    if channel.quiet_start is None or channel.quiet_end is None:
        return QUIET_HOURS if paced else None
    return None if channel.quiet_start == channel.quiet_end else (channel.quiet_start, channel.quiet_end)


def _own_cap(channel: Channel, at: datetime, paced: bool) -> int | None:
    cap = channel.daily_limit
    if cap is None and paced:
        cap = warm_up_cap(channel, at) if channel.warm_up else QR_DAILY_CAP
    ready = WARMING_CAP if paced and channel.role == ChannelRole.WARMING and not channel.stands_in_for_id else None
    care = care_of(channel, at)
    official = limit_of(channel) if care < 1 else None
    known = [limit for limit in (cap, ready, official) if limit is not None]
    return int(min(known) * care) if known else None


def care_of(channel: Channel, at: datetime) -> float:
    """Return the share of its cap that a channel may use: half for a day after a restriction, then slowly all of it."""
    if is_restricted(channel, at):
        return 0.5
    if channel.careful_until is None or channel.careful_until <= at or channel.restricted_until is None:
        return 1.0
    whole = channel.careful_until - channel.restricted_until
    return 0.5 + 0.5 * ((at - channel.restricted_until) / whole) if whole > timedelta(0) else 1.0


def stretch_of(channel: Channel, at: datetime) -> float:
    """Return by how much the gaps are longer than usual: in hours in which few answer, after a restriction, in a crowd."""
    return hour_stretch(channel.hour_shape, at) * (2.0 - care_of(channel, at)) * crowd_stretch(channel)


def crowd_stretch(channel: Channel) -> float:
    """Return by how much the gaps are longer because there is more to send than fits; 1 while there is not."""
    return 1.0 if channel.crowd_percent is None else max(1.0, min(CROWD_PERCENT[1], channel.crowd_percent) / 100)


def hour_stretch(shape: Sequence[int] | None, at: datetime) -> float:
    """Return by how much a shape of the week stretches the gaps at a moment, 1 to 2; a shape of one day holds for each."""
    if not shape or len(shape) not in {HOURS, HOURS * DAYS}:
        return 1.0
    utc = at.astimezone(UTC)
    return max(1.0, min(LONGEST_STRETCH, shape[(utc.weekday() * HOURS + utc.hour) % len(shape)] / 100))


def is_restricted(channel: Channel, at: datetime) -> bool:
    """Tell whether the channel was restricted within the last day."""
    return channel.restricted_until is not None and channel.restricted_until > at


def age_in_days(channel: Channel, at: datetime) -> int:
    """Return the day of the number's life, the day of its first connection being 1."""
    return max(1, (at - (channel.connected_at or at)).days + 1)


def warm_up_cap(channel: Channel, at: datetime) -> int:
    """Return the cap of a young number."""
    return cap_on_day(age_in_days(channel, at))


def cap_on_day(day: int) -> int:
    """Return the warm-up curve's cap on a day of the number's life, from 1."""
    return next((cap for last_day, cap in WARM_UP if day <= last_day), QR_DAILY_CAP)


def is_warming(channel: Channel, at: datetime) -> bool:
    """Tell whether the warm-up curve is what limits the channel now."""
    follows = channel.warm_up and channel.daily_limit is None and get_adapter(channel.provider).is_paced
    return follows and age_in_days(channel, at) < WARM_DAYS


def used_today(channel: Channel, at: datetime, zone: str) -> int:
    """Return how many messages the channel has sent on the local day."""
    return channel.sent_today if channel.sent_on == local(at, zone).date() else 0


def remaining_today(channel: Channel, at: datetime, zone: str) -> int | None:
    """Return how many sends the day still allows, or None for any number."""
    cap = pace_of(channel, at).daily_cap
    return None if cap is None else max(0, cap - used_today(channel, at, zone))


def is_spent(channel: Channel, at: datetime, zone: str) -> bool:
    """Tell whether the number has sent all that its own cap of the day allows."""
    own = pace_of(channel, at).own_cap
    return own is not None and used_today(channel, at, zone) >= own


def wait_of(channel: Channel, at: datetime, zone: str) -> Wait | None:
    """Return why the channel may not send at a moment, or None when it may."""
    if channel.removed_at or channel.role == "retired":
        return Wait("removed")
    if channel.state != ChannelState.CONNECTED:
        until = channel.restricted_until if channel.state == ChannelState.RESTRICTED else None
        return Wait(channel.state, until, channel.state_reason)
    if channel.paused_until and channel.paused_until > at:
        return Wait("rest", channel.paused_until, channel.pause_reason)
    pace = pace_of(channel, at)
    if pace.quiet and (opens := outside_quiet(at, *pace.quiet, zone)) > at:
        return Wait("quiet_hours", opens)
    if is_spent(channel, at, zone):
        return Wait("daily_cap", day_bounds(local(at, zone).date(), zone)[1])
    if is_full(channel, at):
        return Wait("portfolio_limit", channel.portfolio.frees_at if channel.portfolio else None)
    if channel.next_send_at and channel.next_send_at > at:
        return Wait("gap", channel.next_send_at)
    return None
