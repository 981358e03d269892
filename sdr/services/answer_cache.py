"""Common answers are paid for once: the same business, the same words and the same state get the same answer for a day.

Only openings are kept ("oi", "quanto custa?"): later on no two conversations are alike. Messages are named by their place, never
by their id, so that an answer fits the next customer who says the same.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from redis.exceptions import RedisError

from core.redis import redis_client, redis_key
from core.text import search_text
from sdr.contract import BusinessProfile, ChatMessage, Fact, Sentiment, Turn, Usage

logger = logging.getLogger(__name__)

LONGEST = 4
# A name or an address is somebody's: an answer to one is never kept.
IMPERSONAL = frozenset({"interest", "urgency", "knowledge"})
LIFE_SECONDS = 24 * 3600


def cache_key(
    organization_id: UUID | str, model: str, profile: BusinessProfile, history: Sequence[ChatMessage],
    known: Mapping[str, Fact], now: datetime,
) -> str:  # fmt: skip
    """Return the key of this state of a conversation, or an empty text where an answer would fit nobody else."""
    if len(history) > LONGEST or known:
        return ""
    # The part of the day is in the greeting, the date in "para sexta".
    said = [(message.author, search_text(message.text)) for message in history]
    state = repr((model, profile, said, now.date(), now.hour // 6))
    return redis_key(f"org:{organization_id}:sdr:answer:{hashlib.sha256(state.encode()).hexdigest()}")


def recall(key: str, history: Sequence[ChatMessage]) -> Turn | None:
    """Return the answer kept under the key, with this conversation's messages as the evidence."""
    if not key:
        return None
    try:
        kept = redis_client().get(key)
    except RedisError:
        logger.warning("answer cache not read", exc_info=True)
        return None
    return _revive(orjson.loads(kept), history) if kept else None


def keep(key: str, turn: Turn, history: Sequence[ChatMessage]) -> None:
    """Keep an answer; one that calls a person, or that learnt who or where somebody is, is never kept."""
    if not key or turn.human_reason or not turn.reply or set(turn.facts) - IMPERSONAL:
        return
    places = {message.id: place for place, message in enumerate(history)}
    facts = {name: [fact.value, fact.level, places[fact.message_id]] for name, fact in turn.facts.items()}
    data = {"reply": turn.reply, "facts": facts, "sentiment": turn.sentiment, "unanswered": turn.unanswered,
            "model": turn.usage.model}  # fmt: skip
    try:
        redis_client().set(key, orjson.dumps(data), ex=LIFE_SECONDS)
    except RedisError:
        logger.warning("answer not kept", exc_info=True)


def _revive(data: Mapping[str, Any], history: Sequence[ChatMessage]) -> Turn:
    facts = {
        name: Fact(value, level, history[place].id, history[place].text[:160])
        for name, (value, level, place) in data["facts"].items()
    }
    usage = Usage(data["model"])
    return Turn(data["reply"], facts, Sentiment(data["sentiment"]), unanswered=data["unanswered"], usage=usage)
