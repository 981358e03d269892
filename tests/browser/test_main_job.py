"""The main job in a real browser, from sign-up to a person taking over."""

import re
import time
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
PASSWORD = "correto-cavalo-42"
SERIOUS = {"serious", "critical"}


def sign_up(page: Page, name: str) -> None:
    page.goto("/conta/signup/")
    page.fill("input[name=name]", "Ana Souza")
    page.fill("input[name=organization_name]", name)
    page.fill("input[name=email]", f"{name.lower()}@acme.com.br")
    page.fill("input[name=password1]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/inicio/")


def spreadsheet(folder: Path, people: int) -> Path:
    lines = ["nome;telefone;cidade", *(f"Pessoa {n};(19) 9{8000 + n}-{1000 + n};Campinas" for n in range(people))]
    path = folder / "leads.csv"
    path.write_text("\n".join([*lines, "Sem telefone;;", "Curto;123;"]))
    return path


def open_a_conversation_of_the_sdr(page: Page) -> None:
    """Wait until the SDR has answered somebody, and open that thread. Virtual contacts differ: some opt out or vanish."""
    ends = time.monotonic() + 90
    while time.monotonic() < ends:
        page.goto("/conversas/?pasta=bot")
        for address in [item.get_attribute("href") for item in page.locator("a.thread-item").all()[:6]]:
            page.goto(str(address))
            if page.locator("[data-from=bot]").count():
                return
        time.sleep(1)
    raise AssertionError("the SDR answered nobody")


def test_from_sign_up_to_a_person_who_takes_over(page: Page, tmp_path: Path) -> None:
    sign_up(page, "Clinica")
    expect(page.locator("#widgets")).to_contain_text("Leads extraídos")

    page.goto("/leads/importar/")
    page.set_input_files("input[type=file]", spreadsheet(tmp_path, 12))
    page.click("main form[enctype] button[type=submit]")
    page.wait_for_url("**/colunas/")
    page.locator("main form button[type=submit]", has_text="Importar").click()
    expect(page.locator("main")).to_contain_text("Criados", timeout=30_000)
    expect(page.locator("[data-count=created]")).to_have_text("12", timeout=30_000)
    expect(page.locator("[data-count=invalid]")).to_have_text("2")

    page.goto("/campanhas/nova/")
    page.fill("input[name=name]", "Primeira campanha")
    page.locator("input[name=lists]").first.check()
    expect(page.locator("[data-receives]")).to_have_text("12")
    page.get_by_role("link", name="Continuar").click()
    page.fill("textarea[name=variant]", "Oi, {nome|tudo bem}! Quer saber do clareamento?")
    expect(page.locator("#preview")).to_contain_text("Oi, Pessoa!")
    page.get_by_role("link", name="Continuar").click()
    page.locator("input[name=channels]").first.check()
    page.get_by_role("link", name="Continuar").click()
    page.get_by_role("link", name="Continuar").click()
    page.get_by_role("button", name="Enviar agora").click()
    page.wait_for_url(re.compile(r"/campanhas/[0-9a-f-]{36}/"))
    expect(page.locator("[data-progress]")).to_contain_text("12 de 12", timeout=60_000)

    open_a_conversation_of_the_sdr(page)
    expect(page.locator("[data-score]")).to_be_visible()

    page.get_by_role("button", name="Assumir").click()
    expect(page.locator(".handler")).to_contain_text("Você está atendendo")
    page.fill("#reply", "Oi, aqui é a Ana. Posso ajudar?")
    page.keyboard.press("Enter")
    expect(page.locator(".bubble", has_text="aqui é a Ana")).to_be_visible()
    expect(
        page.locator(".bubble", has_text="aqui é a Ana").locator(
            "[aria-label=Lida], [aria-label=Entregue], [aria-label=Enviada]"
        )
    ).to_be_visible(timeout=30_000)


def test_a_file_that_is_no_table_is_refused_in_words(page: Page, tmp_path: Path) -> None:
    sign_up(page, "Salao")
    page.goto("/leads/importar/")
    wrong = tmp_path / "foto.csv"
    wrong.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    page.set_input_files("input[type=file]", wrong)
    page.click("main form[enctype] button[type=submit]")
    expect(page.locator("main form [role=alert], main .field-error").first).to_contain_text(
        re.compile("tabela|arquivo")
    )


def test_one_pane_at_a_time_on_a_phone_and_dark_without_faults(page: Page) -> None:
    sign_up(page, "Academia")
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    for path in (
        "/inicio/",
        "/conversas/",
        "/campanhas/",
        "/campanhas/nova/",
        "/leads/",
        "/numeros/",
        "/sdr/",
        "/configuracoes/",
    ):
        page.goto(path)
        time.sleep(0.2)
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1")
        assert not wide, f"{path} is wider than a phone"
        found = [v for v in Axe().run(page).response["violations"] if v["impact"] in SERIOUS]
        assert found == [], f"{path}: {[(v['id'], v['nodes'][0]['html'][:160]) for v in found]}"
