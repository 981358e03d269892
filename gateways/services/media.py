from collections.abc import Mapping

from core.breaker import CircuitOpenError
from gateways.calls import Answer, FailureKind, TransportFailure
from gateways.contract import MediaRef
from gateways.models import Channel
from gateways.registry import get_adapter
from gateways.services.simulation import simulator_port
from gateways.transport import sync


def download(channel: Channel, media: Mapping[str, str]) -> Answer | None:
    """Fetch an inbound file from the channel's own server; None when it keeps none or the number was removed."""
    if channel.removed_at is not None:
        return None
    adapter = get_adapter(channel.provider)
    operation = adapter.fetch_media(adapter.config_model.model_validate(channel.config), MediaRef(**media))
    try:
        return sync.run(operation, simulator=simulator_port(channel))
    except CircuitOpenError as rest:
        return TransportFailure(FailureKind.NOT_SENT, rest.code)
