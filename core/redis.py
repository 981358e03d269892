"""Connections to Redis; every key of the product begins with the installation's prefix.

Redis is never the truth (rows are), so nobody waits for it: a dead server costs a caller one second at most.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

PATIENCE_SECONDS = 1.0


def _once_more() -> Retry:
    # An idle connection that the server closed is worth a second try; a server that does not answer is not.
    return Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))


@lru_cache(maxsize=1)
def redis_client() -> "redis.Redis[bytes]":
    """Return the shared client; no caller waits longer than a second for a dead server."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        health_check_interval=30,
        retry=_once_more(),
    )


def blocking_redis_client(seconds: float) -> "redis.Redis[bytes]":
    """Return a new client for commands that wait on the server up to ``seconds``; its owner closes it."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=seconds + PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=_once_more(),
    )


def async_redis_client(*, blocking_seconds: float = 0) -> "aioredis.Redis[bytes]":
    """Return a new client for an event loop; its owner closes it. Give the longest time that a command may block."""
    return aioredis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=blocking_seconds + PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=AsyncRetry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )


def run_script(script: str, keys: Sequence[str], arguments: Sequence[float | str]) -> Any:
    """Run a Lua script whole or not at all; raises :class:`redis.exceptions.RedisError`."""
    client: Any = redis_client()
    return client.register_script(script)(keys, arguments)


def redis_key(name: str) -> str:
    """Return the name with the installation's prefix."""
    return f"{settings.REDIS_PREFIX}:{name}"
