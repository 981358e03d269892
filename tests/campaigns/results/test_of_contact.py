"""Both ways: what a campaign brought stands on the contact's page, and what a contact does moves the report at once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Organization, User
from billing.charges.confirming import confirm_by_hand
from billing.models import Charge
from bookings.charges.models import ChargeLink
from campaigns import subscribers
from campaigns.models import Campaign, Recipient
from campaigns.results.lines import results_of
from campaigns.results.of_contact import campaigns_of, last_campaign_of
from campaigns.services import lifecycle
from core.clock import now
from core.tenancy import activate_organization
from sagas.outbox import publish
from sdr.events import LeadQualified
from tests.campaigns.results.conftest import MORNING, World
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]
DAY = timedelta(days=1)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the campaigns whose pages were told to look again."""
    found: list[str] = []
    monkeypatch.setattr(subscribers, "tell", lambda _organization, campaign: found.append(str(campaign)))
    return found


def test_the_contact_says_which_campaigns_wrote_and_what_they_brought(
    world: World, book_for: Any, make_campaign: Any
) -> None:
    book_for(0, MORNING + DAY)
    world.pay(0, MORNING + DAY, 18_000, refunded=1_000)
    second: Campaign = lifecycle.start(make_campaign(lists=[world.campaign.lists.get()], channels=world.channels))
    Recipient.objects.filter(campaign=second).update(state="delivered", sent_at=MORNING + 2 * DAY)
    Campaign.objects.filter(pk=second.pk).update(started_at=MORNING + 2 * DAY)
    second.refresh_from_db()
    world.pay(0, MORNING + 3 * DAY, 5_050)
    reached = campaigns_of(world.contact(0).pk)
    assert [(one.recipient.campaign_id, one.booked, one.revenue_cents) for one in reached] == [
        (second.pk, 0, 5_050),
        (world.campaign.pk, 1, 17_000),
    ]
    assert results_of(world.campaign).whole.revenue_cents == 17_000
    assert results_of(second).whole.revenue_cents == 5_050
    assert last_campaign_of(str(world.contact(0).pk)) == second.pk


def test_the_page_of_the_contact_links_to_the_report(bruno: Membership, login: Login, world: World) -> None:
    world.pay(0, MORNING + DAY, 18_000)
    page = login(bruno).get(f"/leads/{world.contact(0).pk}/").content.decode()
    assert f'href="/campanhas/{world.campaign.pk}/"' in page and "trouxe R$ 180,00" in page
    assert "Campanhas recebidas" not in login(bruno).get(f"/leads/{world.contact(5).pk}/").content.decode()


def test_campaigns_of_another_business_are_absent(carla: Membership, world: World) -> None:
    contact_id = world.contact(0).pk
    with activate_organization(carla.organization_id):
        assert campaigns_of(contact_id) == [] and last_campaign_of(str(contact_id)) is None


def test_a_qualification_moves_the_report(world: World, told: list[str]) -> None:
    publish(
        LeadQualified(
            str(world.campaign.organization_id), str(world.contact(0).pk), str(world.contact(0).pk), "quente", 90
        )
    )
    drain()
    assert told == [str(world.campaign.pk)]


def test_a_booking_and_its_end_move_the_report(world: World, told: list[str], book_for: Any) -> None:
    book_for(0, MORNING + DAY)
    drain()
    assert set(told) == {str(world.campaign.pk)}


def test_a_payment_moves_the_report(world: World, told: list[str], ana: Membership) -> None:
    charge = Charge.objects.create(
        payer_name="Bia", amount_cents=5_000, description="Limpeza", method="pix_static", pix_code="0002", state="open",
        expires_at=now() + DAY,
    )  # fmt: skip
    ChargeLink.objects.create(charge=charge, contact=world.contact(0))
    confirm_by_hand(charge.pk, actor=ana)
    drain()
    assert told == [str(world.campaign.pk)]


def test_what_somebody_does_to_whom_nobody_wrote_moves_nothing(
    in_acme: Organization, world: World, told: list[str]
) -> None:
    publish(LeadQualified(str(in_acme.pk), str(world.contact(5).pk), str(world.contact(5).pk), "frio", 10))
    drain()
    assert told == []
