"""Delivery states of our messages: copied from what the gateways know, only ever forward."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from conversations.models import Conversation, Direction, Message, MessageState
from conversations.services.marketing import STOPPED, heed_stops
from conversations.services.threads import tell_pages
from gateways.contract import DeliveryUpdate
from gateways.events import WatermarkPassed
from gateways.models import Channel
from gateways.statuses import record_statuses
from leads.models import ContactIdentity

_APPLY = """
UPDATE conversations_message AS message SET
  state = CASE
    WHEN known.state IN ('delivered', 'read') AND NOT (message.state = 'read') THEN known.state
    WHEN known.state = 'sent' AND message.state IN ('queued', 'sending', 'unknown', 'sent') THEN 'sent'
    WHEN known.state = 'failed' AND message.state IN ('queued', 'sending', 'sent', 'unknown') THEN 'failed'
    ELSE message.state END,
  error = CASE WHEN known.state = 'failed' THEN known.error ELSE message.error END,
  error_code = CASE WHEN known.state = 'failed' THEN known.error_code ELSE message.error_code END,
  sent_at = COALESCE(message.sent_at, known.sent_at, known.delivered_at, known.read_at),
  delivered_at = COALESCE(message.delivered_at, known.delivered_at, known.read_at),
  read_at = COALESCE(message.read_at, known.read_at)
FROM gateways_messagestatus AS known
WHERE known.channel_id = %s AND known.external_id = ANY(%s)
  AND message.channel_id = known.channel_id AND message.external_id = known.external_id AND message.direction = 'out'
RETURNING message.id, message.conversation_id, message.state, message.at, message.error_code
"""


def apply_known_statuses(channel_id: UUID | str, external_ids: Sequence[str]) -> None:
    """Bring the messages with these provider ids to the furthest state known."""
    if not external_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_APPLY, [channel_id, list(external_ids)])
        moved = cursor.fetchall()
    for _message_id, conversation_id, state, at, _code in moved:
        Conversation.objects.filter(pk=conversation_id, last_message_at=at).update(last_message_state=state)
    conversations = {one.pk: one for one in Conversation.objects.filter(pk__in={row[1] for row in moved})}
    for conversation in conversations.values():
        tell_pages(conversation)
    heed_stops(
        (conversations[conversation_id].contact_id, message_id)
        for message_id, conversation_id, state, _at, code in moved
        if code == STOPPED and state == MessageState.FAILED
    )


def move_up_to(event: WatermarkPassed) -> None:
    """Move all our messages in a chat up to a moment to a state; some networks name the moment and not the messages."""
    at = datetime.fromisoformat(event.at)
    people = ContactIdentity.objects.filter(value=event.chat_id).values("contact_id")
    open_states = [
        MessageState.SENT,
        MessageState.UNKNOWN,
        *([MessageState.DELIVERED] if event.state == "read" else []),
    ]
    ids = Message.objects.filter(
        channel_id=event.channel_id, conversation__contact__in=people, direction=Direction.OUT, state__in=open_states,
        at__lte=at,
    ).exclude(external_id=None)  # fmt: skip
    updates = [
        DeliveryUpdate(external_id, event.state, at) for external_id in ids.values_list("external_id", flat=True)
    ]
    apply_known_statuses(event.channel_id, record_statuses(Channel.objects.get(pk=event.channel_id), updates))
