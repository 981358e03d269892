"""Inbound messages become contacts, threads and bubbles; each provider id becomes one bubble, however often it comes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from conversations.events import CustomerReplied, HumanReplied
from conversations.models import (
    Conversation,
    Direction,
    Handler,
    Message,
    MessageState,
    Origin,
)
from conversations.search import index_message
from conversations.services.changes import apply_change
from conversations.services.echoes import confirm_by_echo
from conversations.services.media import expect_file
from conversations.services.names import wonder
from conversations.services.threads import current_conversation, show_as_last
from gateways.events import MessagesReceived
from leads.models import Contact
from leads.services.contacts import find_or_create_contact
from sagas.outbox import publish

SOURCE = "whatsapp"


def handle_messages(event: MessagesReceived) -> None:
    """Store a batch of one channel."""
    for received in event.messages:
        if received["from_api"]:
            confirm_by_echo(event.channel_id, received)
            continue
        if not Message.objects.filter(channel_id=event.channel_id, external_id=received["external_id"]).exists():
            _store(event, received)
    for change in event.changes:
        apply_change(event.channel_id, change)


def _store(event: MessagesReceived, received: dict[str, Any]) -> None:
    contact, _created = find_or_create_contact(
        phone=received["phone"],
        identities=received["identities"],
        name=received["name"],
        source=received.get("source") or SOURCE,
    )
    conversation = current_conversation(contact.pk, UUID(event.channel_id))
    message = _bubble(conversation, received)
    if received["from_me"]:
        _typed_on_the_phone(conversation, message)
        return
    Contact.objects.filter(pk=contact.pk).update(last_seen_at=message.at)
    wonder(conversation, contact)
    show_as_last(conversation, message)
    publish(
        CustomerReplied(
            event.organization_id,
            conversation_id=str(conversation.pk),
            contact_id=str(contact.pk),
            channel_id=event.channel_id,
            message_id=str(message.pk),
            text=message.body,
            at=message.at.isoformat(),
            is_old=received["is_old"],
        )
    )


def _bubble(conversation: Conversation, received: dict[str, Any]) -> Message:
    from_me = received["from_me"]
    message: Message = Message.objects.create(
        conversation=conversation,
        channel_id=conversation.channel_id,
        direction=Direction.OUT if from_me else Direction.IN,
        origin=Origin.PHONE if from_me else Origin.CUSTOMER,
        kind=received["kind"],
        body=received["text"],
        state=MessageState.SENT if from_me else MessageState.RECEIVED,
        external_id=received["external_id"],
        reply_to_external_id=received["reply_to"],
        at=datetime.fromisoformat(received["at"]),
        data={"recovered": True} if received["is_old"] else {},
    )
    index_message(message)
    if media := received["media"]:
        expect_file(message, received["kind"], media)
    return message


def _typed_on_the_phone(conversation: Conversation, message: Message) -> None:
    # Whoever types on the phone itself has taken the conversation over; the SDR must not talk on top.
    Conversation.objects.filter(pk=conversation.pk).update(handler=Handler.HUMAN, paused_until=None)
    show_as_last(conversation, message)
    publish(HumanReplied(str(conversation.organization_id), str(conversation.pk), str(message.pk)))
