"""Every page of the product in a real browser: read by axe, no wider than its screen, nothing wrong in the console."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page

from config.isolation.walk import BACKEND
from config.isolation.world import World, build_world
from core.clock import now
from core.tenancy import activate_organization
from gateways.models import Channel
from sdr.models import Calibration, Prompt, Refusal
from sdr.scoring import Rubric
from tests.sdr.test_numbers import lead
from tests.support.places import walk_pages
from tests.support.thread import receive

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WHOLE = {"resultTypes": ["violations"]}
COLOURS = WHOLE | {"runOnly": ["color-contrast"]}
"""What another theme can change."""
TALK = ["Oi, quanto custa um clareamento?", "Me chamo Beatriz Prado", "quero fazer ainda essa semana", "moro no centro"]
DRAWN_BY_OTHERS = re.compile(r"/api/v1/docs|\.(csv|xlsx|pdf)$")


@dataclass
class Look:
    """Pages opened one after the other; what is wrong is kept, so that one run tells all of it."""

    page: Page
    width: int
    faults: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    seen: int = 0

    def at(self, address: str) -> None:
        self.seen += 1
        self.said.clear()
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        self.page.goto(address, wait_until="load")
        self._read(address, "light", WHOLE)
        self.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        self._read(address, "dark", COLOURS)
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > self.width:
            self.faults.append(f"{address}: {wide} px wide on a screen of {self.width}")
        self.faults += [f"{address}: console says {line[:200]}" for line in self.said]

    def _read(self, address: str, theme: str, rules: dict[str, Any]) -> None:
        found = Axe().run(self.page, options=rules).response["violations"]
        self.faults += [f"{address} {theme}: {one['id']} {one['nodes'][0]['html'][:200]}" for one in found]
        if folder := os.environ.get("PROSA_SCREENSHOTS"):
            name = re.sub(r"[^a-z0-9]+", "-", address.strip("/")) or "start"
            self.page.screenshot(path=Path(folder) / f"{name[:80]}-{self.width}-{theme}.png", full_page=True)


@pytest.fixture
def look(browser: Browser, live_server: Any, request: pytest.FixtureRequest) -> Iterator[Look]:
    width = request.param
    context = browser.new_context(base_url=live_server.url, locale="pt-BR", viewport={"width": width, "height": 844})
    page = context.new_page()
    page.set_default_timeout(30_000)
    look = Look(page, width)
    page.on("pageerror", lambda error: look.said.append(str(error)))
    page.on(
        "console", lambda line: look.said.append(line.text) if line.type == "error" and _is_ours(line.text) else None
    )
    yield look
    context.close()


def _is_ours(line: str) -> bool:
    """The live stream is another process, which does not run beside these pages."""
    return "EventSource" not in line and "Failed to load resource" not in line and "ERR_CONNECTION" not in line


@pytest.fixture
def world() -> World:
    """The world of the proof of isolation, and in its second organization a conversation that the SDR has had."""
    world = build_world()
    with activate_organization(world.foreign["organization_id"]):  # type: ignore[arg-type]  # an id of an organization
        channel = Channel.objects.get(pk=world.foreign["channel_id"])
        for number, text in enumerate(TALK):
            thread = receive(channel, "+5519997426108", text, external_id=f"talk-{number}", at=now().isoformat())
        world.foreign["conversation_id"] = thread.pk
        world.foreign["contact_id"] = thread.contact_id
    return world


def enter(context: BrowserContext, client: Client, address: str) -> None:
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": address}])


def pages_of(client: Client, world: World) -> list[str]:
    pages = [address for address, _status, html in walk_pages(client, world) if "<html" in html]
    return [address for address in pages if not DRAWN_BY_OTHERS.search(address)]


@pytest.mark.parametrize("look", [390, 1440], indirect=True, ids=["phone", "desk"])
def test_every_page_of_a_business_at_work(look: Look, world: World, live_server: Any) -> None:
    client = Client()
    client.force_login(world.people["foreign_owner"], BACKEND)
    pages = pages_of(client, world)
    enter(look.page.context, client, live_server.url)
    for address in pages:
        look.at(address)
    assert look.faults == [], "\n".join(look.faults)
    assert look.seen > 50


@pytest.mark.parametrize("look", [360, 390, 1440], indirect=True, ids=["small", "phone", "desk"])
def test_the_pages_of_an_sdr_that_has_worked_for_a_while(look: Look, world: World, live_server: Any) -> None:
    with activate_organization(world.foreign["organization_id"]):  # type: ignore[arg-type]  # an id of an organization
        rows = [lead(number, Channel.objects.get(pk=world.foreign["channel_id"])) for number in range(24)]
        weights = Rubric().as_json()
        better = weights | {"thresholds": weights["thresholds"] | {"quente": 84}}
        quality = {"precision": 71.4, "recall": 62.5, "f1": 66.7}
        Calibration.objects.create(
            state="proposed", old_rubric=weights, new_rubric=better, before=quality, after=quality, judged=21, fitted=42
        )
        words = {
            "opening": "Oi! Aqui é a Clara.",
            "note": "Uma nota que é bem mais longa do que a linha de um telefone",
        }
        prompts = [
            Prompt.objects.create(
                number=number, state="active", share=share, instructions="Fale pouco.\n" * number, **words
            )
            for number, share in ((11, 60), (12, 40))
        ]
        objections = [
            {"code": "offer", "words": "20% de desconto se fechar ainda hoje"},
            {"code": "price", "words": "R$ 590"},
        ]
        Refusal.objects.create(
            conversation_id=rows[0].conversation_id,
            wanted="Dou 20% de desconto!",
            sent="Confirmo já.",
            objections=objections,
        )
    client = Client()
    client.force_login(world.people["foreign_owner"], BACKEND)
    enter(look.page.context, client, live_server.url)
    tabs = [
        "",
        "resultados/",
        "conhecimento/",
        "perguntas/",
        "agentes/",
        "prompts/",
        "recusas/",
        "pesos/",
        "aprendizado/",
        "modelos/",
        "testar/",
    ]
    below = [
        "resultados/?dias=365",
        "resultados/conversas/?dias=365&de=all",
        f"prompts/{prompts[1].pk}/",
        "agentes/novo/",
    ]
    for address in [*tabs, *below]:
        look.at(f"/sdr/{address}")
    look.at("/minha-conta/")
    assert look.faults == [], "\n".join(look.faults)


@pytest.mark.parametrize("look", [360], indirect=True, ids=["small"])
def test_first_pages_of_a_business_that_has_nothing_yet(look: Look, world: World, live_server: Any) -> None:
    client = Client()
    client.force_login(world.people["owner"], BACKEND)
    enter(look.page.context, client, live_server.url)
    for address in [
        "/inicio/",
        "/conversas/",
        "/campanhas/",
        "/leads/",
        "/leads/listas/",
        "/leads/importacoes/",
        "/agenda/",
        "/processos/",
    ]:
        look.at(address)
    assert look.faults == [], "\n".join(look.faults)


@pytest.mark.parametrize("look", [360, 1440], indirect=True, ids=["small", "desk"])
def test_every_page_of_visitors(look: Look, world: World) -> None:
    pages = pages_of(Client(), world)
    for address in [*pages, "/nada-aqui/"]:
        look.at(address)
    assert look.faults == [], "\n".join(look.faults)
    assert look.seen > 5
