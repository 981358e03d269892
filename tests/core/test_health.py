import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from redis.exceptions import ConnectionError as NoRedisError

from core import health


@pytest.mark.django_db
def test_alive_never_asks_the_database(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert client.get("/health/live").status_code == 200


@pytest.mark.django_db
def test_ready_when_everything_is_there(client: Client) -> None:
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "checks": {"database": "ok", "redis": "ok"}, "resting": {}}


@pytest.mark.django_db
def test_not_ready_before_the_last_migration(client: Client) -> None:
    cache.delete(health.migrated_key())
    last = max(name for app, name in MigrationRecorder(connection).applied_migrations() if app == "sagas")
    MigrationRecorder(connection).record_unapplied("sagas", last)
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "migrations missing"


@pytest.mark.django_db
def test_a_missing_database_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "unavailable"


@pytest.mark.django_db
def test_a_missing_redis_degrades_but_does_not_stop(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def ping(self) -> None:
            raise NoRedisError("gone")

    monkeypatch.setattr(health, "redis_client", Gone)
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["checks"]["redis"] == "degraded"
