"""The seventeen steps that an owner takes with the product, one after the other, on the whole product and in a real browser."""

import csv
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from tests.browser.conftest import ROOT
from tests.browser.test_main_job import sign_up

pytestmark = pytest.mark.browser
STAFF, PASSWORD = "davi@prosa.local", "plataforma-segura-42"
SETTLED = re.compile(r"(\d+) de \1 resolvidas")
CAMPAIGN = re.compile(r".*/campanhas/[0-9a-f-]{36}/(?=[?#]|$)")


@pytest.fixture
def staff_desk(product: str, product_data: Path) -> str:
    """Make somebody of the platform's staff; return the address of their desk, as the product says it at its start."""
    env = {k: v for k, v in os.environ.items() if k not in {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL"}}
    env |= {"PROSA_DATA": str(product_data), "PROSA_REDIS_PREFIX": "prosa", "DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    subprocess.run(
        [sys.executable, "manage.py", "createsuperuser", "--noinput", "--email", STAFF, "--name", "Davi"], cwd=ROOT, env=env, check=True,
        capture_output=True, timeout=120,
    )  # fmt: skip
    found = re.search(r"Staff admin: http://localhost:\d+(\S+)", (product_data / "up.log").read_text())
    assert found, "the product says where its staff works"
    return product + found[1]


def spreadsheet(folder: Path, name: str, first: int, people: int) -> Path:
    path = folder / f"{name}.csv"
    rows = [f"Pessoa {n};(19) 9{8000 + n}-{1000 + n};Campinas" for n in range(first, first + people)]
    path.write_text("\n".join(["nome;telefone;cidade", *rows]))
    return path


def upload(page: Page, path: Path, people: int) -> None:
    page.goto("/leads/importar/")
    page.set_input_files("input[type=file]", path)
    page.click("main form[enctype] button[type=submit]")
    page.wait_for_url("**/colunas/")
    page.locator("main form button[type=submit]", has_text="Importar").click()
    expect(page.locator("[data-count=created]")).to_have_text(str(people))


def launch(page: Page, name: str, list_name: str, *texts: str) -> str:
    """Send a campaign to a list by every number; return the address of its page."""
    page.goto("/campanhas/nova/")
    page.fill("input[name=name]", name)
    page.locator(".option-card", has_text=list_name).locator("input[name=lists]").check()
    page.get_by_role("link", name="Continuar").click()
    for number, text in enumerate(texts):
        if number:
            page.locator("button[name=go][value=add]").click()
        page.locator("textarea[name=variant]").nth(number).fill(text)
    page.get_by_role("link", name="Continuar").click()
    for box in page.locator("input[name=channels]").all():
        box.check()
    page.get_by_role("link", name="Continuar").click()
    page.get_by_role("link", name="Continuar").click()
    page.get_by_role("button", name="Enviar agora").click()
    page.wait_for_url(CAMPAIGN, wait_until="domcontentloaded")
    found = CAMPAIGN.match(page.url)
    assert found
    return found[0]


def download(page: Page, link: str) -> bytes:
    with page.expect_download() as started:
        page.locator("#results").get_by_role("link", name=link).click()
    return Path(started.value.path()).read_bytes()


def ends(page: Page) -> None:
    """Wait on the campaign's own page, which nobody reloads, until everybody is settled and it has ended."""
    expect(page.locator("[data-progress]")).to_have_text(SETTLED, timeout=120_000)
    expect(page.locator("#report .page-head")).to_contain_text("concluída", ignore_case=True, timeout=120_000)


def test_the_seventeen_steps(page: Page, browser: Browser, product: str, staff_desk: str, tmp_path: Path) -> None:
    page.set_default_timeout(60_000)

    # 1 and 2. What it costs is said before anybody signs up; the first page after that is the dashboard.
    page.goto("/")
    expect(page.locator("#preco .plan").first).to_contain_text("R$")
    sign_up(page, "Jornada")
    # 3. A letter leaves to whoever is invited.
    page.goto("/configuracoes/")
    page.fill("form[action$='/convites/'] input[name=email]", "bruno@jornada.com.br")
    page.get_by_role("button", name="Enviar convite").click()
    expect(page.locator("main")).to_contain_text("bruno@jornada.com.br")
    # 4. The dashboard.
    page.goto("/inicio/")
    expect(page.locator("#widgets")).to_contain_text("Leads extraídos")

    # 5. A program of the owner brings a lead by the API.
    page.goto("/configuracoes/")
    page.fill("form[action$='/tokens/'] input[name=name]", "Extrator")
    page.locator("form[action$='/tokens/'] button[type=submit]").click()
    token = page.locator("#api-token").inner_text()
    lead = {"name": "Zélia Extraída", "phone": "+5519981234567"}
    answer = page.request.post("/api/v1/contacts", headers={"Authorization": f"Bearer {token}"}, data=lead)
    assert answer.status == 201, answer.text()
    page.goto("/leads/?q=zelia")
    expect(page.locator("#results")).to_contain_text("Zélia Extraída")
    # 6. Files of leads.
    upload(page, spreadsheet(tmp_path, "pacientes", 0, 10), 10)
    upload(page, spreadsheet(tmp_path, "antigos", 100, 10), 10)

    # 7 and 8. A campaign of two wordings by two numbers is sent.
    page.goto("/numeros/novo/simulator/")
    page.fill("main input[name=name]", "Segunda linha")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(lambda address: "/novo/" not in address)
    first = launch(page, "Mista", "pacientes", "Oi, {nome|tudo bem}! Quer clarear?", "{nome}, tem horário esta semana.")
    # 9. Its figures move by themselves.
    ends(page)
    expect(page.locator("#report")).to_contain_text("Segunda linha")
    expect(page.locator("#report .legend, #report [role=list]").first).to_contain_text(
        re.compile(r"lida|entregue|enviada")
    )
    # 10. What it says can be taken away, and says the same.
    page.goto(f"{first}?por=numero")
    rows = list(csv.reader(io.StringIO(download(page, "Tabela em CSV").decode("utf-8-sig")), delimiter=";"))
    assert rows[0][0] == "Número" and sum(int(row[1]) for row in rows[1:]) == 10
    paper = PdfReader(io.BytesIO(download(page, "Relatório em PDF")))
    assert "Mista" in paper.pages[0].extract_text() and "Da lista ao dinheiro" in paper.pages[0].extract_text()

    # 11. An import that was a mistake is taken back.
    upload(page, spreadsheet(tmp_path, "engano", 200, 4), 4)
    page.get_by_role("button", name="Desfazer a importação").click()
    page.locator("dialog[open]").get_by_role("button", name="Desfazer").click()
    expect(page.locator("main")).to_contain_text("Esta importação foi desfeita.")

    # 14. Three campaigns at the same time.
    for name in ("Primeira", "Segunda", "Terceira"):
        launch(page, name, "antigos", f"Oi, {{nome}}! {name} mensagem.")
    ends(page)
    page.goto("/campanhas/")
    for name in ("Primeira", "Segunda", "Terceira"):
        row = page.locator("#campaigns article, main li, main tr, main article", has_text=name).first
        expect(row).to_contain_text("concluída", ignore_case=True, timeout=120_000)

    # 16. Staff of the platform sell a smaller plan.
    with browser.new_context(base_url=product, locale="pt-BR") as context:
        desk = context.new_page()
        desk.set_default_timeout(60_000)
        desk.goto(staff_desk)
        desk.fill("input[name=username]", STAFF)
        desk.fill("input[name=password]", PASSWORD)
        desk.locator("input[type=submit], button[type=submit]").first.click()
        desk.goto(f"{staff_desk}billing/plan/add/")
        desk.fill("input[name=code]", "jornada")
        desk.fill("input[name=name]", "Jornada mínima")
        desk.fill("input[name=daily_messages]", "1")
        desk.locator("input[name=is_public]").uncheck()
        desk.locator("input[name=_save]").click()
        desk.goto(f"{staff_desk}billing/subscription/?q=Jornada")
        desk.locator("#result_list a", has_text="Jornada").first.click()
        desk.locator("select[name=plan]").select_option(label="Jornada mínima")
        desk.locator("input[name=_save]").click()
        expect(desk.locator("#result_list")).to_contain_text("Jornada mínima")
    # 13. Its limit stops a campaign, which says why.
    page.goto("/campanhas/")
    launch(page, "Além do plano", "pacientes", "Oi de novo, {nome}!")
    expect(page.locator("#report")).to_contain_text("Pausou sozinha.", timeout=120_000)
    expect(page.locator("#report")).to_contain_text("plano")

    # 12. A campaign that is over is cleared away.
    page.goto(first)
    page.get_by_role("button", name="Mais ações").click()
    page.locator("#campaign-more").get_by_role("button", name="Apagar").click()
    page.locator("dialog[open]").get_by_role("button", name="Apagar").click()
    page.wait_for_url("**/campanhas/")
    expect(page.locator("main")).not_to_contain_text("Mista")

    # 15. The dashboard by other periods.
    page.goto("/inicio/")
    page.get_by_role("link", name="Hoje").click()
    expect(page.get_by_role("link", name="Hoje")).to_have_attribute("aria-current", "true")
    expect(page.locator("#widgets")).to_contain_text("Leads extraídos")

    # 17. One's own account, and the way out.
    page.goto("/minha-conta/")
    page.fill("main input[name=name]", "Ana Souza Prado")
    page.locator("main form button[type=submit]").first.click()
    page.reload()
    expect(page.locator("main input[name=name]")).to_have_value("Ana Souza Prado")
    page.goto("/conta/logout/")
    page.locator("main form button[type=submit]").first.click()
    page.goto("/inicio/")
    expect(page).to_have_url(re.compile(r"/conta/login/"))
