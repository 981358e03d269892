"""Search in message bodies: folded words in a stored vector, each beginning with a key of its organization.

The key makes one index of words serve all organizations at the price of one: words of others, however common, are never
read. Two ways lead to the newest messages with some words. Passing through the newest ones until enough are found is
quick for common words; fetching every match from the index of words and sorting is quick for rare ones. PostgreSQL left
alone mistakes one for the other, for its statistics know few of the words; so the newest thousand messages decide.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection

from conversations.models import Message
from core.tenancy import current_organization_id
from core.text import fold

HITS: Final = 100
SAMPLE: Final = 1_000
# A match from the index of words costs, for each word, as much as so many messages passed on the way through the newest.
FETCHED: Final = 4
LONGEST_TEXT, LONGEST_WORD, MOST_WORDS = 20_000, 60, 6
_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")

# The limit inside makes the planner read the index by time; the rest alone could have it sort all messages.
_NEWEST: Final = """
SELECT conversation_id FROM (
  SELECT conversation_id, search, at FROM conversations_message WHERE organization_id = %s ORDER BY at DESC LIMIT %s
) AS newest WHERE search @@ %s::tsquery ORDER BY at DESC LIMIT %s
"""
# OFFSET 0 keeps the planner from reading the index by time here.
_EVERYWHERE: Final = """
SELECT conversation_id FROM (
  SELECT conversation_id, organization_id, at FROM conversations_message WHERE search @@ %s::tsquery OFFSET 0
) AS found WHERE organization_id = %s ORDER BY at DESC LIMIT %s
"""
_MESSAGES: Final = "EXPLAIN (FORMAT JSON) SELECT FROM conversations_message WHERE organization_id = %s"


def index_message(message: Message) -> None:
    """Fill the message's search vector."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_message SET search = array_to_tsvector(string_to_array(%s, ' ')) WHERE id = %s",
            [searchable(message.organization_id, message.body), message.pk],
        )


def searchable(organization_id: UUID, body: str) -> str:
    """Return what is indexed of a body: words with the key of the organization, one space between them."""
    key = _key(organization_id)
    return " ".join(f"{key}{word}" for word in _words(body[:LONGEST_TEXT]))


def words_of(query: str) -> list[str]:
    """Return the words of a search, as they are in the bodies."""
    return _words(query)[:MOST_WORDS]


def _words(text: str) -> list[str]:
    plain = "".join(letter if letter.isalnum() else " " for letter in fold(text))
    return [word[:LONGEST_WORD] for word in plain.split()]


def _key(organization_id: UUID) -> str:
    """Return six letters; two organizations that share them pay for each other's words and find only their own."""
    return organization_id.hex[-6:].translate(_LETTERS)


def conversations_with(query: str, limit: int = HITS) -> Iterable[UUID]:
    """Return the threads of the newest messages that hold all words of the query, newest first."""
    words = words_of(query)
    if not words:
        return []
    return list(dict.fromkeys(_Search(current_organization_id(), words, limit).run()))


@dataclass(frozen=True)
class _Search:
    organization_id: UUID
    words: list[str]
    limit: int

    @property
    def wanted(self) -> str:
        key = _key(self.organization_id)
        # Only the last word may be unfinished, and not while it is so short that most words begin with it.
        end = ":*" if len(self.words[-1]) > 3 else ""
        return " & ".join(f"'{key}{word}'" for word in self.words) + end

    def run(self) -> list[UUID]:
        found = self._newest(SAMPLE)
        if len(found) < self.limit and (reach := self._reach(len(found))):
            found = self._newest(reach)
        return found if len(found) >= self.limit else self._everywhere()

    def _newest(self, reach: int) -> list[UUID]:
        return _ids(_NEWEST, [self.organization_id, reach, self.wanted, self.limit])

    def _everywhere(self) -> list[UUID]:
        return _ids(_EVERYWHERE, [self.wanted, self.organization_id, self.limit])

    def _reach(self, in_sample: int) -> int:
        """Return among how many of the newest messages enough are expected; 0 if fetching all matches is sooner done."""
        if not in_sample:
            return 0
        passed = self.limit * SAMPLE // in_sample
        matches = in_sample / SAMPLE * _messages_of(self.organization_id)
        is_sooner = passed < FETCHED * len(self.words) * matches
        # Twice as far as expected, for the sample is a guess.
        return 2 * passed if is_sooner else 0


def _ids(statement: str, values: list[Any]) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]


def _messages_of(organization_id: UUID) -> int:
    """Return about how many messages an organization has; the planner knows without counting."""
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES, [organization_id])
        return int(cursor.fetchone()[0][0]["Plan"]["Plan Rows"])
