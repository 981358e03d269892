"""Files that no person means, at the door: refused in the person's words, and nothing of them is kept."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Organization
from accounts.services.tokens import create_api_token
from core.tenancy import activate_organization
from leads.models import Contact, Import
from tests.leads.conftest import csv_file, xlsx_file

pytestmark = pytest.mark.django_db
Login = Callable[..., Client]


def zip_bomb() -> bytes:
    """Return a workbook of a few kilobytes whose sheet is half a gigabyte."""
    file = io.BytesIO(xlsx_file([["nome", "telefone"], ["Ana", "11999998888"]]).read())
    with zipfile.ZipFile(file) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            with archive.open(name, "w") as entry:
                entry.write(data)
                for _part in range(512 if name.endswith("sheet1.xml") else 0):
                    entry.write(bytes(1 << 20))
    return made.getvalue()


FILES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "empty": ("a.csv", lambda: b"", "vazi"),
    "only blank lines": ("a.csv", lambda: b"\n\r\n  \n", "vazi"),
    "header alone": ("a.csv", lambda: b"nome;telefone\n", "nenhuma linha|não tem linha|sem linha|e nenhuma"),
    "picture": ("a.csv", lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "CSV"),
    "program": ("a.csv", lambda: b"MZ\x90\0" + bytes(range(256)) * 8, "CSV"),
    "page": ("a.csv", lambda: b"<html><script>alert(1)</script></html>", "CSV"),
    "old workbook": ("a.xls", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "xls"),
    "cut workbook": ("a.xlsx", lambda: xlsx_file([["telefone"], ["11999998888"]]).read()[:-900], "danificad"),
    "zip bomb": ("a.xlsx", zip_bomb, ""),
    "100k columns": ("a.csv", lambda: (";".join(f"c{i}" for i in range(100_000)) + "\n1\n").encode(), "colunas"),
    "one endless line": ("a.csv", lambda: b"x" * 5_000_000, "longa"),
    "quote never closed": ("a.csv", lambda: b'a;b\n"aberta;1\n' + b"x;y\n" * 60_000, "inha 2"),
}


def kept(folder: str) -> list[Path]:
    return [path for path in Path(folder).rglob("*") if path.is_file()]


@pytest.mark.parametrize("case", FILES)
def test_page_refuses_the_file_in_words(case: str, ana: Membership, login: Login, settings: Any) -> None:
    name, make, words = FILES[case]
    answer = login(ana).post(reverse("leads:import-create"), {"file": SimpleUploadedFile(name, make())})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="file-error"' in page
    assert not words or any(word in page.split('id="file-error"')[1] for word in words.split("|"))
    assert kept(settings.MEDIA_ROOT) == []
    with activate_organization(ana.organization_id):
        assert not Import.objects.exists()


@pytest.mark.parametrize("case", FILES)
def test_api_refuses_the_file_with_a_problem(case: str, in_acme: Organization, settings: Any) -> None:
    name, make, _words = FILES[case]
    _row, token = create_api_token("loja")
    answer = Client().post(
        "/api/v1/imports", {"file": SimpleUploadedFile(name, make())}, headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert orjson.loads(answer.content)["title"]
    assert kept(settings.MEDIA_ROOT) == []
    assert not Import.objects.exists()


def test_file_over_the_limit_is_refused_with_the_limit(ana: Membership, login: Login, settings: Any) -> None:
    settings.MAX_IMPORT_BYTES = 1 << 20
    answer = login(ana).post(reverse("leads:import-create"), {"file": csv_file("a;b\n" * 300_000)})
    assert answer.status_code == 422
    assert "1 MB" in answer.content.decode()


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "..\\..\\boot.csv", "/abs.csv", "<img src=x onerror=a()>.csv", "a\0b.csv"]
)
def test_name_of_a_file_is_only_shown(name: str, ana: Membership, login: Login, settings: Any) -> None:
    file = csv_file("nome;telefone\nAna;11999997777\n")
    file.name = name
    browser = login(ana)
    answer = browser.post(reverse("leads:import-create"), {"file": file}, follow=True)
    assert answer.status_code == 200
    assert "<img src=x" not in answer.content.decode()
    assert all(
        path.is_relative_to(settings.MEDIA_ROOT) and path.suffix == ".table" for path in kept(settings.MEDIA_ROOT)
    )


def test_what_cells_say_is_text_on_every_page(ana: Membership, login: Login, import_file: Any) -> None:
    run = import_file(
        'nome;telefone;cidade;<b>x</b>\n<script>alert(1)</script>;11999997777;"=cmd|"" /C calc""!A0";<i>y</i>\n'
        '<script>alert(2)</script>;123;;\n"\'; DROP TABLE leads_contact; --";11999997778;{{7*7}};%s\n'
    )
    contact = Contact.objects.get(phone="+5511999997777")
    browser = login(ana)
    for address in [
        reverse("leads:list"), reverse("leads:list") + "?q='; DROP TABLE leads_contact; --",
        reverse("leads:import", args=[run.pk]), reverse("leads:contact", args=[contact.pk]),
        reverse("leads:contact-edit", args=[contact.pk]), reverse("leads:lists"),
    ]:  # fmt: skip
        page = browser.get(address).content.decode()
        assert "<script>alert" not in page and "<b>x</b>" not in page and "<i>y</i>" not in page
        assert ">49<" not in page
    assert Contact.objects.count() == 2
    exported = b"".join(browser.get(reverse("leads:contacts-csv")).streaming_content).decode()  # type: ignore[arg-type]
    assert ";=cmd" not in exported and "'=cmd" in exported


def test_preview_marks_the_row_of_a_person_who_came_before(ana: Membership, login: Login) -> None:
    browser = login(ana)
    file = csv_file("nome;telefone\nAna;11999997777\nAninha;(11) 99999-7777\nSem;\n")
    answer = browser.post(reverse("leads:import-create"), {"file": file}, follow=True)
    page = answer.content.decode()
    rows = page.split('id="t-rows"')[1].split("</section>")[0].split("<li>")[1:]
    assert ["entra" in row for row in rows] == [True, False, False]
    assert "repetida" in rows[1] and "fica de fora" in rows[2]
