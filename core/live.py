"""Signals for open pages: "this topic changed". The truth stays in PostgreSQL; a signal only says when to look again.

Signals go through one Redis stream per organization, whose entry ids are the cursor of the pages: after any gap a page
asks for everything since the last id it saw.
"""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from redis.exceptions import RedisError

from core.redis import redis_client, redis_key

logger = logging.getLogger(__name__)

KEPT_SIGNALS = 2_000


def stream_key(organization_id: UUID | str) -> str:
    """Return the Redis key of the organization's stream of signals."""
    return redis_key(f"org:{organization_id}:live")


def signal(organization_id: UUID | str, topic: str, data: dict[str, Any] | None = None) -> None:
    """Tell the open pages of an organization, after commit, that a topic changed."""
    signal_all(organization_id, {topic: data or {}})


def signal_all(organization_id: UUID | str, topics: Mapping[str, dict[str, Any]]) -> None:
    """Tell of several topics at once, each with its data."""
    transaction.on_commit(lambda: _send(organization_id, topics))


def _send(organization_id: UUID | str, topics: Mapping[str, dict[str, Any]]) -> None:
    try:
        with redis_client().pipeline(transaction=False) as pipeline:
            for topic, data in topics.items():
                fields: dict[Any, Any] = {"topic": topic, "data": orjson.dumps(data, default=str)}
                pipeline.xadd(stream_key(organization_id), fields, maxlen=KEPT_SIGNALS, approximate=True)
            pipeline.execute()
    except RedisError:
        # Pages poll when signals stay away, so a signal may be lost but the change that caused it may not.
        logger.warning("live signal lost", extra={"topic": next(iter(topics))}, exc_info=True)


def live_cursor(organization_id: UUID | str) -> str:
    """Return the id of the newest signal, for a page that is being rendered now; ``0-0`` when there is none."""
    try:
        newest = redis_client().xrevrange(stream_key(organization_id), count=1)
    except RedisError:
        return "0-0"
    return newest[0][0].decode() if newest else "0-0"
