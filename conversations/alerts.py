"""What a person wants to be told of at once: hot leads, and conversations that wait for somebody."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Q

from accounts.models import Membership
from conversations.models import Conversation, ConversationStatus, Direction, Handler, Message

HOT, WAITING = "hot", "waiting"
MOST = 20
# What was written in a transaction that ended late is found by the next look; pages tell no alert twice.
OVERLAP = timedelta(seconds=10)
OLDEST = timedelta(hours=1)
TALKED = timedelta(minutes=15)
TOLD = ("qualified", "needs_human")


@dataclass(frozen=True)
class Alert:
    """``key`` is the same however often an alert is found, and different for each that is to be told."""

    key: str
    kind: str
    conversation: Conversation


def cursor_of(at: datetime) -> int:
    """Return a moment as pages carry it, in milliseconds."""
    return int(at.timestamp() * 1000)


def moment_of(cursor: str, now: datetime) -> datetime:
    """Return the moment of a page's cursor; one that cannot be read or is long past tells only of what comes now."""
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 14:
        return now
    at = datetime.fromtimestamp(int(cursor) / 1000, UTC)
    return at if now - OLDEST <= at <= now else now


def alerts_of(member: Membership, since: datetime) -> list[Alert]:
    """Return what has come up since then for a member, by their own wishes, the newest first and one for each conversation."""
    user = member.user
    wanted = {kind for kind, wants in ((HOT, user.alert_hot), (WAITING, user.alert_waiting)) if wants}
    if not wanted:
        return []
    theirs = {row.pk: row for row in _conversations_of(member, since)}
    found: dict[UUID, Alert] = {}
    for message in _news(theirs, since):
        alert = Alert(f"{message.pk}", _kind(message), theirs[message.conversation_id])
        known = found.get(message.conversation_id)
        if alert.kind in wanted and (known is None or alert.kind == HOT != known.kind):
            found[message.conversation_id] = alert
    return list(found.values())[:MOST]


def _conversations_of(member: Membership, since: datetime) -> Iterable[Conversation]:
    """Return the open ones that talked lately, are in nobody else's hands and not in those of the SDR."""
    mine = Q(assigned_to=member) | Q(assigned_to=None, team=None) | Q(assigned_to=None, team__in=member.teams.all())
    rows = Conversation.objects.filter(mine, status=ConversationStatus.OPEN, last_message_at__gte=since - TALKED)
    rows = rows.exclude(handler=Handler.BOT, needs_human="").select_related("contact")
    return rows.order_by("-last_message_at")[: 5 * MOST]


def _news(conversations: Iterable[UUID], since: datetime) -> Iterable[Message]:
    said = Q(direction=Direction.IN) | Q(direction=Direction.EVENT, data__code__in=TOLD)
    rows = Message.objects.filter(said, conversation_id__in=list(conversations), created_at__gte=since - OVERLAP)
    return rows.only("conversation_id", "direction", "data").order_by("-created_at", "-pk")


def _kind(message: Message) -> str:
    is_hot = message.data.get("code") == "qualified" and message.data.get("temperature") == "quente"
    return HOT if is_hot else WAITING
