"""Numbers that come and go while somebody looks: a code that is scanned, a ban that another number makes good, a drill."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Membership, Organization
from core.clock import now
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelRole, ChannelState, MissingSpan, PoolDrill
from gateways.services.states import log_event, mark_state
from tests.browser.test_main_job import sign_up
from tests.support.fake_waha import Running, fake_waha
from tests.support.jobs import drain
from tests.support.journeys import beat, until

pytestmark = pytest.mark.browser


@pytest.fixture
def waha(tmp_path: Path) -> Iterator[Running]:
    with fake_waha(tmp_path / "history.jsonl", key="chave-da-loja") as found:
        found.fake.needs_scan = True
        yield found


def stays(page: Page) -> None:
    """From here on the page may not be loaded anew."""
    page.evaluate("window.stays = true")


def stayed(page: Page) -> bool:
    return bool(page.evaluate("window.stays === true"))


@pytest.mark.django_db(transaction=True)
def test_a_phone_is_connected_by_its_code_while_one_looks(
    window: Any, ana: Membership, waha: Running, live_server: Any, settings: Any
) -> None:
    settings.BASE_URL = live_server.url
    page = window(ana, reverse("gateways:channel-create", args=["waha"]))
    for name, value in {"name": "Recepção", "base_url": waha.url, "api_key": "chave-da-loja"}.items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_role("button", name="Mostrar o QR").click()
    page.wait_for_url("**/conectar/")
    stays(page)
    drain()
    code = page.locator("svg.qr path")
    expect(code).to_be_visible()
    first = str(code.get_attribute("d"))

    waha.fake.code = "2@another,code,of,twenty,seconds,later"
    beat()
    expect(code).not_to_have_attribute("d", first)

    requests.post(f"{waha.url}/_status", json={"status": "WORKING"}, timeout=10).raise_for_status()
    until(lambda: Channel.unscoped.get(provider="waha").state == ChannelState.CONNECTED, 60)
    expect(page.get_by_role("status").get_by_text("Recepção está conectado")).to_be_visible()
    assert stayed(page)


@pytest.fixture
def pool(acme: Organization) -> dict[str, Channel]:
    """A number that sends and one in reserve."""
    found = {}
    with activate_organization(acme.pk):
        for name, role in (("Recepção", ChannelRole.ACTIVE), ("Reserva", ChannelRole.STANDBY)):
            found[name] = Channel(
                organization=acme, provider="waha", name=name, role=role, state=ChannelState.CONNECTED, state_at=now(),
                connected_at=now() - timedelta(days=60), next_check_at=now() + timedelta(days=1),
            )  # fmt: skip
            found[name].config = {"base_url": "http://127.0.0.1:9", "session": name[:3]}
            found[name].save()
    return found


@pytest.mark.django_db(transaction=True)
def test_a_ban_is_seen_as_it_happens_with_who_takes_over(
    window: Any, ana: Membership, acme: Organization, pool: dict[str, Channel]
) -> None:
    page = window(ana, reverse("gateways:channels"))
    main, reserve = (page.locator(f"#number-{pool[name].pk}") for name in ("Recepção", "Reserva"))
    expect(main.locator(".badge")).to_have_text("Ativo")
    stays(page)
    with activate_organization(acme.pk):
        mark_state(pool["Recepção"], ChannelState.RESTRICTED, "ban")
    drain()
    expect(main.locator(".badge[data-tone=danger]")).to_have_text("Em descanso")
    expect(reserve.locator("li", has_text="No lugar de")).to_contain_text("Recepção")
    expect(reserve.locator(".badge")).to_have_text("Substituindo")
    expect(page.locator(".toast")).to_contain_text("Recepção foi restringido pelo WhatsApp")
    expect(page.locator(".toast")).to_contain_text("Reserva assumiu o lugar dele")
    bell = page.get_by_role("link", name="1 aviso novo")
    expect(bell).to_be_visible()
    assert stayed(page)
    bell.click()
    expect(page.locator("#notices")).to_contain_text("Recepção foi restringido pelo WhatsApp")
    expect(page.get_by_role("link", name="Avisos", exact=True)).to_be_visible()


def test_a_drill_shows_its_seconds_and_keeps_them(page: Page) -> None:
    sign_up(page, "Ensaio")
    page.goto("/numeros/reserva/")
    expect(page.locator("#pool")).to_contain_text("Nenhum teste ainda")
    page.get_by_role("button", name="Começar o teste").click()
    stays(page)
    result = page.locator("#pool li", has_text="Outro número continuou")
    expect(result).to_contain_text("20 pessoas, 0 em dobro, 0 de fora", timeout=180_000)
    expect(result.locator(".badge")).to_have_text("aprovado")
    assert stayed(page)
    seconds = result.locator(".row-title").inner_text()
    page.reload()
    expect(page.locator("#pool li .row-title", has_text="Outro número continuou")).to_have_text(seconds)


@pytest.fixture
def scenes(acme: Organization, pool: dict[str, Channel]) -> dict[str, str]:
    """The pages of numbers with something to tell on each."""
    at = now()
    with activate_organization(acme.pk):
        main, reserve = pool["Recepção"], pool["Reserva"]
        facts: dict[str, Any] = {"carrier": "Vivo", "tariff": "Empresas 20 GB", "monthly_cost_cents": 5990}
        Channel.objects.filter(pk=main.pk).update(
            sent_on=at.date(), sent_today=492, last_ack_at=at, last_event_at=at, phone="+5511988880000", **facts
        )
        ill = Channel.objects.create(
            organization=acme, provider="waha", name="Vendas", state="connected", connected_at=at - timedelta(days=40),
            silent_since=at - timedelta(minutes=3), unacked_sends=10, next_check_at=at + timedelta(days=1),
        )  # fmt: skip
        down = Channel.objects.create(
            organization=acme, provider="waha", name="Filial", state="disconnected", state_reason="unreachable",
            state_at=at, connected_at=at - timedelta(days=9), next_check_at=at + timedelta(days=1),
        )  # fmt: skip
        PoolDrill.objects.create(state="passed", seconds=1.4, people=20, finished_at=at)
        MissingSpan.objects.create(channel=down, reason="down", since=at - timedelta(hours=3), until=at)
        mark_state(main, ChannelState.RESTRICTED, "ban")
        log_event(ill, "test", "sent")
    drain()
    return {
        "numeros": reverse("gateways:channels"), "reserva": reverse("gateways:pool"), "avisos": reverse("gateways:notices"),
        "numero": reverse("gateways:channel", args=[reserve.pk]), "parado": reverse("gateways:channel", args=[main.pk]),
        "editar": reverse("gateways:channel-edit", args=[main.pk]), "silencios": reverse("gateways:silences"),
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_pages_of_numbers_read_well(
    scenes: dict[str, str], window: Any, ana: Membership, width: int, theme: str
) -> None:
    for name, path in scenes.items():
        page = window(ana, path, width, color_scheme=theme)
        if folder := os.environ.get("PROSA_SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"{name}-{width}-{theme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
        found = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == [], name
