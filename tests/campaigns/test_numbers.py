"""A campaign whose numbers were all removed goes on by another one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, Membership, Organization, User
from campaigns.errors import CampaignIncompleteError
from campaigns.models import Campaign, Recipient
from campaigns.services import lifecycle
from campaigns.services.numbers import add_number
from core.clock import now
from gateways.models import Channel

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]


@pytest.fixture
def orphan(in_acme: Organization, make_campaign: Any) -> Campaign:
    campaign: Campaign = lifecycle.start(make_campaign(3))
    gone = campaign.channels.get()
    Recipient.objects.filter(campaign=campaign).update(channel=gone, pinned=True)
    Channel.objects.filter(pk=gone.pk).update(removed_at=now(), state="disconnected")
    return campaign


def test_the_page_offers_the_numbers_and_the_rest_is_sent_by_the_chosen_one(
    orphan: Campaign, make_channel: Any, bruno: Membership, login: Login
) -> None:
    client, address = login(bruno), f"/campanhas/{orphan.pk}/"
    bare = client.get(address).content.decode()
    assert "Todos os números desta campanha foram removidos." in bare and "Conecte um número" in bare
    other = make_channel("Comercial")
    official = make_channel("Oficial", "cloud", config={})
    page = client.get(address).content.decode()
    assert (
        f'name="channel" value="{other.pk}"' in page and "Enviar por Comercial" in page and str(official.pk) not in page
    )
    done = client.post(f"{address}numeros/", {"channel": str(other.pk)}, follow=True).content.decode()
    assert "Comercial envia o que falta." in done and "foram removidos." not in done
    assert not Recipient.objects.filter(campaign=orphan, pinned=True).exists()
    assert AuditEntry.objects.get(action="campaign.number_added").data == {"number": "Comercial"}


@pytest.mark.parametrize("channel", ["", "x", "01a1fd09-13af-7a55-a1be-610ceae748d9"])
def test_a_number_that_is_none_is_refused(orphan: Campaign, bruno: Membership, login: Login, channel: str) -> None:
    answer = login(bruno).post(f"/campanhas/{orphan.pk}/numeros/", {"channel": channel}, follow=True)
    assert "Escolha outro" in answer.content.decode() and orphan.campaign_channels.count() == 1


def test_a_campaign_that_has_its_numbers_takes_no_other(
    in_acme: Organization, make_campaign: Any, make_channel: Any
) -> None:
    running = lifecycle.start(make_campaign(1))
    with pytest.raises(CampaignIncompleteError):
        add_number(running, make_channel("Comercial").pk)


def test_others_and_viewers_add_nothing(
    orphan: Campaign, make_channel: Any, vera: Membership, carla: Membership, login: Login
) -> None:
    values = {"channel": str(make_channel("Comercial").pk)}
    assert login(vera).post(f"/campanhas/{orphan.pk}/numeros/", values).status_code == 403
    assert login(carla).post(f"/campanhas/{orphan.pk}/numeros/", values).status_code == 404
    assert "campanhas/numeros" not in login(vera).get(f"/campanhas/{orphan.pk}/").content.decode()
