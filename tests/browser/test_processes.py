"""The pages of processes in a real browser: both themes, wide and narrow, by keyboard."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import Membership, Organization
from core.tenancy import activate_organization
from sagas.definition import SagaStep
from sagas.errors import PermanentStepError
from sagas.models import SagaExecution
from sagas.orchestrator import orchestrator
from tests.support.sagas import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Window = Callable[..., Page]
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


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_reads_well(sagas: dict[str, str], window: Window, ana: Membership, width: int, theme: str) -> None:
    for name, path in sagas.items():
        page = window(ana, path, width, color_scheme=theme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
        found = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == [], name
        if folder := os.environ.get("PROSA_SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"{name}-{width}-{theme}.png", full_page=True)


def test_undoing_by_keyboard(sagas: dict[str, str], window: Window, ana: Membership, acme: Organization) -> None:
    page = window(ana, sagas["feito"])
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
