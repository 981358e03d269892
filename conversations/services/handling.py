"""Who handles a conversation, and its ends."""

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import Membership, Team
from conversations.events import ConversationClosed
from conversations.models import Conversation, ConversationStatus, Direction, Handler, Message, MessageState, Origin
from conversations.search import index_message
from conversations.services.threads import tell_pages
from core.clock import now
from sagas.outbox import publish

PAUSE = timedelta(hours=4)


@transaction.atomic
def set_handler(
    conversation: Conversation, handler: Handler, *, actor: Membership | None, until: datetime | None = None
) -> None:
    """Give the conversation to the SDR or to a person, or pause the SDR until a time."""
    conversation.handler = handler
    conversation.paused_until = (until or now() + PAUSE) if handler == Handler.PAUSED else None
    if handler == Handler.BOT:
        conversation.needs_human = ""
    conversation.save(update_fields=["handler", "paused_until", "needs_human"])
    add_event(conversation, f"handler_{handler}", actor=actor)


@transaction.atomic
def assign(
    conversation: Conversation, *, member: Membership | None = None, team: Team | None = None,
    actor: Membership | None = None,
) -> None:  # fmt: skip
    """Give the conversation to a person or a team; None leaves that side as it is."""
    if member is not None:
        conversation.assigned_to = member
    if team is not None:
        conversation.team = team
    conversation.save(update_fields=["assigned_to", "team"])
    add_event(conversation, "assigned", actor=actor, to=str(member or team or ""))


@transaction.atomic
def close(conversation: Conversation, *, actor: Membership | None) -> None:
    """End the conversation; the contact's next message opens a new one."""
    if conversation.status == ConversationStatus.CLOSED:
        return
    conversation.status, conversation.closed_at, conversation.closed_by = ConversationStatus.CLOSED, now(), actor
    conversation.unread = 0
    conversation.save(update_fields=["status", "closed_at", "closed_by", "unread"])
    add_event(conversation, "closed", actor=actor)
    publish(ConversationClosed(str(conversation.organization_id), str(conversation.pk)))


@transaction.atomic
def reopen(conversation: Conversation, *, actor: Membership | None) -> Conversation:
    """Open a closed conversation again, or return the newer one that the contact has opened meanwhile."""
    newer: Conversation | None = (
        Conversation.objects.filter(contact_id=conversation.contact_id, channel_id=conversation.channel_id)
        .exclude(status=ConversationStatus.CLOSED)
        .first()
    )
    if newer is not None:
        return newer
    conversation.status, conversation.closed_at = ConversationStatus.OPEN, None
    conversation.save(update_fields=["status", "closed_at"])
    add_event(conversation, "reopened", actor=actor)
    return conversation


@transaction.atomic
@transaction.atomic
def add_note(conversation: Conversation, body: str, *, author: Membership, client_key: str = "") -> Message:
    """Write something that only the team sees. The same ``client_key`` twice is the same note once."""
    if client_key and (known := Message.objects.filter(client_key=client_key).first()):
        return known  # type: ignore[no-any-return]
    try:
        with transaction.atomic():
            note: Message = Message.objects.create(
                conversation=conversation, channel_id=conversation.channel_id, direction=Direction.NOTE, origin=Origin.HUMAN,
                body=body.strip(), author=author, author_name=author.user.first_name, state=MessageState.RECEIVED, at=now(),
                client_key=client_key or None,
            )  # fmt: skip
    except IntegrityError:
        return Message.objects.get(client_key=client_key)  # type: ignore[no-any-return]
    index_message(note)
    tell_pages(conversation)
    return note


def add_event(conversation: Conversation, code: str, *, actor: Membership | None = None, **params: Any) -> None:
    """Put a centred line into the thread; pages turn the code into words."""
    Message.objects.create(
        conversation=conversation, channel_id=conversation.channel_id, direction=Direction.EVENT, origin=Origin.SYSTEM,
        author=actor, author_name=actor.user.first_name if actor else "", state=MessageState.RECEIVED, at=now(),
        data={"code": code, **params},
    )  # fmt: skip
    tell_pages(conversation)


def mark_read(conversation: Conversation) -> None:
    """Say that a person has seen the thread."""
    if Conversation.objects.filter(pk=conversation.pk, unread__gt=0).update(unread=0):
        tell_pages(conversation)
