"""Threads: found or opened, and the columns by which the inbox lists them."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from conversations.models import Conversation, ConversationStatus, Direction, Message
from conversations.services.number_changes import note_number_changes
from core.live import signal


def current_conversation(contact_id: UUID, channel_id: UUID) -> Conversation:
    """Return the contact's thread on the channel that is not closed, opening one when there is none."""
    threads = Conversation.objects.exclude(status=ConversationStatus.CLOSED)
    found: Conversation | None = threads.filter(contact_id=contact_id, channel_id=channel_id).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            opened: Conversation = Conversation.objects.create(contact_id=contact_id, channel_id=channel_id)
            note_number_changes([contact_id], [channel_id])
            return opened
    except IntegrityError:
        # Two messages of one person arrived at once; the unique index let only one of them open the thread.
        again: Conversation = threads.get(contact_id=contact_id, channel_id=channel_id)
        return again


def show_as_last(conversation: Conversation, message: Message) -> None:
    """Put a message into the columns of the list, unless a later one is there already."""
    inbound = message.direction == Direction.IN
    rows = Conversation.objects.filter(pk=conversation.pk)
    if inbound:
        rows.update(
            unread=F("unread") + 1,
            status=ConversationStatus.OPEN,
            last_inbound_at=message.at,
            closed_at=None,
        )
    if message.direction in {Direction.IN, Direction.OUT}:
        rows.exclude(last_message_at__gt=message.at).update(
            last_message_at=message.at,
            last_message_preview=preview(message),
            last_message_direction=message.direction,
            last_message_state=message.state,
        )
    tell_pages(conversation)


def tell_pages(conversation: Conversation) -> None:
    """Let open pages look at the conversation and at the list again."""
    signal(conversation.organization_id, f"conversation:{conversation.pk}")
    signal(conversation.organization_id, "inbox")


def preview(message: Message) -> str:
    """Return one line of the message for the list."""
    return one_line(message.body) or f"[{message.kind}]"


def one_line(body: str) -> str:
    return " ".join(body.split())[:160]
