"""Figures that take long to count: shown as they were at a moment that is told, while a job counts them again.

Whatever is small is counted when it is asked for. Of what is large only the first look waits: later ones get the last count
and, where that is older than :data:`FRESH`, let a new one begin.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.core.cache import cache
from redis.exceptions import RedisError

from core.clock import now

logger = logging.getLogger(__name__)

T = TypeVar("T")
FRESH = timedelta(seconds=60)
KEPT = timedelta(days=30)
"""Nobody waits again for what was looked at within so long."""


@dataclass(frozen=True)
class Snapshot(Generic[T]):
    """``at`` is None for what was counted just now."""

    value: T
    at: datetime | None = None


def recall(key: str, count: Callable[[], T], again: Callable[[], None], *, is_large: bool) -> Snapshot[T]:
    """Return what ``count`` finds; of something large what it found lately, calling ``again`` where that is some time ago."""
    if not is_large:
        return Snapshot(count())
    try:
        kept: Snapshot[T] | None = cache.get(_key(key))
        if kept is None or kept.at is None:
            return keep(key, count())
        # One at a time: whoever takes the mark rings, and a bell that was lost is rung again after a while.
        if now() - kept.at > FRESH and cache.add(f"{_key(key)}:again", True, FRESH.total_seconds()):
            again()
    except RedisError:
        return Snapshot(count())
    return kept


def keep(key: str, value: T) -> Snapshot[T]:
    """Keep what was counted at this moment."""
    kept = Snapshot(value, now())
    try:
        cache.set(_key(key), kept, KEPT.total_seconds())
    except RedisError:
        logger.warning("snapshot not kept", exc_info=True)
    return kept


def _key(key: str) -> str:
    return f"snapshot:{key}"
