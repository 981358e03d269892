"""The chat in which a contact is told about bookings."""

from uuid import UUID

from conversations.models import Conversation, ConversationStatus, Direction, Message, Origin
from conversations.services.send import send_message
from conversations.services.threads import current_conversation
from gateways.models import Channel, ChannelRole, ChannelState
from leads.models import Contact


def thread_of(contact: Contact) -> Conversation | None:
    """Return the chat that the contact used last, else a new one on a number of ours; None without any number."""
    threads = Conversation.objects.filter(contact=contact, channel__removed_at=None)
    threads = threads.exclude(status=ConversationStatus.CLOSED).exclude(channel__role=ChannelRole.RETIRED)
    found: Conversation | None = threads.order_by("-last_message_at").first()
    if found is not None:
        return found
    channel = _number()
    if channel is None or not contact.phone:
        return None
    opened = current_conversation(contact.pk, channel.pk)
    if opened.last_message_at is None:
        # As after a campaign: nobody has to look at it before the customer answers.
        Conversation.objects.filter(pk=opened.pk, last_message_at=None).update(status=ConversationStatus.WAITING)
        opened.refresh_from_db()
    return opened


def _number() -> Channel | None:
    rows = Channel.objects.filter(removed_at=None, role=ChannelRole.ACTIVE)
    connected = rows.filter(state=ChannelState.CONNECTED).order_by("created_at").first()
    return connected or rows.exclude(state=ChannelState.CONNECTING).order_by("created_at").first()  # type: ignore[no-any-return]


def say(conversation: Conversation, text: str, key: str) -> Message:
    """Write to the chat once per key, as the automation does."""
    return send_message(conversation, body=text, author=None, origin=Origin.BOT, client_key=key)


def last_said(conversation_id: UUID | str) -> UUID | None:
    """Return the newest message that left in the chat: only what answers that one is an answer."""
    sent = Message.objects.filter(conversation_id=conversation_id, direction=Direction.OUT)
    newest: UUID | None = sent.order_by("-at", "-pk").values_list("pk", flat=True).first()
    return newest
