"""How people are called on networks whose webhooks bring no name."""

import logging
from datetime import timedelta

from core.breaker import CircuitOpenError
from core.clock import now
from core.ratelimit import check
from gateways.contract import Profile
from gateways.models import Channel, ChannelState
from gateways.registry import get_adapter
from gateways.services.simulation import simulator_port
from gateways.services.states import log_event
from gateways.transport import sync

logger = logging.getLogger(__name__)

# Somebody without a name writes many times; the network is asked again after a day.
ASK_AGAIN_SECONDS = 24 * 3600
NOTED = timedelta(days=1)
KIND = "names"


def tells_names(channel: Channel) -> bool:
    """Say whether the network can be asked for names."""
    return get_adapter(channel.provider).tells_names


def name_of(channel: Channel, chat_id: str) -> str:
    """Ask the network for a person's name, once a day at most; empty where it is not told. Nothing ever waits for it."""
    if channel.state != ChannelState.CONNECTED or not chat_id:
        return ""
    if not check("profile", f"{channel.pk}:{chat_id}", limit=1, period=ASK_AGAIN_SECONDS).allowed:
        return ""
    adapter = get_adapter(channel.provider)
    config = adapter.config_model.model_validate(channel.config)
    try:
        profile = sync.run(adapter.profile(config, chat_id), simulator=simulator_port(channel))
    except CircuitOpenError as rest:
        profile = Profile(problem=rest.code)
    if profile.problem:
        _note(channel, profile.problem)
    return profile.name


def _note(channel: Channel, problem: str) -> None:
    """Let the history of the number show, once a day, why people have no names."""
    logger.info("name not told", extra={"channel": str(channel.pk), "problem": problem[:300]})
    if not channel.events.filter(kind=KIND, at__gt=now() - NOTED).exists():
        log_event(channel, KIND, problem)
