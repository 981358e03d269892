"""One message out at once: answers of people and of the SDR."""

from datetime import timedelta

from core.clock import now
from gateways import number_checks
from gateways.contract import Outcome, OutgoingMessage, SendResult
from gateways.models import Channel, ChannelState
from gateways.registry import get_adapter
from gateways.services.simulation import simulator_port
from gateways.services.states import mark_state, pause_until
from gateways.transport import sync

MAX_PAUSE = timedelta(hours=6)


def send_once(channel: Channel, message: OutgoingMessage) -> SendResult:
    """Send one message through the channel's provider. The caller has committed its claim before calling this."""
    adapter = get_adapter(channel.provider)
    config = adapter.config_model.model_validate(channel.config)
    result = sync.run(adapter.send(config, message), simulator=simulator_port(channel))
    note_result(channel, message.phone, result)
    return result


def note_result(channel: Channel, phone: str, result: SendResult) -> None:
    """Keep what a send taught about the channel and the number."""
    if result.outcome == Outcome.INVALID_NUMBER:
        number_checks.remember(channel.pk, {phone: None})
    elif result.outcome == Outcome.SENT and result.chat_id:
        number_checks.remember(channel.pk, {phone: result.chat_id})
    elif result.outcome == Outcome.CHANNEL_DOWN:
        mark_down(channel, result)
    elif result.outcome == Outcome.LATER:
        seconds = timedelta(seconds=result.retry_after_seconds or 30)
        pause_until(channel, now() + min(seconds, MAX_PAUSE), result.detail or "429")


def mark_down(channel: Channel, result: SendResult) -> None:
    """Note that the gateway itself fails; the heartbeat brings the channel back when it answers again."""
    mark_state(channel, ChannelState.DISCONNECTED, f"{result.code}: {result.detail}".strip(": "))
