"""What the inbox reads: one query per list, whatever its length."""

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import and_
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from accounts.models import Membership
from conversations.models import Conversation, ConversationStatus, Direction, Handler, Message, Origin
from conversations.search import conversations_with
from leads.queries import contacts, search_words

# What a row of the list shows; the rest of four tables would cost more than the query itself.
LIST_COLUMNS = (
    "organization_id", "status", "handler", "unread", "needs_human", "last_message_at", "last_message_preview",
    "last_message_direction", "last_message_state", "contact__name", "contact__phone", "contact__temperature", "contact__score",
    "channel__provider",
    "assigned_to__user__name",
)  # fmt: skip
FEW_PEOPLE = 500
FOLDERS = ("open", "mine", "unassigned", "needs_human", "bot", "waiting", "closed")


def waiting_for_people() -> int:
    """Return how many open conversations hold something unread that the SDR does not take care of."""
    rows = Conversation.objects.filter(status=ConversationStatus.OPEN, unread__gt=0)
    count: int = rows.exclude(handler=Handler.BOT, needs_human="").count()
    return count


@dataclass(frozen=True)
class HistoryLine:
    """One message of a thread as the SDR reads it; ``author`` is customer, bot, human or campaign."""

    message_id: str
    author: str
    text: str
    at: datetime


def get_conversation(conversation_id: UUID) -> Conversation:
    """Return a conversation of the active organization; a foreign one is as absent as one that never was."""
    rows = Conversation.objects.select_related("contact", "channel", "assigned_to__user", "team")
    found: Conversation | None = rows.filter(pk=conversation_id).first()
    if found is None:
        raise Http404
    return found


def inbox(
    folder: str, *, member: Membership | None, search: str = "", team_id: UUID | None = None
) -> "QuerySet[Conversation]":
    """Return a folder's conversations, unordered; a search looks through every folder."""
    rows = Conversation.objects.select_related("contact", "channel", "assigned_to__user").only(*LIST_COLUMNS)
    if search.strip():
        return rows.filter(Q(pk__in=conversations_with(search)) | _with_people(search)).exclude(last_message_at=None)
    if team_id:
        rows = rows.filter(team_id=team_id)
    match folder:
        case "closed" | "waiting":
            return rows.filter(status=folder).exclude(last_message_at=None)
        case "mine":
            rows = rows.filter(assigned_to=member)
        case "unassigned":
            rows = rows.filter(assigned_to=None)
        case "needs_human":
            rows = rows.exclude(needs_human="")
        case "bot":
            rows = rows.filter(handler="bot")
    return rows.filter(status=ConversationStatus.OPEN).exclude(last_message_at=None)


def _with_people(search: str) -> Q:
    """Return the condition that the contact is found; a few are looked up first, many are met soon beside their threads."""
    few = list(contacts(search=search).order_by().values_list("pk", flat=True)[: FEW_PEOPLE + 1])
    if len(few) <= FEW_PEOPLE:
        return Q(contact_id__in=few)
    named = [Q(contact__search__contains=word) for word in search_words(search)]
    return reduce(and_, named, Q(contact__anonymised_at=None))


def thread(conversation_id: UUID) -> "QuerySet[Message]":
    """Return the messages of a conversation, unordered."""
    return Message.objects.filter(conversation_id=conversation_id).prefetch_related("attachments")


def spoken(conversation_id: UUID) -> "QuerySet[Message]":
    """Return what the two sides have said to each other and not taken back, unordered."""
    rows = Message.objects.filter(conversation_id=conversation_id, direction__in=[Direction.IN, Direction.OUT])
    return rows.exclude(data__has_key="revoked_at")


def history(conversation_id: UUID, limit: int = 80) -> list[HistoryLine]:
    """Return the newest messages, oldest first, without notes and event lines."""
    return _lines(spoken(conversation_id), limit)


def earlier(conversation: Conversation, limit: int = 20) -> list[HistoryLine]:
    """Return the newest messages of the contact's other conversations, at whatever number they were, oldest first."""
    others = Conversation.objects.filter(contact_id=conversation.contact_id).exclude(pk=conversation.pk)
    said = Message.objects.filter(conversation__in=others, direction__in=[Direction.IN, Direction.OUT])
    return _lines(said.exclude(data__has_key="revoked_at"), limit)


def _lines(rows: "QuerySet[Message]", limit: int) -> list[HistoryLine]:
    newest = list(rows.order_by("-at", "-pk")[:limit])
    authors = {Origin.PHONE: "human", Origin.CUSTOMER: "customer", Origin.HUMAN: "human", Origin.BOT: "bot"}
    return [
        HistoryLine(str(m.pk), authors.get(Origin(m.origin), "campaign"), m.body or f"[{m.kind}]", m.at)
        for m in reversed(newest)
    ]
