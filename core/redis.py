"""Connections to Redis; every key of the product begins with the installation's prefix."""

from functools import lru_cache

import redis
from django.conf import settings
from redis import asyncio as aioredis


@lru_cache(maxsize=1)
def redis_client() -> "redis.Redis":
    """Return the shared client; no caller waits longer than a second for a dead server."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=1, health_check_interval=30)


def async_redis_client() -> "aioredis.Redis":
    """Return a new client for an event loop; its owner closes it."""
    return aioredis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1)


def redis_key(name: str) -> str:
    """Return the name with the installation's prefix."""
    return f"{settings.REDIS_PREFIX}:{name}"
