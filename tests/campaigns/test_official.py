"""Campaigns by an official number leave as approved templates, with each person's values."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Organization
from campaigns.errors import CampaignIncompleteError
from campaigns.models import Campaign, Recipient
from campaigns.services import lifecycle
from campaigns.services.lifecycle import VariantDraft
from gateways.models import Channel, MessageTemplate, TemplateStatus
from tests.campaigns.sending import send_until
from tests.support.fake_gateway import running
from tests.support.fake_graph import NUMBER, WABA, FakeGraph

pytestmark = pytest.mark.django_db(transaction=True)
BODY = "Oi {nome|cliente}, [temos|há] vaga amanhã. Quer?"


def official(make_channel: Any, url: str = "https://graph.facebook.com") -> Channel:
    config = {"phone_number_id": NUMBER, "waba_id": WABA, "token": "EAAtoken77aa21", "app_secret": "s", "base_url": url}
    channel: Channel = make_channel("Oficial", "cloud", config=config)
    return channel


def template(channel: Channel, body: str, **values: Any) -> MessageTemplate:
    kept = {"name": f"t{len(body)}", "status": TemplateStatus.APPROVED} | values
    made: MessageTemplate = MessageTemplate.objects.create(channel=channel, body=body, **kept)
    return made


def test_each_person_gets_the_template_with_the_own_name(
    in_acme: Organization, make_channel: Any, make_campaign: Any
) -> None:
    with running(FakeGraph()) as graph:
        channel = official(make_channel, graph.url)
        template(channel, "Oi {{1}}, temos vaga amanhã. Quer?")
        template(channel, "Oi {{1}}, há vaga amanhã. Quer?")
        campaign = lifecycle.start(make_campaign(6, channels=[channel], variants=[VariantDraft(BODY)]))
        send_until()
        sent = graph.fake.accepted
    assert len(sent) == 6 and {message["type"] for message in sent} == {"template"}
    assert {message["template"]["language"]["code"] for message in sent} == {"pt_BR"}
    assert all(message["template"]["components"][0]["parameters"][0]["text"] == "Pessoa" for message in sent)
    assert set(Recipient.objects.filter(campaign=campaign).values_list("state", flat=True)) == {"sent"}


@pytest.mark.parametrize(
    "change", [{"status": TemplateStatus.PAUSED}, {"has_media": True}, {"body": "Outro texto, {{1}}!"}]
)
def test_what_is_no_approved_template_does_not_start(
    in_acme: Organization, make_channel: Any, make_campaign: Any, change: dict[str, Any]
) -> None:
    channel = official(make_channel)
    kept = template(channel, "Oi {{1}}, temos vaga amanhã. Quer?")
    MessageTemplate.objects.filter(pk=kept.pk).update(**change)
    campaign = make_campaign(2, channels=[channel], variants=[VariantDraft("Oi {nome}, temos vaga amanhã. Quer?")])
    with pytest.raises(CampaignIncompleteError, match="não é um modelo aprovado"):
        lifecycle.start(campaign)
    assert Campaign.objects.get(pk=campaign.pk).state == "draft"


def test_the_gallery_opens_the_wizard_with_the_text(
    ana: Any, login: Any, in_acme: Organization, make_channel: Any
) -> None:
    kept = template(official(make_channel), "Oi {{1}}, temos vaga amanhã. Quer?")
    page = login(ana).get(reverse("campaigns:create"), {"modelo": str(kept.pk)}).content.decode()
    assert "Oi {nome|tudo bem}, temos vaga amanhã. Quer?" in page
