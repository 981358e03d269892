"""Probes: alive means the process answers; ready means it can do its work."""

import contextlib
import functools
import hashlib
from collections import Counter

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from core.breaker import open_breakers
from core.redis import redis_client


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Answer without touching anything, so that a slow database restarts nobody."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Check the database and its migrations; a missing Redis degrades and is told, but does not stop the work."""
    checks = {"database": database_state(), "redis": redis_state()}
    status = 200 if checks["database"] == "ok" else 503
    answer = {"status": "ok" if status == 200 else "unavailable", "checks": checks, "resting": resting_services()}
    return JsonResponse(answer, status=status)


def resting_services() -> dict[str, int]:
    """Return the services that are left alone now, and for how many organizations; whose they are is not told."""
    return dict(sorted(Counter(one.dependency for one in open_breakers()).items()))


def database_state() -> str:
    """Return ``ok``, ``migrations missing`` or ``unavailable``."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return "ok" if _is_migrated() else "migrations missing"
    except DatabaseError:
        return "unavailable"


def _is_migrated() -> bool:
    try:
        if cache.get(migrated_key()):
            return True
    except RedisError:
        pass
    executor = MigrationExecutor(connection)
    done = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    if done:
        with contextlib.suppress(RedisError):
            cache.set(migrated_key(), 1, 60)
    return done


@functools.cache
def migrated_key() -> str:
    """Return a key that names this release's last migrations: what an older one found out says nothing of it."""
    leaves = sorted(MigrationLoader(None).graph.leaf_nodes())
    return f"health:migrated:{hashlib.sha256(repr(leaves).encode()).hexdigest()[:16]}"


def redis_state() -> str:
    """Return ``ok`` or ``degraded``: without Redis everything goes on, only later."""
    try:
        redis_client().ping()
    except RedisError:
        return "degraded"
    return "ok"
