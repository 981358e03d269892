from datetime import datetime
from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema

from conversations.models import Conversation, Message, Origin
from conversations.queries import get_conversation, thread
from conversations.services.send import send_message
from core.pagination import keyset_page

router = Router(tags=["conversations"])
SIZE = 50


class ConversationOut(Schema):
    id: UUID
    contact_id: UUID
    channel_id: UUID
    status: str
    handler: str
    assignee: UUID | None = Field(None, alias="assigned_to_id")
    unread: int
    last_message_at: datetime | None
    last_message: str = Field("", alias="last_message_preview")


class ConversationPage(Schema):
    items: list[ConversationOut]
    next_cursor: str | None


class MessageOut(Schema):
    id: UUID
    direction: str
    origin: str
    kind: str
    body: str
    state: str
    at: datetime
    external_id: str | None
    error: str


class MessagePage(Schema):
    items: list[MessageOut]
    next_cursor: str | None


class MessageIn(Schema):
    body: str = Field(min_length=1, max_length=4096)


@router.get("/conversations", response=ConversationPage)
def list_conversations(
    request: HttpRequest,
    status: Literal["open", "waiting", "closed"] | None = None,
    assignee: UUID | None = None,
    cursor: str | None = None,
) -> object:
    rows = Conversation.objects.exclude(last_message_at=None)
    rows = rows.filter(status=status) if status else rows
    rows = rows.filter(assigned_to_id=assignee) if assignee else rows
    return keyset_page(rows, order="-last_message_at", cursor=cursor, size=SIZE)


@router.get("/conversations/{uuid:conversation_id}", response=ConversationOut)
def read_conversation(request: HttpRequest, conversation_id: UUID) -> Conversation:
    return get_conversation(conversation_id)


@router.get("/conversations/{uuid:conversation_id}/messages", response=MessagePage)
def list_messages(request: HttpRequest, conversation_id: UUID, cursor: str | None = None) -> object:
    conversation = get_conversation(conversation_id)
    rows = thread(conversation.pk).exclude(direction="event")
    return keyset_page(rows, order="-at", cursor=cursor, size=SIZE)


@router.post("/conversations/{uuid:conversation_id}/messages", response={201: MessageOut})
def create_message(request: HttpRequest, conversation_id: UUID, data: MessageIn) -> tuple[int, Message]:
    conversation = get_conversation(conversation_id)
    return 201, send_message(conversation, body=data.body, author=None, origin=Origin.HUMAN)
