"""Official numbers of one business share the people that Meta lets it write to in 24 hours: so do they in the plan."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import Organization
from billing.models import Plan as SoldPlan
from campaigns.queries.forecast import plan
from core.clock import now
from gateways.models import Portfolio, PortfolioContact

pytestmark = pytest.mark.django_db


@pytest.fixture
def numbers(in_acme: Organization, make_channel: Any) -> list[Any]:
    SoldPlan.objects.update(daily_messages=None, monthly_messages=None)
    business = Portfolio.objects.create(external_id="123")
    return [
        make_channel(name, "cloud", config={}, gap_ms=1_000, portfolio=business, message_limit=250)
        for name in ("Um", "Dois")
    ]


def test_two_numbers_of_one_business_have_one_limit(in_acme: Organization, numbers: list[Any]) -> None:
    found = plan(numbers, 400, {}, in_acme.pk)
    assert found is not None
    assert found.ends_at is not None
    first = [one for one in found.hours if one.first_at < now() + timedelta(hours=23)]
    assert sum(one.count for one in first) == 250
    assert found.ends_at >= now() + timedelta(hours=23, minutes=55)
    assert sum(found.by_channel().values()) == 400


def test_who_was_written_to_in_the_last_day_takes_room(in_acme: Organization, numbers: list[Any]) -> None:
    at: datetime = now() - timedelta(hours=2)
    PortfolioContact.objects.bulk_create(
        PortfolioContact(organization=in_acme, portfolio=numbers[0].portfolio, phone=f"+55{n}", at=at)
        for n in range(240)
    )
    found = plan(numbers, 20, {}, in_acme.pk)
    assert found is not None
    early = [one for one in found.hours if one.first_at < now() + timedelta(hours=20)]
    assert sum(one.count for one in early) == 10
    assert found.ends_at is not None
    assert found.ends_at > now() + timedelta(hours=20)
