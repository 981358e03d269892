"""Redis forgets everything, or is gone, while a campaign runs: it is a bell and a stopwatch, never the record."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Organization
from billing.models import Plan
from campaigns.models import Campaign, CampaignState
from campaigns.queries import stats
from campaigns.services import lifecycle
from config.embedded import ensure_services, stop_services
from core.redis import redis_client
from core.tenancy import activate_organization
from tests.faults.conftest import MakeGateway, forget_clients
from tests.faults.scene import REACHED, campaign_to, connect, finish, people, phones_in
from tests.faults.senders import Senders, until

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

FLUSHES, PEOPLE = 5, 240


@pytest.fixture
def hasty(make_organization: Callable[..., Organization]) -> Organization:
    """An organization whose plan allows 50 messages a second: each of its sends asks Redis for its moment."""
    Plan.objects.filter(code="starter").update(daily_messages=None, monthly_messages=None, messages_per_minute=3_000)
    return make_organization("Apressada", plan="starter")


def test_flushing_redis_in_the_middle_loses_nobody_and_doubles_nobody(
    hasty: Organization, senders: Senders, make_gateway: MakeGateway
) -> None:
    gateway = make_gateway("um", "dois", latency_ms=10)
    with activate_organization(hasty.pk):
        channels = [connect(gateway, name) for name in ("um", "dois")]
        campaign = lifecycle.resume(campaign_to(people(PEOPLE), channels))
        pair = [senders.start(), senders.start()]
        forgotten = []
        for number in range(FLUSHES):
            share = PEOPLE * (number + 1) // (FLUSHES + 1)
            until(lambda: gateway.count() >= share, "its share is sent")  # noqa: B023
            assert gateway.count() < PEOPLE
            forgotten.append(redis_client().dbsize())
            redis_client().flushall()
        for sender in pair:
            until(lambda: gateway.count() >= PEOPLE, "everything is sent")
            sender.stop()
        finish(senders, [campaign])
        print(f"keys forgotten: {forgotten}")
        assert sum(forgotten) > 0
        assert gateway.twice() == []
        assert stats(campaign).sent == len(gateway.hits()) == PEOPLE
        assert phones_in(campaign, *REACHED) == set(gateway.phones())
        assert Campaign.objects.get(pk=campaign.pk).state == CampaignState.COMPLETED


@pytest.fixture
def mortal_redis(tmp_path: Path, settings: Any) -> Any:
    """A Redis of this test alone, which may be ended."""
    settings.REDIS_URL = ensure_services(tmp_path, postgres=False).redis_url
    forget_clients()
    yield tmp_path
    stop_services(tmp_path)
    forget_clients()


def test_without_redis_a_limited_plan_waits_and_sends_the_rest_when_it_is_back(
    hasty: Organization, senders: Senders, make_gateway: MakeGateway, mortal_redis: Path, settings: Any
) -> None:
    gateway = make_gateway("um", latency_ms=10)
    with activate_organization(hasty.pk):
        campaign = lifecycle.resume(campaign_to(people(150), [connect(gateway, "um")]))
        sender = senders.start(redis_url=settings.REDIS_URL)
        until(lambda: gateway.count() >= 40, "some are sent")
        stop_services(mortal_redis)
        # What was reserved before may leave; then nobody knows how much this minute has seen, and nothing leaves.
        quiet_since = settle_down(gateway.count)
        assert 40 <= quiet_since < 150
        ensure_services(mortal_redis, postgres=False)
        until(lambda: gateway.count() == 150, "the rest is sent")
        sender.stop()
        finish(senders, [campaign], redis_url=settings.REDIS_URL)
        assert gateway.twice() == []
        assert stats(campaign).sent == 150


def settle_down(count: Callable[[], int]) -> int:
    """Wait until nothing more was counted for two seconds, and return the count."""
    seen = [-1, 0.0]

    def is_quiet() -> bool:
        if count() != seen[0]:
            seen[:] = [count(), time.monotonic()]
        return time.monotonic() - seen[1] > 2

    until(is_quiet, "nothing is sent any more")
    return int(seen[0])
