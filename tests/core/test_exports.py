import csv
import io
import random
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from django.http import FileResponse, StreamingHttpResponse
from django.utils.translation import override
from python_calamine import CalamineWorkbook

from core.exports import (
    csv_response,
    safe_cell,
    safe_filename,
    strip_guard,
    table_response,
    write_csv,
    write_xlsx,
    xlsx_response,
)
from core.formulas import printable
from core.phones import canonical
from core.tabular import open_table
from tests.core.corpus import load

FORMULAS = load("formulas.json")


def book_of(file: io.BytesIO) -> CalamineWorkbook:
    file.seek(0)
    return CalamineWorkbook.from_filelike(file)


def xlsx_cells(file: io.BytesIO) -> list[list[Any]]:
    return book_of(file).get_sheet_by_index(0).to_python()


@pytest.mark.parametrize("text", FORMULAS)
def test_no_csv_cell_begins_as_a_formula(text: str) -> None:
    file = io.BytesIO()
    write_csv(file, ["nome"], [[text]])
    written = file.getvalue().decode("utf-8-sig").split("\r\n", 1)[1]
    cell = next(csv.reader([written], delimiter=";")) if "\n" not in printable(text) else [written.strip('"')]
    assert cell[0].startswith("'")
    assert strip_guard(str(safe_cell(text))) == printable(text)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_xlsx_cell_is_a_formula(text: str) -> None:
    file = io.BytesIO()
    write_xlsx(file, [text, "x"], [[text, "x"]])
    book = book_of(file)
    assert book.get_sheet_by_index(0).to_python()[1][1] == "x"
    assert b"<f>" not in _sheet_xml(file)


def _sheet_xml(file: io.BytesIO) -> bytes:
    with zipfile.ZipFile(file) as archive:
        return archive.read("xl/worksheets/sheet1.xml")


def people(count: int) -> list[list[str]]:
    chance = random.Random(7)
    names = ["Ana", "José da Conceição", "=Bia", "-", "@zé", "O'Brien", "'=x", 'Zé "Bala"', "a;b,c\td", "x\ny", "＝1"]
    return [
        [chance.choice(names) + str(i), f"+5511{900000000 + i}", chance.choice(["São Paulo", "", "+1", "10%"])]
        for i in range(count)
    ]


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_a_thousand_contacts_come_back_unchanged(file_format: str) -> None:
    contacts, file = people(1_000), io.BytesIO()
    write = write_csv if file_format == "csv" else write_xlsx
    assert write(file, ["nome", "telefone", "cidade"], contacts) == 1_000
    table = open_table(file)
    assert [row.cells for row in table.rows()] == contacts
    assert {canonical(row.cells[1]).e164 for row in table.rows()} == {contact[1] for contact in contacts}


def test_values_are_written_as_brazilians_write_them() -> None:
    with override("en"):
        values = [
            None,
            True,
            7,
            -5,
            2.5,
            -1e-7,
            Decimal("9.90"),
            Decimal("-1234.00"),
            date(2026, 11, 20),
            time(9, 5),
            ["a", "b"],
            "=1",
        ]
        moment = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
        assert [safe_cell(value) for value in values] == [
            "", "yes", 7, -5, "2,5", "-0,0000001", "9,90", "-1234,00", "20/11/2026", "09:05", "a, b", "'=1",
        ]  # fmt: skip
        assert safe_cell(moment) == "20/11/2026 14:30"


def test_large_integers_and_odd_floats_stay_exact_in_a_workbook() -> None:
    file = io.BytesIO()
    write_xlsx(file, ["a"], [[2**60], [float("inf")], [float("nan")], [12]])
    assert [row[0] for row in xlsx_cells(file)[1:]] == [str(2**60), "inf", "nan", 12]


def test_a_cell_longer_than_excel_allows_is_cut() -> None:
    file = io.BytesIO()
    write_xlsx(file, ["a"], [["x" * 40_000]])
    assert len(xlsx_cells(file)[1][0]) == 32_767


