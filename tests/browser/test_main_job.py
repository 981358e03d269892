"""The main job in a real browser, from sign-up to a person taking over."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
PASSWORD = "correto-cavalo-42"


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
    """Wait until the SDR has qualified somebody, and open that thread; the list keeps itself up to date."""
    page.goto("/conversas/")
    qualified = page.locator("a.thread-item", has=page.locator(".temp")).first
    expect(qualified).to_be_visible(timeout=180_000)
    page.goto(str(qualified.get_attribute("href")))
    expect(page.locator("[data-from=bot]").first).to_be_visible(timeout=60_000)


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
