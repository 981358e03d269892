"""What sends and acknowledgements say of a number's health. "Connected" is a claim; this is the evidence."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F, Value

from core.clock import now
from gateways.contract import DeliveryUpdate
from gateways.models import Channel, ChannelState
from gateways.registry import get_adapter
from gateways.services.states import mark_state, pause_until
from gateways.statuses import CONFIRMED

SILENT_AFTER_SENDS = 10
BANNED_AFTER_FAILURES = 5

# Meta's codes for a locked or blocked account, and for too many blocks by people.
STOP_CODES = frozenset({"368", "131031"})
SPAM_LIMIT, SPAM_REST = "131048", timedelta(hours=1)

NO_ACKS = "no_acks"
FAILED_ACKS = "failed_acks"


def note_events(channel: Channel, updates: Sequence[DeliveryUpdate], *, at: datetime) -> None:
    """Note that the channel was heard of, and what its provider confirmed or refused."""
    rows = Channel.objects.filter(pk=channel.pk)
    confirmed = any(update.state in CONFIRMED for update in updates)
    _note_stops(channel, updates)
    streak, was_broken = failed_streak([update.state for update in updates])
    changes: dict[str, object] = {"last_event_at": at}
    if confirmed:
        changes |= {"last_ack_at": at, "unacked_sends": 0, "silent_since": None}
    if was_broken or streak:
        changes["failed_streak"] = Value(streak) if was_broken else F("failed_streak") + streak
    rows.update(**changes)
    if (
        streak
        and get_adapter(channel.provider).is_paced
        and rows.filter(failed_streak__gte=BANNED_AFTER_FAILURES).exists()
    ):
        mark_state(channel, ChannelState.RESTRICTED, FAILED_ACKS)
    elif confirmed and channel.state_reason == NO_ACKS:
        mark_state(channel, ChannelState.CONNECTED, "")


def _note_stops(channel: Channel, updates: Sequence[DeliveryUpdate]) -> None:
    """Official numbers hear of their own restrictions in the states of their messages."""
    if not get_adapter(channel.provider).sends_templates:
        return
    codes = {update.error_code for update in updates}
    if stop := next((code for code in codes if code in STOP_CODES), ""):
        mark_state(channel, ChannelState.RESTRICTED, stop)
    elif SPAM_LIMIT in codes:
        pause_until(channel, now() + SPAM_REST, SPAM_LIMIT)


def failed_streak(states: Sequence[str]) -> tuple[int, bool]:
    """Return how many refusals end the run of states, and whether a confirmation came before them."""
    streak = 0
    for state in reversed(states):
        if state in CONFIRMED:
            return streak, True
        streak += state == "failed"
    return streak, False
