"""What one drain may use of the plan's messages, and what it gives back."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from billing.models import Plan, UsageDay
from campaigns.sender.quota import PlanQuota
from core.tenancy import activate_organization

pytestmark = pytest.mark.django_db
ZONE = "America/Sao_Paulo"
MIDNIGHT = datetime(2026, 3, 11, 3, tzinfo=UTC)
YESTERDAY, TODAY = date(2026, 3, 10), date(2026, 3, 11)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MIDNIGHT - timedelta(seconds=1), tick=False) as traveller:
        yield traveller


@pytest.fixture
def quota(clock: Any, make_organization: Any) -> Iterator[PlanQuota]:
    Plan.objects.filter(code="starter").update(daily_messages=10, monthly_messages=None, messages_per_minute=None)
    organization = make_organization("Pequena", plan="starter")
    with activate_organization(organization.pk):
        yield PlanQuota(organization.pk, ZONE)


def used() -> dict[date, int]:
    return {day: count for day, count in UsageDay.objects.values_list("day", "messages") if count}


def test_what_was_claimed_yesterday_and_comes_back_today_is_not_sent_out_of_todays_messages(
    quota: PlanQuota, clock: Any
) -> None:
    assert quota.ask(6) == (6, "")
    quota.claimed(6)
    yesterday = quota.day
    clock.move_to(MIDNIGHT + timedelta(seconds=1))
    assert quota.ask(4) == (4, "")
    quota.claimed(4)
    quota.settled(yesterday, sent=2, unused=4)
    assert quota.ask(20) == (6, "daily_limit")
    quota.claimed(6)
    quota.settled(TODAY, sent=10, unused=0)
    quota.release()
    assert used() == {YESTERDAY: 2, TODAY: 10}


def test_what_was_reserved_and_not_claimed_goes_back_to_its_day(quota: PlanQuota, clock: Any) -> None:
    assert quota.ask(8) == (8, "")
    quota.claimed(3)
    clock.move_to(MIDNIGHT + timedelta(seconds=1))
    assert quota.ask(2) == (2, "")
    quota.settled(YESTERDAY, sent=3, unused=0)
    quota.release()
    assert used() == {YESTERDAY: 3}


def test_a_plan_without_limits_counts_what_left(quota: PlanQuota) -> None:
    Plan.objects.filter(code="starter").update(daily_messages=None)
    free = PlanQuota(quota.organization_id, ZONE)
    assert free.ask(500) == (500, "")
    free.claimed(500)
    free.settled(YESTERDAY, sent=480, unused=20)
    free.release()
    assert used() == {YESTERDAY: 480}
