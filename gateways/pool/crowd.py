"""More careful numbers while there is more to send than fits.

A number that works at its limit all day is what WhatsApp restricts first. So the gaps grow, not shrink: as far as the day's cap still
leaves within the hours that are left, and by a tenth at least. Official numbers and the Simulator have limits of their own, not gaps.
"""

from collections.abc import Collection
from datetime import datetime, time, timedelta
from math import ceil
from uuid import UUID

from core.clock import day_bounds, local, outside_quiet, wall_moment
from gateways.models import Channel
from gateways.pacing import CROWD_PERCENT, hour_stretch, pace_of, remaining_today
from gateways.registry import get_adapter
from gateways.services.states import tell_pages

STEP = 10


def crowd_percent(channel: Channel, at: datetime, zone: str) -> int | None:
    """Return by how much a number's gaps should be stretched, in percent; None for one without a pace of its own."""
    if not get_adapter(channel.provider).is_paced:
        return None
    least, most = CROWD_PERCENT
    left = remaining_today(channel, at, zone)
    pace = pace_of(channel, at)
    usual = (pace.min_gap + pace.max_gap) / 2 / hour_stretch(channel.hour_shape, at)
    usual = usual * 100 / (channel.crowd_percent or 100)
    if not left or not usual:
        return least
    spread = _open_today(pace.quiet, at, zone) / (usual * left)
    return max(least, min(most, ceil(spread * 100 / STEP) * STEP - STEP))


def slow_down(channels: Collection[Channel], at: datetime, zone: str) -> int:
    """Stretch the gaps of these numbers of the active organization, and of no others; return how many changed."""
    wanted: dict[UUID, int | None] = {one.pk: crowd_percent(one, at, zone) for one in channels}
    others = Channel.objects.exclude(crowd_percent=None).exclude(
        pk__in=[pk for pk, percent in wanted.items() if percent]
    )
    changed = [one for one in channels if one.crowd_percent != wanted[one.pk]] + list(others)
    for one in sorted(changed, key=lambda one: one.pk):
        one.crowd_percent = wanted.get(one.pk)
        Channel.objects.filter(pk=one.pk).update(crowd_percent=one.crowd_percent)
        tell_pages(one)
    return len(changed)


def _open_today(quiet: tuple[time, time] | None, at: datetime, zone: str) -> timedelta:
    """Return how long the number may still send today."""
    today = local(at, zone).date()
    ends = day_bounds(today, zone)[1]
    if quiet is None:
        return ends - at
    start, end = quiet
    opens = outside_quiet(at, start, end, zone)
    rests = wall_moment(today, start, zone)
    return max(timedelta(), (rests if opens < rests else ends) - opens)
