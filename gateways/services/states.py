from datetime import datetime, timedelta

from core.clock import now
from core.live import signal
from gateways.events import ChannelStateChanged
from gateways.models import Channel, ChannelEvent, ChannelState
from sagas.outbox import publish

RESTRICTED_FOR = timedelta(hours=24)


def mark_state(channel: Channel, state: str, reason: str = "", *, phone: str = "") -> bool:
    """Note a channel's connection state; return whether anything changed. No change writes nothing."""
    if channel.state == ChannelState.PAUSED and state != ChannelState.RESTRICTED:
        return False
    if channel.state == state and channel.state_reason == reason[:300]:
        return False
    changed = channel.state != state
    channel.state, channel.state_reason, channel.state_at = state, reason[:300], now()
    if state == ChannelState.CONNECTED:
        channel.connected_at = channel.connected_at or now()
        channel.phone = channel.phone or phone
    if state == ChannelState.RESTRICTED:
        channel.restricted_until = now() + RESTRICTED_FOR
    channel.save(
        update_fields=["state", "state_reason", "state_at", "connected_at", "phone", "restricted_until"]
    )
    if changed:
        ChannelEvent.objects.create(organization_id=channel.organization_id, channel=channel, kind=state, detail=reason[:500])
        publish(ChannelStateChanged(str(channel.organization_id), str(channel.pk), state, reason[:300]))
    signal(channel.organization_id, f"channel:{channel.pk}")
    signal(channel.organization_id, "channels")
    return changed


def pause_until(channel: Channel, until: datetime, reason: str) -> None:
    """Let the channel rest, as its provider asked."""
    Channel.objects.filter(pk=channel.pk).update(paused_until=until, state_reason=reason[:300])
    ChannelEvent.objects.create(
        organization_id=channel.organization_id, channel=channel, kind="rest", detail=reason[:500],
        data={"until": until.isoformat()},
    )  # fmt: skip
    signal(channel.organization_id, "channels")
