"""What waited while a number was out of work leaves the oldest first, and not all at once (NUM-17, NUM-21)."""

import random
from datetime import timedelta
from uuid import UUID

from conversations.models import Message, MessageState
from core.clock import now
from core.ratelimit import check
from gateways.registry import get_adapter

LATE = timedelta(minutes=1)
# A phone that answers forty people in one second after an outage would not look like a person.
SECONDS_APART = 3


def holds_back(message_id: UUID | str) -> bool:
    """Put a late answer off when another one of its number has just left or an older one waits; tell whether it was put off."""
    at = now()
    late = Message.objects.select_related("channel").filter(pk=message_id, state=MessageState.QUEUED, at__lt=at - LATE)
    message: Message | None = late.first()
    if message is None or not get_adapter(message.channel.provider).is_paced:
        return False
    others = Message.objects.filter(channel=message.channel, state=MessageState.QUEUED)
    is_first = not others.filter(at__lt=message.at).exists()
    if (
        is_first
        and check("late-answers", str(message.channel_id), limit=1, period=SECONDS_APART, fail_open=True).allowed
    ):
        return False
    wait = SECONDS_APART * (1 + random.random())  # noqa: S311  # spread, not secrets
    Message.objects.filter(pk=message.pk, state=MessageState.QUEUED).update(
        next_attempt_at=at + timedelta(seconds=wait)
    )
    return True
