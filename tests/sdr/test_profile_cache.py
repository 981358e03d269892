"""The settings of the SDR are kept in Redis, and never older than the last save."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from redis.exceptions import RedisError

from accounts.models import Membership, Organization
from core.tenancy import activate_organization
from sdr.models import SdrProfile
from sdr.services import profile_cache
from sdr.services.profile_cache import read_profile
from sdr.services.profiles import get_profile, update_profile

FIELDS = [field.attname for field in SdrProfile._meta.concrete_fields]


def values(profile: SdrProfile) -> dict[str, Any]:
    return {name: getattr(profile, name) for name in FIELDS}


def test_what_is_kept_is_the_row_and_costs_no_query(in_acme: Organization) -> None:
    update_profile(
        get_profile(), {"services": [{"name": "Limpeza", "price_cents": 100}], "area": ["Cambuí"], "hours": "9h"}
    )
    read_profile()
    read_profile()
    with CaptureQueriesContext(connection) as captured:
        kept = read_profile()
    assert list(captured.captured_queries) == []
    assert values(kept) == values(get_profile())
    assert kept == get_profile()


def test_a_save_is_seen_at_once(in_acme: Organization) -> None:
    read_profile()
    for enabled in (False, True):
        update_profile(get_profile(), {"enabled": enabled})
        assert read_profile().enabled is enabled


@pytest.mark.django_db(transaction=True)
def test_what_was_read_while_a_save_was_on_its_way_is_not_kept_after_it(acme: Organization) -> None:
    with activate_organization(acme.pk):
        profile = get_profile()
        key = profile_cache._version(acme.pk)
        begun = profile_cache.redis_client().get(key)
        update_profile(profile, {"city": "Campinas"})
        # Once when it was written and once when others could see it: who read between the two kept it under a version that is gone.
        assert int(profile_cache.redis_client().get(key) or 0) - int(begun or 0) == 2
        assert read_profile().city == "Campinas"


def test_nobody_elses_is_found(in_acme: Organization, carla: Membership) -> None:
    update_profile(get_profile(), {"city": "Campinas"})
    read_profile()
    with activate_organization(carla.organization_id):
        assert read_profile().city == ""


def test_what_is_only_read_cannot_be_saved(in_acme: Organization) -> None:
    read_profile()
    with pytest.raises(TypeError):
        read_profile().save()


@pytest.mark.parametrize("call", ["get", "set", "incr"])
def test_without_redis_the_row_is_read(in_acme: Organization, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    class Dead:
        def __getattr__(self, name: str) -> Callable[..., None]:
            def fail(*arguments: Any, **options: Any) -> None:
                raise RedisError(name)

            return fail

    monkeypatch.setattr(profile_cache, "redis_client", Dead)
    update_profile(get_profile(), {"city": call})
    assert read_profile().city == call
