"""The report of a campaign in a real browser: what only a browser sends, keeps or forgets."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from accounts.models import Membership, Organization
from campaigns.models import Campaign, Recipient
from campaigns.provenance.links import token_of
from campaigns.services import lifecycle
from campaigns.services.drafts import VariantDraft, create_campaign
from conversations.models import Conversation
from core.clock import now
from leads.models import Contact, ListMembership
from leads.services.lists import create_list
from tests.support.jobs import forget_jobs
from tests.support.thread import simulator

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Page]


@pytest.fixture
def sent(in_acme: Organization) -> Campaign:
    """A campaign that is over: one read, one failed."""
    forget_jobs()
    channel, chosen = simulator(replies=False), create_list("Pacientes", actor=None)
    people = [Contact.objects.create(name=name, phone=f"+551998888000{n}") for n, name in enumerate(("Bia", "Rui"))]
    for one in people:
        ListMembership.objects.create(contact_list=chosen, contact=one)
    draft = create_campaign(
        name="Novembro", variants=[VariantDraft("Oi, {nome}!")], list_ids=[chosen.pk], channel_ids=[channel.pk]
    )
    campaign: Campaign = lifecycle.start(draft)
    rows = Recipient.objects.filter(campaign=campaign)
    rows.update(state="read", sent_at=now(), channel=channel)
    rows.filter(contact=people[1]).update(state="failed", external_id="x1")
    lifecycle.complete_if_done(campaign.pk)
    return campaign


def first(campaign: Campaign) -> Recipient:
    found: Recipient = Recipient.objects.select_related("contact").get(campaign=campaign, contact__name="Bia")
    return found


def test_who_got_the_message_leaves_on_a_phone_without_a_log_in(
    browser: Browser, live_server: Any, sent: Campaign
) -> None:
    one = first(sent)
    for scripts in (False, True):
        context = browser.new_context(
            base_url=live_server.url,
            locale="pt-BR",
            viewport={"width": 390, "height": 844},
            java_script_enabled=scripts,
        )
        page = context.new_page()
        page.goto(reverse("origin:page", args=[token_of(one.pk)]))
        if not scripts:
            page.get_by_role("button", name="Não quero mais receber").click()
        expect(page.get_by_role("status")).to_contain_text("Você está fora.")
        context.close()
    assert Contact.objects.get(pk=one.contact_id).is_opted_out


def test_going_back_over_filters_works_and_complains_of_nothing(
    sent: Campaign, bruno: Membership, window: Open
) -> None:
    page = window(bruno, reverse("campaigns:campaign", args=[sent.pk]))
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.locator("#recipients .chips a", has_text="Falharam").click()
    expect(page.locator("#recipients [aria-current=true]").first).to_contain_text("Falharam")
    page.go_back()
    expect(page.locator("#recipients [aria-current=true]").first).to_contain_text("Todos")
    assert errors == []


def test_a_deal_is_marked_in_the_chat_and_stands_in_the_report(sent: Campaign, bruno: Membership, window: Open) -> None:
    one = first(sent)
    chat = Conversation.objects.create(contact=one.contact, channel=sent.channels.get(), status="open")
    page = window(bruno, reverse("conversations:conversation", args=[chat.pk]))
    page.get_by_role("button", name="Fechou negócio").click()
    expect(page.locator(f"#won-{one.pk}")).to_contain_text("Negócio fechado")
    page.goto(reverse("campaigns:campaign", args=[sent.pk]))
    expect(page.locator("#report")).to_contain_text("1 marcado no contato, 0 à mão")
    expect(page.locator("#deal-less")).to_be_disabled()


def test_a_page_that_is_open_leaves_when_the_campaign_is_deleted(sent: Campaign, ana: Membership, window: Open) -> None:
    page = window(ana, reverse("campaigns:campaign", args=[sent.pk]))
    expect(page.locator("#report")).to_be_visible()
    lifecycle.delete(sent)
    page.locator("#recipients .chips a", has_text="Falharam").click()
    page.wait_for_url("**/campanhas/")
    expect(page.get_by_text("Esta campanha foi apagada.").first).to_be_visible()
