"""The pages of charges and of how a business gets paid, in a real browser: both themes, wide and narrow, by keyboard."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Membership, Organization
from billing.charges.confirming import confirm_by_hand
from billing.charges.creating import ChargeDraft
from billing.models import Charge, ChargeState
from bookings.charges.services import Occasion, ask_payment, give_back
from conversations.models import Conversation
from conversations.services.threads import current_conversation
from core.clock import now
from core.phones import match_key
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelState
from leads.models import Contact
from tests.billing.charging import connect_focus, connect_pix
from tests.support.jobs import drain, forget_jobs

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PEOPLE = [("Rita Prado", 18_000, "Limpeza"), ("João Batista de Almeida Prado", 1_250_00, "Clareamento a laser, 3 sessões"),
          ("Bia", 4_990, "Avaliação"), ("Carlos Eduardo", 32_000, "Canal"), ("Dona Neide", 7_500, "Retorno")]  # fmt: skip
Window = Callable[..., Page]


@pytest.fixture(autouse=True, scope="module")
def _beside_a_loop() -> Iterator[None]:
    """The browser's driver keeps an event loop in this thread, which Django takes for asynchronous code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def places(acme: Organization, ana: Membership) -> dict[str, str]:
    """A business with a charge of every kind; addresses by name."""
    forget_jobs()
    with activate_organization(acme.pk):
        connect_pix()
        connect_focus(issue_at="never")
        chat = _chat(acme)
        charges = [_charge(chat.contact, *one, actor=ana) for one in PEOPLE]
        drain()
        for paid in charges[1:3]:
            confirm_by_hand(paid.pk, actor=ana)
        drain()
        give_back(charges[2].pk, actor=ana)
        Charge.objects.filter(pk=charges[3].pk).update(state=ChargeState.EXPIRED)
        drain()
    found = {name: reverse(f"charges:{name}") for name in ("list", "create")}
    found |= {name: reverse(f"billing:{name}") for name in ("payments", "fiscal")}
    found |= {
        name: reverse("charges:charge", args=[charge.pk])
        for name, charge in zip(("open", "paid", "back"), charges, strict=False)
    }
    return found | {
        "contact": reverse("leads:contact", args=[chat.contact_id]), "chat": reverse("conversations:conversation", args=[chat.pk]),
        "pay": reverse("billing:pay", args=[charges[0].public_token]),
    }  # fmt: skip


def _chat(acme: Organization) -> Conversation:
    phone = "+5511988887777"
    rita = Contact.objects.create(name="Rita Prado", phone=phone, phone_key=match_key(phone))
    channel = Channel(organization_id=acme.pk, provider="simulator", name="Recepção", state=ChannelState.CONNECTED)
    channel.config = {"speed": 1000, "replies": False}
    channel.save()
    return current_conversation(rita.pk, channel.pk)


def _charge(contact: Contact, name: str, cents: int, what: str, *, actor: Membership) -> Charge:
    until = now() + timedelta(days=5)
    draft = ChargeDraft(name, cents, what, "pix_static", until, phone="(11) 98888-7777", email="rita@example.com")
    return ask_payment(draft, Occasion(contact=contact), actor=actor)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_pages_are_accessible_and_fit(
    places: dict[str, str], window: Window, ana: Membership, width: int, theme: str
) -> None:
    for name, path in places.items():
        page = window(ana, path, width, color_scheme=theme)
        if folder := os.environ.get("PROSA_SHOTS"):
            page.screenshot(path=str(Path(folder) / f"{name}-{width}-{theme}.png"), full_page=True)
        found = Axe().run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in {"serious", "critical"}] == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide at {width}"


def test_a_charge_by_keyboard_from_the_contact_to_the_receipt(
    places: dict[str, str], window: Window, ana: Membership, acme: Organization
) -> None:
    page = window(ana, places["contact"])
    page.locator("#t-charges").locator("xpath=../..").get_by_role("link", name="Cobrar").press("Enter")
    page.get_by_label("Valor").fill("R$ 90,00")
    page.get_by_label("Referente a").fill("Consulta")
    page.get_by_label("Referente a").press("Enter")
    page.wait_for_url("**/cobrancas/*-*/")
    expect(page.locator("h1")).to_have_text("R$ 90,00")
    page.get_by_role("button", name="O dinheiro caiu na conta").press("Enter")
    expect(page.locator("#charge")).to_contain_text("confirmada por Ana")
    with activate_organization(acme.pk):
        drain()
    page.reload()
    expect(page.locator("#charge")).to_contain_text("Recibo pelo WhatsApp")


def test_filters_work_while_typing(places: dict[str, str], window: Window, ana: Membership) -> None:
    page = window(ana, places["list"])
    page.get_by_label("Procurar cobranças").fill("clareamento")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "q=clareamento" in page.url
