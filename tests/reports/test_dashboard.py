from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Membership, Organization, User
from campaigns.models import Campaign, Recipient
from core.clock import now
from leads.models import Contact
from reports.queries import overview

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]


def recipients(states: dict[str, int], **values: object) -> Campaign:
    campaign: Campaign = Campaign.objects.create(name="C", state="running", started_at=now(), closed_deals=2)
    for state, count in states.items():
        for number in range(count):
            contact = Contact.objects.create(name=f"{state} {number}")
            sent = now() if state in {"sent", "delivered", "read"} else None
            Recipient.objects.create(campaign=campaign, contact=contact, state=state, sent_at=sent, **values)
    return campaign


def test_a_new_business_sees_zeros_and_its_first_step(ana: Membership, login: Login) -> None:
    page = login(ana).get("/inicio/").content.decode()
    assert "Primeiro passo" in page
    assert page.count('<span class="stat-value">0') >= 4


def test_the_six_figures_are_exact(in_acme: Organization) -> None:
    recipients({"sent": 4, "delivered": 3, "read": 1, "failed": 1, "invalid": 1, "queued": 5})
    figures = overview(in_acme, 7)
    assert (figures.messages_sent, figures.active_campaigns, figures.closed_deals) == (8, 1, 2)
    assert (figures.success_rate, figures.conversion_rate) == (80.0, 25.0)
    assert figures.leads_extracted == 15


def test_what_lies_before_the_period_is_not_counted(in_acme: Organization) -> None:
    recipients({"sent": 3})
    Recipient.objects.update(sent_at=now() - timedelta(days=8))
    assert overview(in_acme, 7).messages_sent == 0
    assert overview(in_acme, 30).messages_sent == 3


def test_the_api_says_the_same_as_the_page(ana: Membership, login: Login, in_acme: Organization) -> None:
    recipients({"sent": 2})
    answer = login(ana).get("/api/dashboard/overview")
    assert answer.json()["messages_sent"] == 2


def test_another_business_counts_nothing_of_it(carla: Membership, login: Login, in_acme: Organization) -> None:
    recipients({"sent": 2})
    assert login(carla).get("/api/dashboard/overview").json()["messages_sent"] == 0


@pytest.mark.parametrize("period", ["1", "7", "30", "90", "nonsense", "-1"])
def test_every_period_opens(period: str, vera: Membership, login: Login) -> None:
    assert login(vera).get(f"/inicio/?p={period}").status_code == 200


def test_the_page_costs_few_queries(
    ana: Membership, login: Login, in_acme: Organization, django_assert_max_num_queries: Callable[..., object]
) -> None:
    recipients({"sent": 6})
    client = login(ana)
    client.get("/inicio/")
    with django_assert_max_num_queries(26):  # type: ignore[attr-defined]
        client.get("/inicio/")
