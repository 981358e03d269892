from collections.abc import Mapping

from gateways.contract import Answer, HttpCall, MediaRef, Operation
from gateways.models import Channel
from gateways.registry import get_adapter
from gateways.services.simulation import simulator_port
from gateways.transport import sync


def download(channel: Channel, media: Mapping[str, str]) -> Answer | None:
    """Fetch an inbound file from the channel's own server; None when it keeps none or the number was removed."""
    if channel.removed_at is not None:
        return None
    adapter = get_adapter(channel.provider)
    call = adapter.media_call(adapter.config_model.model_validate(channel.config), MediaRef(**media))
    return sync.run(_one(call), simulator=simulator_port(channel)) if call else None


def _one(call: HttpCall) -> Operation[Answer]:
    return (yield call)
