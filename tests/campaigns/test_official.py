"""Campaigns by an official number leave as approved templates, with each person's values."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Organization
from campaigns.errors import CampaignIncompleteError
from campaigns.models import Campaign, Recipient
from campaigns.queries.waiting import waits
from campaigns.services import lifecycle
from campaigns.services.lifecycle import VariantDraft
from conversations.models import Conversation
from core.clock import now
from core.tenancy import activate_organization
from gateways.models import Channel, MessageTemplate, Portfolio, PortfolioContact, TemplateStatus
from gateways.portfolios import belongs_to
from leads.models import Contact
from tests.campaigns.sending import send_until
from tests.support.fake_gateway import running
from tests.support.fake_graph import NUMBER, WABA, FakeGraph, graph_error

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


def test_two_numbers_of_a_business_keep_its_limit_of_people_together(
    in_acme: Organization, make_channel: Any, make_campaign: Any
) -> None:
    with running(FakeGraph()) as graph:
        channels = [official(make_channel, graph.url) for _ in range(2)]
        for channel in channels:
            template(channel, "Oi {{1}}, temos vaga amanhã. Quer?")
            belongs_to(channel, "7700000001")
        Channel.objects.update(message_limit=7)
        written = make_campaign(
            20, channels=channels, variants=[VariantDraft("Oi {nome|cliente}, temos vaga amanhã. Quer?")]
        )
        # Who wrote to the number in the last 24 hours is free of the limit.
        person = Contact.objects.order_by("created_at").first()
        for channel in channels:
            Conversation.objects.create(contact=person, channel=channel, last_inbound_at=now())
        campaign = lifecycle.start(written)
        send_until(lambda: len(graph.fake.accepted) >= 7 and not claimed_or_free(channels[0].organization_id))
        assert len({message["to"] for message in graph.fake.accepted}) == len(graph.fake.accepted) <= 8
        assert {wait.code for _name, wait in waits(campaign)} == {"portfolio_limit"}
        assert PortfolioContact.objects.count() == 7

        PortfolioContact.objects.update(at=now() - timedelta(hours=24))
        Portfolio.objects.update(frees_at=now(), counted_at=None)
        before = len(graph.fake.accepted)
        send_until(lambda: len(graph.fake.accepted) >= before + 7 and not claimed_or_free(channels[0].organization_id))
        assert before + 7 <= len(graph.fake.accepted) <= before + 8


def claimed_or_free(organization_id: Any) -> bool:
    """Tell whether something is under way, or could be."""
    with activate_organization(organization_id):
        portfolio = Portfolio.objects.get()
        return portfolio.people < 7 or Recipient.objects.filter(state="sending").exists()


def test_who_stopped_advertising_at_whatsapp_is_left_out_from_then_on(
    in_acme: Organization, make_channel: Any, make_campaign: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(FakeGraph()) as graph:
        channel = official(make_channel, graph.url)
        template(channel, "Oi {{1}}, temos vaga amanhã. Quer?")
        monkeypatch.setattr(graph.fake, "_send", lambda *_args: graph_error(131050))
        lifecycle.start(
            make_campaign(2, channels=[channel], variants=[VariantDraft("Oi {nome|cliente}, temos vaga amanhã. Quer?")])
        )
        send_until()
    assert set(Recipient.objects.values_list("state", "error_code")) == {("failed", "131050")}
    assert Contact.objects.filter(opted_out_at=None).count() == 0
    assert all("131050" in reason for reason in Contact.objects.values_list("opt_out_reason", flat=True))
