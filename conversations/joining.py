"""What becomes of threads when two contacts turn out to be one person."""

from typing import Any
from uuid import UUID

from django.db.models import F

from conversations.models import Conversation, ConversationStatus, Message
from conversations.services.threads import preview, tell_pages
from core.clock import now


def unite_threads(kept_id: UUID, gone_id: UUID) -> dict[str, Any]:
    """Put both open threads on one number into one; return what is needed to part them."""
    united = []
    for theirs in Conversation.objects.filter(contact_id=gone_id).exclude(status=ConversationStatus.CLOSED):
        open_ones = Conversation.objects.exclude(status=ConversationStatus.CLOSED)
        ours = open_ones.filter(contact_id=kept_id, channel_id=theirs.channel_id).first()
        if ours is None:
            continue
        messages = [str(pk) for pk in Message.objects.filter(conversation=theirs).values_list("pk", flat=True)]
        Message.objects.filter(pk__in=messages).update(conversation=ours)
        united.append(
            {
                "thread": str(theirs.pk),
                "status": theirs.status,
                "into": str(ours.pk),
                "messages": messages,
                "unread": theirs.unread,
            }
        )
        Conversation.objects.filter(pk=theirs.pk).update(status=ConversationStatus.CLOSED, closed_at=now(), unread=0)
        Conversation.objects.filter(pk=ours.pk).update(unread=F("unread") + theirs.unread)
        if theirs.status == ConversationStatus.OPEN:
            Conversation.objects.filter(pk=ours.pk).update(status=ConversationStatus.OPEN)
        _show_newest(ours.pk)
    return {"united": united}


def part_threads(data: dict[str, Any]) -> None:
    """Give each thread its own messages back."""
    for one in data.get("united", []):
        Message.objects.filter(pk__in=one["messages"], conversation_id=one["into"]).update(
            conversation_id=one["thread"]
        )
        Conversation.objects.filter(pk=one["thread"]).update(status=one["status"], closed_at=None)
        for pk in (one["thread"], one["into"]):
            _show_newest(pk)


def _show_newest(conversation_id: UUID | str) -> None:
    """Let the columns of the list follow the messages that the thread has now."""
    rows = Message.objects.filter(conversation_id=conversation_id, direction__in=["in", "out"]).order_by("-at", "-pk")
    newest, last_in = rows.first(), rows.filter(direction="in").values_list("at", flat=True).first()
    values: dict[str, Any] = {"last_inbound_at": last_in, "last_message_at": None}
    if newest is not None:
        values |= {
            "last_message_at": newest.at, "last_message_preview": preview(newest), "last_message_direction": newest.direction,
            "last_message_state": newest.state,
        }  # fmt: skip
    Conversation.objects.filter(pk=conversation_id).update(**values)
    tell_pages(Conversation.objects.get(pk=conversation_id))
