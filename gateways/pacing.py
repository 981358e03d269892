"""How fast and how much a channel may send: safe defaults, a hard floor, and reasons in words when it waits."""

import random
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.clock import now, outside_quiet
from gateways.models import Channel, ChannelState
from gateways.registry import get_adapter

FLOOR_MS = 500
QR_GAP_MS = (45_000, 60_000)
FREE_GAP_MS = (0, 0)
QR_DAILY_CAP = 600
QUIET_HOURS = (time(22, 0), time(8, 0))
# Messages a day by age in days since the number was connected; from the last step on the cap holds.
WARM_UP = ((1, 20), (2, 40), (3, 60), (5, 100), (7, 180), (10, 300), (14, 450))


@dataclass(frozen=True)
class Pace:
    """``min_gap`` to ``max_gap`` lie between two sends; ``daily_cap`` None means none; quiet hours None means none."""

    min_gap: timedelta
    max_gap: timedelta
    daily_cap: int | None
    quiet: tuple[time, time] | None

    def gap(self) -> timedelta:
        """Return a random gap."""
        span = (self.max_gap - self.min_gap).total_seconds()
        return self.min_gap + timedelta(seconds=random.uniform(0, span) if span > 0 else 0)  # noqa: S311  # pace, not secrets


@dataclass(frozen=True)
class Wait:
    """Why a channel does not send now, as a code that pages put into words, and until when if that is known."""

    code: str
    until: datetime | None = None
    detail: str = ""


def pace_of(channel: Channel, at: datetime) -> Pace:
    """Return the pace that holds for the channel at a moment."""
    paced = get_adapter(channel.provider).is_paced
    default = QR_GAP_MS if paced else FREE_GAP_MS
    floor = FLOOR_MS if paced else 0
    low = max(floor, channel.min_gap_ms if channel.min_gap_ms is not None else default[0])
    high = max(low, channel.max_gap_ms if channel.max_gap_ms is not None else default[1])
    quiet = (channel.quiet_start, channel.quiet_end) if channel.quiet_start and channel.quiet_end else None
    return Pace(timedelta(milliseconds=low), timedelta(milliseconds=high), _daily_cap(channel, at, paced), quiet)


def _daily_cap(channel: Channel, at: datetime, paced: bool) -> int | None:
    if channel.daily_limit is not None:
        cap: int | None = channel.daily_limit
    elif not paced:
        return None
    else:
        cap = warm_up_cap(channel, at) if channel.warm_up else QR_DAILY_CAP
    restricted = channel.restricted_until is not None and channel.restricted_until > at
    return cap // 2 if restricted and cap is not None else cap


def warm_up_cap(channel: Channel, at: datetime) -> int:
    """Return the cap of a young number."""
    age = (at - (channel.connected_at or at)).days + 1
    return next((cap for day, cap in WARM_UP if age <= day), QR_DAILY_CAP)


def remaining_today(channel: Channel, at: datetime, zone: str) -> int | None:
    """Return how many sends the day still allows, or None for any number."""
    cap = pace_of(channel, at).daily_cap
    if cap is None:
        return None
    today = at.astimezone(ZoneInfo(zone)).date()
    used = channel.sent_today if channel.sent_on == today else 0
    return max(0, cap - used)


def wait_of(channel: Channel, at: datetime, zone: str) -> Wait | None:
    """Return why the channel may not send at a moment, or None when it may."""
    if channel.removed_at or channel.role == "retired":
        return Wait("removed")
    if channel.state != ChannelState.CONNECTED:
        return Wait(channel.state, channel.restricted_until, channel.state_reason)
    if channel.paused_until and channel.paused_until > at:
        return Wait("rest", channel.paused_until, channel.state_reason)
    pace = pace_of(channel, at)
    if pace.quiet and (opens := outside_quiet(at, *pace.quiet, zone)) > at:
        return Wait("quiet_hours", opens)
    if remaining_today(channel, at, zone) == 0:
        midnight = datetime.combine(at.astimezone(ZoneInfo(zone)).date() + timedelta(days=1), time(), ZoneInfo(zone))
        return Wait("daily_cap", midnight)
    if channel.next_send_at and channel.next_send_at > at:
        return Wait("gap", channel.next_send_at)
    return None


def waits_now(channel: Channel, zone: str) -> Wait | None:
    return wait_of(channel, now(), zone)
