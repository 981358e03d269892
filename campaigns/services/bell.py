"""The bell of the senders: "look now". They look each second anyway, so a lost bell costs a second."""

import logging

from django.db import transaction
from redis.exceptions import RedisError

from core.redis import redis_client, redis_key

logger = logging.getLogger(__name__)


def bell_channel() -> str:
    """Return the name of the Redis channel that senders listen to."""
    return redis_key("senders")


def ring_senders() -> None:
    """Wake the senders once the open transaction is committed."""
    transaction.on_commit(_ring)


def _ring() -> None:
    try:
        redis_client().publish(bell_channel(), b"1")
    except RedisError:
        logger.warning("sender bell lost", exc_info=True)