def test_empty_exports_have_their_header() -> None:
    plain, book = io.BytesIO(), io.BytesIO()
    assert write_csv(plain, ["nome", "=x"], []) == write_xlsx(book, ["nome", "=x"], []) == 0
    assert plain.getvalue() == b"\xef\xbb\xbfnome;'=x\r\n"
    assert xlsx_cells(book) == [["nome", "=x"]]


def test_rows_beyond_a_sheet_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.exports.XLSX_ROWS", 4)
    file = io.BytesIO()
    write_xlsx(file, ["n"], [[i] for i in range(7)])
    book = book_of(file)
    assert [book.get_sheet_by_index(i).to_python() for i in range(3)] == [
        [["n"], [0], [1], [2]], [["n"], [3], [4], [5]], [["n"], [6]],
    ]  # fmt: skip


def test_csv_is_sent_while_it_is_written() -> None:
    read: list[int] = []

    def rows() -> Iterator[list[str]]:
        for i in range(100_000):
            read.append(i)
            yield [f"Ana {i}"]

    response = csv_response("Meus clientes", ["nome"], rows())
    chunks = iter(response)
    first = next(chunks)
    assert isinstance(first, bytes)
    assert (first, read) == (b"\xef\xbb\xbfnome\r\n", []), "the download begins before the first row is there"
    second = next(chunks)
    assert isinstance(second, bytes)
    assert second.startswith(b"Ana 0\r\n")
    assert len(read) < 10_000
    assert (first + second + b"".join(chunks)).count(b"\r\n") == 100_001  # type: ignore[arg-type]


def test_downloads_have_safe_headers() -> None:
    responses = [table_response("csv", "Listá", ["a"], []), table_response("xlsx", "Listá", ["a"], [])]
    assert [type(response) for response in responses] == [StreamingHttpResponse, FileResponse]
    assert [response.headers["Content-Disposition"] for response in responses] == [
        'attachment; filename="lista.csv"', 'attachment; filename="lista.xlsx"',
    ]  # fmt: skip
    assert {response.headers["X-Content-Type-Options"] for response in responses} == {"nosniff"}
    assert {response.headers["Cache-Control"] for response in responses} == {"private, no-store"}


@pytest.mark.django_db
def test_a_workbook_can_be_downloaded() -> None:
    response = xlsx_response("x", ["nome"], [["Ana"]])
    content = b"".join(response.streaming_content)  # type: ignore[arg-type]
    assert xlsx_cells(io.BytesIO(content)) == [["nome"], ["Ana"]]
    response.close()


@pytest.mark.parametrize(
    ("name", "filename"),
    [
        ("Clientes São Paulo", "clientes-sao-paulo.csv"),
        ("../../etc/passwd", "etc-passwd.csv"),
        ("C:\\Windows\\x", "c-windows-x.csv"),
        ("a\r\nSet-Cookie: x=1", "a-set-cookie-x-1.csv"),
        ('"; rm -rf /', "rm-rf.csv"),
        ("CON", "prosa-con.csv"),
        ("lpt1", "prosa-lpt1.csv"),
        ("", "prosa.csv"),
        ("\u202egnp.exe", "gnp-exe.csv"),
        ("日本", "prosa.csv"),
        ("a" * 300, "a" * 80 + ".csv"),
        (".htaccess", "htaccess.csv"),
    ],
)
def test_file_names_are_plain(name: str, filename: str) -> None:
    assert safe_filename(name, "csv") == filename


def test_a_workbook_has_days_and_moments_that_can_be_sorted_and_a_sheet_with_a_name() -> None:
    file = io.BytesIO()
    moment = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
    with override("pt-br"):
        write_xlsx(file, ["a", "b", "c"], [[moment, date(2026, 11, 20), date(1899, 1, 2)]])
    assert xlsx_cells(file)[1] == [datetime(2026, 11, 20, 14, 30), date(2026, 11, 20), "02/01/1899"]
    assert book_of(file).sheet_names == ["Planilha 1"]
