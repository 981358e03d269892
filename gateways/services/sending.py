"""One message out at once: answers of people and of the SDR."""

from datetime import timedelta

from django.db.models import F

from core.breaker import CircuitOpenError
from core.clock import now
from core.ratelimit import check
from gateways import number_checks
from gateways.contract import Outcome, OutgoingMessage, SendResult
from gateways.models import Channel, ChannelState
from gateways.portfolios import room_of
from gateways.registry import get_adapter
from gateways.services.health import expect_check
from gateways.services.simulation import simulator_port
from gateways.services.states import mark_state, pause_until
from gateways.transport import sync

SHORTEST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(hours=6)
UNASKED_PAUSE = 30.0
DOUBTS_PER_MINUTE = 4
CHECK_AFTER_REFUSAL = timedelta(seconds=5)
CHECK_AFTER_DOUBTS = timedelta(seconds=30)


def send_once(channel: Channel, message: OutgoingMessage) -> SendResult:
    """Send one message through the channel's provider. The caller has committed its claim before calling this."""
    adapter = get_adapter(channel.provider)
    config = adapter.config_model.model_validate(channel.config)
    if message.template is not None and not _has_place(channel, message.phone or message.chat_id):
        return SendResult(Outcome.REFUSED, chat_id=message.chat_id, code="portfolio_limit")
    try:
        result = sync.run(adapter.send(config, message), simulator=simulator_port(channel))
    except CircuitOpenError as rest:
        # The heartbeat tells what this means for the channel; the message has not been tried and waits.
        return SendResult(Outcome.LATER, code=rest.code, detail=str(rest), retry_after_seconds=rest.retry_after)
    if result.outcome is Outcome.SENT:
        Channel.objects.filter(pk=channel.pk).update(unacked_sends=F("unacked_sends") + 1, last_sent_at=now())
    note_result(channel, message.phone, result)
    return result


def _has_place(channel: Channel, phone: str) -> bool:
    """Take one of the people whom Meta lets the business write to in 24 hours; False when there is no room."""
    with room_of(channel) as room:
        has_place = room.has_place_for(phone)
        if has_place:
            room.take([phone])
    return has_place


def note_result(channel: Channel, phone: str, result: SendResult) -> None:
    """Keep what a send taught about the channel and the number."""
    match result.outcome:
        case Outcome.INVALID_NUMBER if phone:
            number_checks.remember(channel.pk, {phone: None})
        case Outcome.SENT if phone and result.chat_id:
            number_checks.remember(channel.pk, {phone: result.chat_id})
        case Outcome.CHANNEL_DOWN:
            mark_down(channel, result)
        case Outcome.LATER:
            pause_until(channel, now() + asked_pause(result), result.detail or "429")
        case Outcome.UNKNOWN:
            _doubt(channel, result)


def asked_pause(result: SendResult) -> timedelta:
    """Return how long the provider wants to be left alone, within reason."""
    seconds = UNASKED_PAUSE if result.retry_after_seconds is None else result.retry_after_seconds
    return max(SHORTEST_PAUSE, min(timedelta(seconds=seconds), LONGEST_PAUSE))


def mark_down(channel: Channel, result: SendResult) -> None:
    """Note that the gateway itself fails; the heartbeat brings the channel back when it answers again."""
    state = result.channel_state or ChannelState.DISCONNECTED
    mark_state(channel, state, f"{result.code}: {result.detail}".strip(": "))
    expect_check(channel, CHECK_AFTER_REFUSAL)


def _doubt(channel: Channel, result: SendResult) -> None:
    # Each doubtful send is a message that nobody may repeat: a gateway that goes on failing is left alone.
    verdict = check("doubts", str(channel.pk), limit=DOUBTS_PER_MINUTE, period=60, fail_open=True)
    if not verdict.allowed:
        mark_state(channel, ChannelState.DISCONNECTED, f"unsure: {result.code} {result.detail}".strip())
        expect_check(channel, CHECK_AFTER_DOUBTS)
