from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from accounts.models import Organization
from billing import services
from billing.models import Plan, Subscription, UsageDay
from core.tenancy import activate_organization

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)


@pytest.fixture
def starter(make_organization: object) -> Organization:
    organization: Organization = make_organization("Loja", plan="starter")  # type: ignore[operator]
    Plan.objects.filter(code="starter").update(daily_messages=10, monthly_messages=25)
    return organization


@pytest.mark.django_db
def test_what_is_left_of_the_day_is_granted(starter: Organization) -> None:
    assert services.reserve_messages(starter.pk, 8, at=AT).granted == 8
    grant = services.reserve_messages(starter.pk, 8, at=AT)
    assert (grant.granted, grant.reason) == (2, "daily_limit")
    assert grant.resets_at == datetime(2026, 11, 21, 3, tzinfo=UTC)


@pytest.mark.django_db
def test_the_month_ends_what_the_days_would_allow(starter: Organization) -> None:
    for day in range(3):
        services.reserve_messages(starter.pk, 10, at=AT + timedelta(days=day))
    grant = services.reserve_messages(starter.pk, 10, at=AT + timedelta(days=3))
    assert (grant.granted, grant.reason) == (0, "monthly_limit")


@pytest.mark.django_db
def test_what_was_not_sent_is_given_back(starter: Organization) -> None:
    services.reserve_messages(starter.pk, 10, at=AT)
    services.release_messages(starter.pk, 4, day=AT.date())
    assert services.reserve_messages(starter.pk, 10, at=AT).granted == 4


@pytest.mark.django_db
def test_a_trial_that_has_ended_grants_nothing(make_organization: object) -> None:
    organization: Organization = make_organization("Nova", plan="trial")  # type: ignore[operator]
    Subscription.objects.update(trial_ends_at=AT - timedelta(seconds=1))
    assert services.reserve_messages(organization.pk, 1, at=AT).reason == "trial_expired"


@pytest.mark.django_db
def test_an_organization_without_a_plan_starts_its_trial_when_asked() -> None:
    organization = Organization.objects.create(name="Recente")
    assert services.usage(organization.pk, AT).plan_name == Plan.objects.get(code="trial").name
    assert Subscription.objects.get(organization=organization).trial_ends_at is not None


@pytest.mark.django_db(transaction=True)
def test_eight_senders_at_once_never_pass_the_limit_together(starter: Organization) -> None:
    def reserve(_number: int) -> int:
        try:
            return services.reserve_messages(starter.pk, 3, at=AT).granted
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        granted = sum(pool.map(reserve, range(8)))
    with activate_organization(starter.pk):
        assert granted == 10 == UsageDay.objects.get().messages
