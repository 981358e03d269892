"""Numbers in reserve that help while there is more to send than fits: who can, how many it takes, called and sent back.

Only standbys help, and only healthy ones: connected, not restricted of late, not asked to rest, in nobody's place. Each keeps its
own warm-up and cap. Standing in for a number that stopped always comes first (:mod:`campaigns.services.standby`).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from campaigns.models import CampaignChannel
from campaigns.overload.reckoning import Reckoning, reckon
from campaigns.overload.scene import Scene
from campaigns.services.official import keep_fees
from campaigns.services.standby import arrange_standbys, hold_arrangements
from core.clock import now
from gateways.models import Channel, ChannelRole, ChannelState
from gateways.pacing import is_restricted, remaining_today
from gateways.registry import get_adapter

MOST = 10
"""So many are tried out at the most when it is looked for how many close the gap."""


def can_help(channel: Channel, at: datetime) -> bool:
    """Tell whether a number of the reserve may send beside the others without harm to itself."""
    is_free = channel.role == ChannelRole.STANDBY and channel.stands_in_for_id is None
    is_well = channel.state == ChannelState.CONNECTED and channel.connected_at is not None
    is_rested = not is_restricted(channel, at) and not (channel.careful_until and channel.careful_until > at)
    may_send = not (channel.paused_until and channel.paused_until > at) and get_adapter(channel.provider).starts_chats
    return is_free and is_well and is_rested and may_send


def candidates(scene: Scene, late: Collection[UUID]) -> list[Channel]:
    """Return who could help these campaigns and does not yet, the best first: chosen for them, able to send the most today."""
    links = [link for link in scene.links if link.campaign_id in late]
    chosen = {link.channel_id for link in links}
    worlds = {_is_pretend(link.channel) for link in links}
    # Who stands in for a number that stopped has its work.
    busy = {link.channel_id for link in scene.links if link.took_over_at or link.helps_since}
    found = [
        one
        for one in scene.channels.values()
        if can_help(one, scene.at) and one.pk not in busy and _suits(one, worlds, one.pk in chosen)
    ]
    return sorted(found, key=lambda one: (one.pk not in chosen, -_left(one, scene), one.created_at))[:MOST]


def _is_pretend(channel: Channel) -> bool:
    return channel.provider == "simulator"


def _suits(one: Channel, worlds: set[bool], is_chosen: bool) -> bool:
    """The Simulator helps only itself, and a number for which Meta charges only where somebody chose it for the campaign."""
    return _is_pretend(one) in worlds and (is_chosen or not get_adapter(one.provider).sends_templates)


def _left(channel: Channel, scene: Scene) -> int:
    left = remaining_today(channel, scene.at, scene.zone)
    return 1_000_000 if left is None else left


def with_reserve(scene: Scene, late: Collection[UUID], numbers: Sequence[Channel]) -> Reckoning:
    """Return how campaigns fare when these numbers send for the late ones too."""
    extra = {pk: [one.pk for one in numbers] for pk in late}
    demands = scene.demands(extra=extra)
    return reckon(demands, scene.pool(pk for one in demands.values() for pk in one.line.channels))


def enough(scene: Scene, late: Collection[UUID]) -> list[Channel]:
    """Return as many of the reserve as bring everybody through in time; all of them where none would be enough."""
    found: list[Channel] = []
    for one in candidates(scene, late):
        if not with_reserve(scene, late, found).late:
            break
        found.append(one)
    return found


@transaction.atomic
def call(late: Collection[UUID], scene: Scene, numbers: Sequence[Channel]) -> int:
    """Let these numbers help in the late campaigns; return in how many more each does."""
    serving = {(link.campaign_id, link.channel_id) for link in scene.links if link.helps_since or link.took_over_at}
    missing = [(pk, one) for pk in late for one in numbers if (pk, one.pk) not in serving]
    if not missing:
        return 0
    hold_arrangements()
    called = sum(_call_one(pk, channel) for pk, channel in missing)
    for pk in {pk for pk, _channel in missing}:
        keep_fees(scene.campaigns[pk])
    arrange_standbys()
    return called


def _call_one(campaign_id: UUID, channel: Channel) -> bool:
    link, is_new = CampaignChannel.objects.get_or_create(
        campaign_id=campaign_id,
        channel=channel,
        defaults={"organization_id": channel.organization_id, "helps_since": now()},
    )
    rows = CampaignChannel.objects.filter(pk=link.pk, helps_since=None, took_over_at=None)
    return is_new or bool(rows.update(helps_since=now()))
