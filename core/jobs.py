"""Background jobs: the only module that knows RQ.

Rows are the queue, RQ is the bell: what must happen is a row in PostgreSQL and a job only says "look now". Losing a job
or running it twice is therefore harmless; sweeps ring again for rows that were missed.
"""

import logging
import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from django.db import close_old_connections, connection, transaction
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from core.redis import blocking_redis_client, redis_client, redis_key
from core.tenancy import activate_organization, no_organization

logger = logging.getLogger(__name__)

QUEUES = ("urgent", "default", "sender", "ingest", "bulk")
BELL_SECONDS = 30
WORKER_WAIT_SECONDS = 420
_registry: dict[str, "Job"] = {}
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Job:
    """A function that can be run later by a worker; arguments are keyword-only JSON scalars."""

    function: Callable[..., None]
    queue: str
    timeout_seconds: int

    @property
    def name(self) -> str:
        return f"{self.function.__module__}.{self.function.__qualname__}"

    def enqueue(self, *, coalesce_key: str | None = None, **kwargs: Any) -> None:
        """Ring for this job after the transaction commits; with a key, bells that already wait are not repeated."""
        transaction.on_commit(lambda: _ring(self, coalesce_key, kwargs))

    def ring(self, *, coalesce_key: str | None = None, **kwargs: Any) -> None:
        """Ring at once, for a caller that has committed already and holds no connection to the database."""
        _ring(self, coalesce_key, kwargs)

    def __call__(self, **kwargs: Any) -> None:
        """Run the job here and now, inside the organization named by its ``organization_id``, if any."""
        organization_id = kwargs.get("organization_id")
        with activate_organization(organization_id) if organization_id else nullcontext():
            self.function(**kwargs)


def job(queue: str, *, timeout_seconds: int = 600) -> Callable[[Callable[..., None]], Job]:
    """Declare a module-level function as a job of the named queue."""
    if queue not in QUEUES:
        raise ValueError(f"unknown queue {queue!r}")

    def declare(function: Callable[..., None]) -> Job:
        declared = Job(function=function, queue=queue, timeout_seconds=timeout_seconds)
        _registry[declared.name] = declared
        return declared

    return declare


def run_job(name: str, kwargs: dict[str, Any], bell: str | None = None) -> None:
    """Entry point of the workers. The bell is put down first: work that arrives from now on rings again."""
    if bell:
        redis_client().delete(bell)
    if name not in _registry:
        import_module(name.rsplit(".", 1)[0])
    _drop_stale_connections()
    try:
        with no_organization():
            _registry[name](**kwargs)
    finally:
        _drop_stale_connections()


def _drop_stale_connections() -> None:
    # A job that is run inside somebody's transaction, as tests do, must not lose it.
    if not connection.in_atomic_block:
        close_old_connections()


def _ring(declared: Job, coalesce_key: str | None, kwargs: dict[str, Any]) -> None:
    bell = redis_key(f"bell:{_UNSAFE.sub('_', declared.name)}:{coalesce_key}") if coalesce_key else None
    try:
        if bell and not redis_client().set(bell, 1, nx=True, ex=BELL_SECONDS):
            return
        queue(declared.queue).enqueue_call(
            run_job,
            kwargs={"name": declared.name, "kwargs": kwargs, "bell": bell},
            timeout=declared.timeout_seconds,
            result_ttl=0,
            failure_ttl=86_400,
        )
    except RedisError:
        # The row that made us ring is committed; the sweep rings again once Redis is back.
        logger.warning("bell lost", extra={"job": declared.name}, exc_info=True)


@lru_cache(maxsize=len(QUEUES))
def queue(name: str) -> Queue:
    """Return the RQ queue of that name, with JSON as the only serializer."""
    return Queue(redis_key(name), connection=redis_client(), serializer=JSONSerializer)


class Worker(SimpleWorker):
    """A worker that runs jobs in its own process: forking per job costs six times more with Django loaded."""


def work(names: list[str], *, burst: bool = False) -> None:
    """Run the jobs of the named queues until told to stop."""
    # RQ waits in Redis for minutes and sets its own time-out on the connection: never on the shared one.
    connection = blocking_redis_client(WORKER_WAIT_SECONDS)
    queues = [Queue(redis_key(name), connection=connection, serializer=JSONSerializer) for name in names]
    worker = Worker(queues, connection=connection, serializer=JSONSerializer)
    worker.work(burst=burst, with_scheduler=False, logging_level="WARNING")
