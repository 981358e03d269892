"""Connecting numbers and writing official templates in a real browser: both themes, wide and narrow, QR code live."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import Membership, Organization
from conversations.models import Conversation, ConversationStatus, Direction, Message, Origin
from core.clock import now
from core.tenancy import activate_organization
from gateways.access import PROVIDERS
from gateways.models import Channel, MessageTemplate, TemplateStatus
from leads.models import Contact
from leads.services.joining import join_contacts
from tests.support.fake_evolution import FakeEvolution
from tests.support.fake_gateway import running
from tests.support.fake_graph import NUMBER, WABA, FakeGraph
from tests.support.jobs import drain
from tests.support.journeys import until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CLOUD = {
    "phone_number_id": NUMBER,
    "waba_id": WABA,
    "token": "EAAtoken77aa21",
    "app_secret": "appsecret12345",
    "verify_token": "v3r1fy",
}
SERVER = {"base_url": "http://127.0.0.1:9", "api_key": "chave", "instance": "loja-1"}


def make(provider: str, config: dict[str, Any], **values: Any) -> Channel:
    channel = Channel(
        provider=provider,
        name=values.pop("name", "Recepção"),
        state_at=now(),
        next_check_at=now() + timedelta(days=1),
        **values,
    )
    channel.organization_id = Organization.objects.get(name="Acme").pk
    channel.config = config
    channel.save()
    return channel


@pytest.fixture
def places(acme: Organization, ana: Membership) -> Iterator[dict[str, str]]:
    """The pages by name, with something on each."""
    with activate_organization(acme.pk):
        scan = make(
            "evolution",
            SERVER,
            state="qr_required",
            qr="2@abcdefghijklmnopqrstuvwxyz0123456789,code",
            pairing_code="ABCD-EFGH",
        )
        official = make("cloud", CLOUD, name="Oficial", state="connecting")
        works = make(
            "cloud",
            CLOUD,
            name="Matriz",
            state="connected",
            phone="+551130000002",
            connected_at=now(),
            quality="GREEN",
            message_limit=2000,
        )
        body = "Oi {{1}}, sua consulta é amanhã às {{2}}. Confirma?"
        rows = [("lembrete", "approved", "GREEN", ""), ("promo_julho", "rejected", "", "INCORRECT_CATEGORY"), ("boas_vindas", "pending", "", ""),
                ("retorno", "draft", "", ""), ("aviso", "paused", "RED", "")]  # fmt: skip
        for name, status, quality, reason in rows:
            MessageTemplate.objects.create(
                channel=works, name=name, body=body, footer="Clínica Sorriso", examples=["Maria", "15h"], status=status,
                quality=quality, reason=reason, buttons=[{"type": "QUICK_REPLY", "text": "Confirmar"}, {"type": "QUICK_REPLY", "text": "Remarcar"}],
            )  # fmt: skip
        threads = {}
        for name, hours in (("Paula", 3), ("Rui", 30)):
            at = now() - timedelta(hours=hours)
            contact = Contact.objects.create(
                name=name, phone=f"+55119999988{hours:02}", phone_key=f"55119999988{hours:02}"
            )
            thread = Conversation.objects.create(
                contact=contact, channel=works, status=ConversationStatus.OPEN, last_inbound_at=at, last_message_at=at
            )
            Message.objects.create(
                conversation=thread,
                channel=works,
                direction=Direction.IN,
                origin=Origin.CUSTOMER,
                body="Quanto custa?",
                at=at,
                state="received",
            )
            threads[name] = reverse("conversations:conversation", args=[thread.pk])
        Contact.objects.create(name="Paula S.", search="paula s")
        joins = f"{reverse('leads:contact-joins', args=[contact.pk])}?q=paula"
        join_contacts(contact, Contact.objects.create(name="Rui antigo"), actor=None)
    wizard = {code: reverse("gateways:channel-create", args=[code]) for code in PROVIDERS}
    yield {
        "formas": reverse("gateways:channel-new"), **wizard,
        "escanear": reverse("gateways:channel-connect", args=[scan.pk]),
        "oficial": reverse("gateways:channel-connect", args=[official.pk]),
        "conectado": reverse("gateways:channel-connect", args=[works.pk]),
        "modelos": reverse("gateways:templates"), "galeria": reverse("gateways:template-gallery"),
        "escrever": reverse("gateways:template-create"), "juntar": joins, "janela": threads["Paula"], "fechada": threads["Rui"],
    }  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_reads_well(places: dict[str, str], window: Any, ana: Membership, width: int, theme: str) -> None:
    for name, path in places.items():
        page = window(ana, path, width, color_scheme=theme)
        if folder := os.environ.get("PROSA_SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"{name}-{width}-{theme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
        found = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == [], name


def test_a_code_is_scanned_and_the_page_says_so_by_itself(
    window: Any, ana: Membership, live_server: Any, settings: Any
) -> None:
    settings.BASE_URL = live_server.url
    with running(FakeEvolution()) as evolution:
        page = window(ana, reverse("gateways:channel-create", args=["evolution"]))
        for name, value in {
            "name": "Loja",
            "base_url": evolution.url,
            "api_key": "chave",
            "instance": "loja-1",
        }.items():
            page.locator(f"[name={name}]").fill(value)
        page.get_by_role("button", name="Mostrar o QR").click()
        page.wait_for_url("**/conectar/")
        drain()
        expect(page.locator("svg.qr")).to_be_visible()
        evolution.fake.scan("loja-1")
        until(lambda: Channel.unscoped.get(provider="evolution").state == "connected")
        expect(page.get_by_role("status").get_by_text("Loja está conectado")).to_be_visible()


def test_a_template_from_the_first_word_to_the_approval(
    window: Any, ana: Membership, acme: Organization, live_server: Any, settings: Any
) -> None:
    settings.BASE_URL = live_server.url
    fake = FakeGraph()
    with running(fake, tell_url=lambda url: setattr(fake, "url", url)) as graph, activate_organization(acme.pk):
        channel = make("cloud", CLOUD | {"base_url": graph.url}, name="Oficial", state="connected", connected_at=now())
        fake.hook_url = live_server.url + reverse("hook", args=["cloud", channel.hook_token])
        page = window(ana, reverse("gateways:template-create"))
        page.locator("[name=name]").fill("lembrete")
        page.locator("[name=body]").fill("Oi {{1}}, sua consulta é amanhã. Confirma?")
        expect(page.locator("#preview")).to_contain_text("um exemplo para cada lacuna")
        page.locator("[name=examples]").fill("Maria")
        expect(page.locator("#preview")).to_contain_text("Oi Maria, sua consulta é amanhã")
        expect(page.locator("#preview")).to_contain_text("está certo")
        page.get_by_role("button", name="Salvar rascunho").click()
        page.get_by_role("button", name="Enviar para aprovação").click()
        expect(page.locator("#rows")).to_contain_text("em análise")
        # Nobody reloads anything: the decision is in the list, and told wherever somebody is.
        other = window(ana, reverse("gateways:channels"))
        fake.decide("lembrete", "APPROVED")
        until(lambda: MessageTemplate.objects.get().status == TemplateStatus.APPROVED, 60)
        drain()
        expect(page.locator("#rows")).to_contain_text("aprovado")
        expect(other.locator(".toast")).to_contain_text("A Meta aprovou o modelo lembrete")
        expect(other.get_by_role("link", name="1 aviso novo")).to_be_visible()
        thread = closed_window(channel)
        page.goto(reverse("conversations:conversation", args=[thread.pk]))
        page.locator("summary", has_text="sua consulta é amanhã").click()
        expect(page.get_by_label("Lacuna 1")).to_have_value("Rui")
        page.get_by_role("button", name="Enviar modelo").click()
        until(lambda: fake.accepted, 60)
        expect(page.locator(".bubble", has_text="Oi Rui, sua consulta é amanhã. Confirma?")).to_be_visible()
    assert fake.accepted[0]["template"]["name"] == "lembrete"


def closed_window(channel: Channel) -> Conversation:
    """Return a conversation whose person wrote more than a day ago."""
    contact = Contact.objects.create(name="Rui", phone="+5511999998830", phone_key="5511999998830")
    at = now() - timedelta(hours=30)
    thread: Conversation = Conversation.objects.create(
        contact=contact, channel=channel, status=ConversationStatus.OPEN, last_inbound_at=at, last_message_at=at
    )
    return thread
