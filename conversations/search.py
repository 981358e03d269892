"""Search in message bodies: folded words in a stored vector, the organization among them so that one index serves all."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from conversations.models import Message
from core.tenancy import current_organization_id
from core.text import fold


def index_message(message: Message) -> None:
    """Fill the message's search vector."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_message SET search = to_tsvector('simple', %s) WHERE id = %s",
            [searchable(message.organization_id, message.body), message.pk],
        )


def searchable(organization_id: UUID, body: str) -> str:
    """Return the text whose words are indexed."""
    return f"org{organization_id.hex} {fold(body)[:20_000]}"


def words_of(query: str) -> list[str]:
    """Return the words of a search as they are stored."""
    cleaned = "".join(letter if letter.isalnum() else " " for letter in fold(query))
    return cleaned.split()[:6]


def conversations_with(query: str, limit: int = 200) -> Iterable[UUID]:
    """Return the threads whose messages hold all words of the query, newest first."""
    words = words_of(query)
    if not words:
        return []
    # Only the last word may be unfinished: looking for beginnings of words costs far more than for whole ones.
    wanted = [*words[:-1], f"{words[-1]}:*" if len(words[-1]) > 3 else words[-1]]
    tsquery = " & ".join([f"org{current_organization_id().hex}", *wanted])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conversation_id FROM conversations_message WHERE search @@ to_tsquery('simple', %s) "
            "AND organization_id = %s ORDER BY at DESC LIMIT %s",
            [tsquery, current_organization_id(), limit],
        )
        return list(dict.fromkeys(row[0] for row in cursor.fetchall()))
