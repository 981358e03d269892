"""Deals are put down to the message that a contact got, where the contact is looked at, and add up in the report."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, Membership, Organization, User
from campaigns.models import Campaign, Recipient
from campaigns.results.lines import WAYS, results_of
from campaigns.services import lifecycle
from campaigns.services.deals import adjust_deals, set_won, won_by
from conversations.models import Conversation
from core.clock import now
from core.tenancy import activate_organization
from leads.services.erasure import anonymise

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]


@pytest.fixture
def sent(in_acme: Organization, make_campaign: Any) -> Campaign:
    campaign: Campaign = lifecycle.start(make_campaign(3))
    channel = campaign.channels.get()
    Recipient.objects.filter(campaign=campaign).update(state="read", sent_at=now(), channel=channel)
    return campaign


def first(campaign: Campaign) -> Recipient:
    found: Recipient = Recipient.objects.filter(campaign=campaign).order_by("position")[0]
    return found


def deals(campaign: Campaign) -> int:
    return Campaign.objects.get(pk=campaign.pk).closed_deals


def test_a_deal_of_a_person_counts_once_and_is_taken_back(sent: Campaign, bruno: Membership) -> None:
    one = first(sent)
    for _click in range(2):
        set_won(one, True, actor=bruno)
    assert deals(sent) == 1 and won_by(sent) == {one.variant_id: 1}
    for _click in range(2):
        set_won(one, False, actor=bruno)
    assert deals(sent) == 0 and not won_by(sent)
    assert AuditEntry.objects.filter(action="campaign.deals").count() == 2


def test_the_count_by_hand_stays_above_the_deals_of_people(sent: Campaign) -> None:
    set_won(first(sent), True)
    adjust_deals(sent, 2)
    assert [adjust_deals(sent, -1) for _click in range(4)] == [2, 1, 1, 1]


def test_a_further_step_to_the_same_person_is_no_further_deal(sent: Campaign) -> None:
    one = first(sent)
    again = Recipient.objects.create(
        campaign=sent, contact_id=one.contact_id, step=2, position=9, state="sent", sent_at=now()
    )
    set_won(one, True)
    set_won(again, True)
    assert deals(sent) == 1
    set_won(again, False)
    assert deals(sent) == 0 and not Recipient.objects.exclude(won_at=None).exists()


def test_deals_add_up_by_wording_number_and_hour_and_survive_the_erasing_of_data(sent: Campaign) -> None:
    one = first(sent)
    set_won(one, True)
    anonymise(one.contact, actor=None)
    sent.refresh_from_db()
    for way in WAYS:
        found = results_of(sent, way)
        assert found.whole.people.won == sum(line.people.won for line in found.lines) == 1


def test_the_chat_and_the_contact_mark_it_and_the_report_shows_it(
    sent: Campaign, bruno: Membership, login: Login
) -> None:
    one, client = first(sent), login(bruno)
    chat = Conversation.objects.create(contact=one.contact, channel=one.channel, status="open")
    address = f"/campanhas/{sent.pk}/destinatarios/{one.pk}/negocio/"
    for page in (f"/conversas/{chat.pk}/", f"/leads/{one.contact_id}/"):
        assert address in client.get(page).content.decode()
    marked = client.post(address, {"won": "1"}, headers={"HX-Request": "true"}).content.decode()
    assert "Negócio fechado" in marked and 'value="0"' in marked
    report = client.get(f"/campanhas/{sent.pk}/?situacao=won").content.decode()
    assert "1 marcado no contato, 0 à mão" in report and "Fecharam negócio" in report
    assert one.contact.name in report
    assert client.post(address, {"won": "0"}).headers["Location"] == f"/leads/{one.contact_id}/"
    assert deals(sent) == 0


def test_viewers_see_it_and_others_know_nothing_of_it(
    sent: Campaign, vera: Membership, carla: Membership, bruno: Membership, login: Login
) -> None:
    one = first(sent)
    address = f"/campanhas/{sent.pk}/destinatarios/{one.pk}/negocio/"
    set_won(one, True)
    assert login(vera).post(address, {"won": "0"}).status_code == 403
    page = login(vera).get(f"/leads/{one.contact_id}/").content.decode()
    assert "Negócio fechado" in page and address not in page
    assert login(carla).post(address, {"won": "0"}).status_code == 404
    assert login(bruno).get(address).status_code == 405
    Recipient.objects.filter(pk=one.pk).update(sent_at=None, won_at=None)
    assert login(bruno).post(address, {"won": "1"}).status_code == 404
    with activate_organization(sent.organization_id):
        assert deals(sent) == 1
