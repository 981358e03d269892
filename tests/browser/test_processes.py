"""The pages of processes in a real browser: both themes, wide and narrow, by keyboard."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page

from accounts.models import Membership, Organization
from core.tenancy import activate_organization
from sagas.definition import SagaStep
from sagas.errors import PermanentStepError
from sagas.models import SagaExecution
from sagas.orchestrator import orchestrator
from tests.support.sagas import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LABELS = {"invoice": "Emitir a nota fiscal", "mail": "Avisar o cliente por e-mail", "calendar": "Marcar na agenda"}


@pytest.fixture
def sagas(acme: Organization) -> Iterator[dict[str, str]]:
    """One of each end, by name."""
    world = World()
    steps = [SagaStep(n, world.action(n), world.compensation(n), 5, 1, label) for n, label in LABELS.items()]
    orchestrator.define_saga("browser_booking", steps, label="Agendamento com nota e aviso")
    ends = {
        "feito": {},
        "falho": {"calendar": PermanentStepError("A agenda está lotada neste horário.")},
        "preso": {
            "calendar": PermanentStepError("Recusado."),
            "invoice:undo": PermanentStepError("A nota já foi paga."),
        },
    }
    with activate_organization(acme.pk):
        for name, failing in ends.items():
            for key, error in failing.items():
                world.fail(key, error)
            orchestrator.execute("browser_booking", f"booking:0192f0c1-7b1e-7cc3-8f1a-{name}", {})
        pages = {row.saga_id[-5:]: reverse("processes:process", args=[row.pk]) for row in SagaExecution.objects.all()}
    yield pages | {"lista": reverse("processes:list")}
    del orchestrator._definitions["browser_booking"]


@pytest.fixture
def open_page(browser: Browser, live_server: Any, ana: Membership, login: Any) -> Iterator[Any]:
    contexts = []

    def open_at(path: str, width: int, theme: str) -> Page:
        context = browser.new_context(
            base_url=live_server.url, locale="pt-BR", viewport={"width": width, "height": 900}, color_scheme=theme
        )
        contexts.append(context)
        cookie = login(ana).cookies["prosa_session"].value
        context.add_cookies([{"name": "prosa_session", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.goto(path)
        return page

    yield open_at
    for context in contexts:
        context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_reads_well(sagas: dict[str, str], open_page: Any, width: int, theme: str) -> None:
    for name, path in sagas.items():
        page = open_page(path, width, theme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
        found = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == [], name
        if folder := os.environ.get("PROSA_SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"{name}-{width}-{theme}.png", full_page=True)


def test_undoing_by_keyboard(sagas: dict[str, str], open_page: Any, acme: Organization) -> None:
    page = open_page(sagas["feito"], 1440, "light")
    page.get_by_role("button", name="Desfazer").first.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    assert dialog.is_visible()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Desfazer").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Está sendo desfeito, etapa por etapa.").wait_for()
    with activate_organization(acme.pk):
        assert SagaExecution.objects.get(saga_id__endswith="feito").undo_requested
