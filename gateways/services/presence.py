"""Small signs of life before an answer: read ticks, "typing…". They decorate; no send ever waits for them."""

import logging

from core.breaker import CircuitOpenError
from core.jobs import job
from core.ratelimit import check
from gateways.models import Channel, ChannelState
from gateways.registry import get_adapter
from gateways.services.simulation import simulator_port
from gateways.transport import sync

logger = logging.getLogger(__name__)

# More of them a minute than a person could cause would be a sign of a machine; the surplus is simply not shown.
PER_MINUTE = 20


@job("default", timeout_seconds=60)
def show_presence(*, organization_id: str, channel_id: str, chat_id: str, typing: bool) -> None:
    """Show in one chat that we have read it and perhaps that we are writing; what fails is only noted."""
    channel = Channel.objects.filter(pk=channel_id, state=ChannelState.CONNECTED, removed_at=None).first()
    if channel is None or not check("presence", channel_id, limit=PER_MINUTE, period=60).allowed:
        return
    adapter = get_adapter(channel.provider)
    config = adapter.config_model.model_validate(channel.config)
    try:
        trouble = sync.run(adapter.presence(config, chat_id, typing), simulator=simulator_port(channel))
    except CircuitOpenError as rest:
        trouble = rest.code
    if trouble:
        logger.info("presence not shown", extra={"channel": channel_id, "error": trouble[:300]})


def resolve_phone(channel: Channel, chat_id: str) -> str | None:
    """Return the phone behind a hidden id as the channel's server knows it now; None also when it is left alone."""
    adapter = get_adapter(channel.provider)
    config = adapter.config_model.model_validate(channel.config)
    try:
        return sync.run(adapter.resolve(config, chat_id), simulator=simulator_port(channel))
    except CircuitOpenError:
        return None


def announce(channel: Channel, chat_id: str, *, typing: bool) -> None:
    """Let the contact see that an answer is coming, where the provider can show it."""
    if chat_id and can_show(channel):
        show_presence.enqueue(
            coalesce_key=f"{channel.pk}_{chat_id}", organization_id=str(channel.organization_id),
            channel_id=str(channel.pk), chat_id=chat_id, typing=typing,
        )  # fmt: skip


def can_show(channel: Channel) -> bool:
    """Say whether the channel's provider knows such signs."""
    return get_adapter(channel.provider).shows_presence
