"""Redis as a test may empty it: one server serves all workers of a run, so only their own keys."""

from core.redis import redis_client, redis_key
from tests.support.jobs import forget_jobs


def forget_keys() -> None:
    """Forget the limits, breakers, rung bells and cached values of this worker."""
    client = redis_client()
    for key in client.scan_iter(redis_key("*"), count=1000):
        client.delete(key)


def forget_redis() -> None:
    """Forget the jobs in line as well, as a Redis does that is started anew."""
    forget_jobs()
    forget_keys()
