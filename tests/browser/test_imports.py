"""A spreadsheet with errors in a real browser: what came in, what did not and why, and the way back."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Membership, Organization
from leads.models import Contact
from tests.support.jobs import drain

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Window = Callable[..., Page]
ROWS = [
    "nome;telefone;cidade",
    "Mariana Teixeira;(19) 99742-6108;Campinas",
    "Rodrigo Farias;19 99742 6109;Campinas",
    "Mariana de novo;+55 19 99742-6108;Campinas",
    "Sem telefone;;Campinas",
    "Curto;123;Campinas",
    '=HYPERLINK("http://x");(19) 99742-6111;Valinhos',
]


def upload(page: Page, path: Path) -> None:
    page.set_input_files("input[type=file]", path)
    page.locator("main form[enctype] button[type=submit]").click()


def imported(page: Page, folder: Path) -> None:
    """Upload the file with errors, confirm its columns and let the job run."""
    path = folder / "clientes.csv"
    path.write_text("\n".join(ROWS))
    upload(page, path)
    page.wait_for_url("**/colunas/")
    expect(page.locator("main")).to_contain_text("Mariana Teixeira")
    page.locator("main form button[type=submit]", has_text="Importar").click()
    page.wait_for_url(re.compile(r"/importar/[0-9a-f-]{36}/$"))
    drain()
    page.reload()
    expect(page.locator("main")).to_contain_text("Linhas que não entraram")


@pytest.mark.parametrize("width", [360, 1440])
def test_four_counts_that_add_up_and_a_reason_for_each_row_left_out(
    window: Window, bruno: Membership, in_acme: Organization, tmp_path: Path, width: int
) -> None:
    page = window(bruno, "/leads/importar/", width)
    imported(page, tmp_path)
    counts = {name: page.locator(f"[data-count={name}]").inner_text() for name in ("created", "updated", "invalid")}
    assert counts == {"created": "3", "updated": "0", "invalid": "2"}
    expect(page.locator("[data-count=duplicate]")).to_have_text("1")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_file_of_errors_says_the_reason_of_each_row_and_runs_no_formula(
    window: Window, bruno: Membership, in_acme: Organization, tmp_path: Path
) -> None:
    page = window(bruno, "/leads/importar/")
    imported(page, tmp_path)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    path = tmp_path / "erros.csv"
    download.value.save_as(path)
    text = path.read_text(encoding="utf-8-sig")
    rows = list(csv.reader(text.splitlines(), delimiter=";" if ";" in text.splitlines()[0] else ","))
    assert len(rows) == 1 + 3
    assert all(any(cell.strip() for cell in row) for row in rows)
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)


def test_what_came_in_can_be_taken_back(
    window: Window, bruno: Membership, in_acme: Organization, tmp_path: Path
) -> None:
    page = window(bruno, "/leads/importar/")
    imported(page, tmp_path)
    assert Contact.objects.count() == 3
    page.get_by_role("button", name="Desfazer a importação").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert Contact.objects.count() == 3
    page.get_by_role("button", name="Desfazer a importação").click()
    dialog.get_by_role("button", name="Desfazer").click()
    expect(page.locator("main")).to_contain_text(re.compile("desfeita|Desfazendo"))
    drain()
    page.reload()
    expect(page.locator("main")).to_contain_text("desfeita")
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("foto.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40),
        ("vazio.csv", b""),
        ("planilha.xlsx", b"PK\x03\x04 not a workbook"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(
    window: Window, bruno: Membership, in_acme: Organization, tmp_path: Path, name: str, content: bytes
) -> None:
    page = window(bruno, "/leads/importar/")
    path = tmp_path / name
    path.write_bytes(content)
    upload(page, path)
    expect(page.locator("main form [role=alert], main .field-error").first).to_contain_text(
        re.compile("tabela|arquivo|planilha|vazi", re.IGNORECASE)
    )
    assert not Contact.objects.exists()
