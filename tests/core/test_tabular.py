import io
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from core.tabular import Limits, Table, TableError, open_table

TEXT = "nome;telefone;cidade\nJosé da Conceição;11999998888;São Paulo\nÂngela;11999997777;Brasília\n"
ROWS = [(2, ["José da Conceição", "11999998888", "São Paulo"]), (3, ["Ângela", "11999997777", "Brasília"])]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with override("en"):
        yield


def opened(data: bytes | str, limits: Limits = Limits()) -> Table:  # noqa: B008  # frozen
    return open_table(io.BytesIO(data.encode() if isinstance(data, str) else data), limits=limits)


def rows_of(data: bytes | str) -> list[list[str]]:
    return [row.cells for row in opened(data).rows()]


def workbook(fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        fill(book)
    return file.getvalue()


def sheet_of(*rows: list[object]) -> bytes:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)

    return workbook(fill)


def repacked(data: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


PLAIN_SHEET = sheet_of(["nome", "telefone"], ["Ana", "11999998888"])


@pytest.mark.parametrize(
    ("encoding", "seen"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("cp1252", "cp1252"),
        ("latin-1", "cp1252"),
        ("cp850", "cp850"),
        ("mac_roman", "mac_roman"),
    ],
)
def test_reads_any_encoding(encoding: str, seen: str) -> None:
    table = opened(TEXT.encode(encoding))
    assert table.headers == ["nome", "telefone", "cidade"]
    assert [tuple(row) for row in table.rows()] == ROWS
    assert (table.kind, table.encoding, table.delimiter, table.row_estimate) == ("csv", seen, ";", 2)


def test_reads_letters_that_are_not_latin() -> None:
    assert rows_of("имя;телефон\nИван Петров;+79161234567\n".encode("cp1251")) == [["Иван Петров", "+79161234567"]]


def test_a_broken_letter_does_not_turn_all_others_into_garbage() -> None:
    text = ("nome;cidade\n" + "José;São Paulo\n" * 20).encode() + b"Mar\xe7o;x\n"
    rows = rows_of(text)
    assert rows[0] == ["José", "São Paulo"]
    assert rows[-1] == ["Mar\ufffdo", "x"]


def test_an_accent_far_beyond_the_sample_is_still_read() -> None:
    data = ("nome;telefone\n" + "Ana;11999998888\n" * 40_000).encode() + "José;11999998888\n".encode("cp1252")
    assert rows_of(data)[-1] == ["José", "11999998888"]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_finds_the_delimiter(delimiter: str) -> None:
    table = opened(TEXT.replace(";", delimiter))
    assert table.delimiter == delimiter
    assert [tuple(row) for row in table.rows()] == ROWS


def test_commas_inside_names_are_no_delimiters() -> None:
    assert rows_of("nome;telefone\nSilva, Ana;1\nSouza, Bia, Cia;2\n") == [
        ["Silva, Ana", "1"],
        ["Souza, Bia, Cia", "2"],
    ]


def test_excel_may_name_its_delimiter() -> None:
    table = opened("sep=,\r\nnome,telefone\r\nAna;x,1\r\n")
    assert (table.headers, table.delimiter) == (["nome", "telefone"], ",")
    assert [tuple(row) for row in table.rows()] == [(2, ["Ana;x", "1"])]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_knows_every_line_end(end: str) -> None:
    table = opened(TEXT.replace("\n", end))
    assert [tuple(row) for row in table.rows()] == ROWS
    assert table.row_estimate == 2


def test_quotes_hold_delimiters_line_ends_and_quotes() -> None:
    assert rows_of('nome,obs\n"Silva, Ana","linha 1\nlinha 2"\n"Zé ""Bala""",x\n') == [
        ["Silva, Ana", "linha 1\nlinha 2"],
        ['Zé "Bala"', "x"],
    ]


def test_nul_bytes_are_dropped() -> None:
    assert rows_of("no\0me;telefone\nA\0na;1199\0\0999\n") == [["Ana", "1199999"]]


def test_ragged_rows_are_fitted_to_the_headers() -> None:
    table = opened("a;b;c\n1\n1;2;3\n;;\n\n1;2;3;\n")
    assert [tuple(row) for row in table.rows()] == [(2, ["1", "", ""]), (3, ["1", "2", "3"]), (6, ["1", "2", "3"])]


def test_a_column_that_only_rows_have_gets_a_number() -> None:
    assert opened("nome;telefone\nAna;1;extra\n").headers == ["nome", "telefone", "coluna 3"]


def test_empty_columns_at_the_end_are_left_out() -> None:
    assert opened("nome;telefone;;;;\nAna;1;;;;\n").headers == ["nome", "telefone"]


def test_headers_are_unique_and_never_blank() -> None:
    assert opened("Nome;nome;;NOME\na;b;c;d\n").headers == ["Nome", "nome 2", "coluna 3", "NOME 3"]


def test_titles_above_the_table_are_skipped() -> None:
    table = opened("Relatório de clientes;;\n;;\nnome;telefone;cidade\nAna;1;Rio\nBia;2;Rio\n")
    assert table.headers == ["nome", "telefone", "cidade"]
    assert [tuple(row) for row in table.rows()] == [(4, ["Ana", "1", "Rio"]), (5, ["Bia", "2", "Rio"])]


@pytest.mark.parametrize(
    ("text", "headers", "first"),
    [
        ("11999998888\n11999997777\n", ["telefone"], ["11999998888"]),
        ("+55 (11) 99999-8888\n", ["telefone"], ["+55 (11) 99999-8888"]),
        ("Ana;11999998888\nBia;11999997777\n", ["nome", "telefone"], ["Ana", "11999998888"]),
        ("11999998888;Ana;Rio\n11999997777;Bia;Rio\n", ["telefone", "nome", "coluna 3"], ["11999998888", "Ana", "Rio"]),
        ("Ana;ana@example.com\nBia;bia@example.com\n", ["nome", "email"], ["Ana", "ana@example.com"]),
        ("https://wa.me/5511999998888\n", ["whatsapp_link"], ["https://wa.me/5511999998888"]),
    ],
)
def test_a_list_without_header_loses_no_row(text: str, headers: list[str], first: list[str]) -> None:
    table = opened(text)
    assert (table.headers, table.has_header, table.preview(1)[0].cells) == (headers, False, first)
    assert table.preview(1)[0].number == 1


def test_rows_can_be_read_again_and_from_any_row_on() -> None:
    table = opened("n;t\n" + "".join(f"Ana {i};{i}\n" for i in range(2, 12)))
    assert [row.number for row in table.rows()] == [row.number for row in table.rows()] == list(range(2, 12))
    assert [row.number for row in table.rows(start=9)] == [10, 11]
    assert [row.number for row in table.preview(3)] == [2, 3, 4]


def test_two_readings_of_a_path_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "lista.csv"
    path.write_text(TEXT)
    table = open_table(path)
    first, second = table.rows(), table.rows()
    assert next(first) == next(second)
    assert [tuple(row) for row in first] == ROWS[1:]
    assert open_table(str(path)).headers == table.headers


def test_uploads_of_both_kinds_are_read_and_left_open() -> None:
    small = SimpleUploadedFile("a.csv", TEXT.encode())
    large = TemporaryUploadedFile("a.csv", "text/csv", len(TEXT), None)
    large.write(TEXT.encode())
    for upload in (small, large):
        assert [tuple(row) for row in open_table(upload).rows()] == ROWS  # type: ignore[arg-type]
        assert not upload.closed
        upload.seek(0)
        assert upload.read() == TEXT.encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"\n\r\n  \n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\xff\xfe", "empty"),
        (b";;;\n;;;\n", "empty"),
        (b"%PDF-1.7\nabc", "CSV or XLSX"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "CSV or XLSX"),
        (b"MZ\x90\0" + bytes(range(256)) * 4, "CSV or XLSX"),
        (bytes(range(1, 32)) * 100, "CSV or XLSX"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "XLSX or CSV"),
        (b"<?xml version='1.0'?><Workbook/>", "XLSX or CSV"),
        (b"{\\rtf1 abc}", "XLSX or CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ".xls"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"PK\x03\x04" + bytes(100), "damaged"),
        (PLAIN_SHEET[: len(PLAIN_SHEET) // 2], "damaged"),
        (b'a;b\n"aberta;1\n' + b"x;y\n" * 60_000, "Line 2"),
        (b"x" * 5_000_000, "too long"),
        ((";".join(f"c{i}" for i in range(100_000)) + "\n").encode(), "100,000"),
        (("\n".join(["a;b"] + ["1;2"] * 3 + [";".join("x" * 500)])).encode(), "500"),
    ],
    ids=range(20),
)
def test_refuses_in_words_what_is_no_table(data: bytes, message: str) -> None:
    began = time.process_time()
    with pytest.raises(TableError, match=message):
        list(opened(data).rows())
    assert time.process_time() - began < 2


def test_a_row_wider_than_the_limit_far_below_is_cut_not_kept() -> None:
    data = "a;b\n" + "1;2\n" * 100 + ";".join("x" * 500) + "\n"
    assert rows_of(data)[-1] == ["x", "x"]


@pytest.mark.parametrize(
    ("limits", "data"),
    [
        (Limits(max_bytes=10), b"nome;telefone\n"),
        (Limits(max_rows=2), b"nome;telefone\n" + b"Ana;1\n" * 3),
        (Limits(max_rows=2), b'nome;telefone\n"a\nb";1\n' + b"Ana;1\n" * 3),
        (Limits(max_columns=2), b"a;b;c\n1;2;3\n"),
        (Limits(max_cell=5), b"a;b\n1;123456\n"),
        (Limits(max_rows=2), sheet_of(["n"], ["a"], ["b"], ["c"])),
        (Limits(max_columns=2), sheet_of(["a", "b", "c"])),
        (Limits(max_cell=5), sheet_of(["a"], ["123456"])),
        (Limits(max_area=5), sheet_of(["a", "b"], ["c", "d"], ["e", "f"])),
        (Limits(max_unpacked=500), PLAIN_SHEET),
    ],
)
def test_every_limit_is_kept(limits: Limits, data: bytes) -> None:
    with pytest.raises(TableError):
        list(opened(data, limits).rows())


def test_what_is_exactly_at_the_limits_passes() -> None:
    data = b"nome;tel\nAna;12345\nBia;12345\n"
    limits = Limits(max_bytes=len(data), max_rows=2, max_columns=2, max_cell=8)
    assert len(list(opened(data, limits).rows())) == 2


def test_numbers_and_dates_of_a_workbook_come_as_people_see_them() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        day, moment = book.add_format({"num_format": "dd/mm/yyyy"}), book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        sheet.write_row(0, 0, ["nome", "telefone", "status", "valor", "nasc", "visto", "texto", "sim"])
        sheet.write_string(1, 0, "Ana")
        sheet.write_number(1, 1, 5511999998888)
        sheet.write_number(1, 2, 1.0)
        sheet.write_number(1, 3, 12.5)
        sheet.write_datetime(1, 4, date(1990, 5, 3), day)
        sheet.write_datetime(1, 5, datetime(2026, 11, 20, 14, 30), moment)
        sheet.write_string(1, 6, "5.51E+12")
        sheet.write_boolean(1, 7, True)

    table = opened(workbook(fill))
    assert table.preview()[0].cells == [
        "Ana", "5511999998888", "1", "12.5", "03/05/1990", "20/11/2026 14:30", "5.51E+12", "1",
    ]  # fmt: skip
    assert (table.kind, table.row_estimate, table.encoding) == ("xlsx", 1, "")


def test_times_of_a_workbook_are_hours_and_minutes() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["hora", "duração"])
        sheet.write_datetime(1, 0, datetime(1899, 12, 31, 9, 5), book.add_format({"num_format": "hh:mm"}))
        sheet.write_number(1, 1, 1.5, book.add_format({"num_format": "[h]:mm"}))

    assert opened(workbook(fill)).preview()[0].cells == ["09:05", "36:00"]


def test_reads_the_first_visible_sheet_that_holds_something() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        book.add_worksheet("vazia").activate()
        hidden = book.add_worksheet("oculta")
        hidden.write_row(0, 0, ["segredo"])
        hidden.hide()
        book.add_worksheet("dados").write_row(0, 0, ["nome", "telefone"])
        book.worksheets()[2].write_row(1, 0, ["Ana", "1"])

    table = opened(workbook(fill))
    assert table.headers == ["nome", "telefone"]
    assert [tuple(row) for row in table.rows()] == [(2, ["Ana", "1"])]


def test_blank_rows_of_a_workbook_count_but_are_left_out() -> None:
    table = opened(sheet_of(["nome"], ["Ana"], [""], [" "], ["Bia"]))
    assert [tuple(row) for row in table.rows()] == [(2, ["Ana"]), (5, ["Bia"])]


def test_a_sheet_that_begins_further_down_keeps_its_row_numbers() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(4, 2, ["nome", "telefone"])
        sheet.write_row(5, 2, ["Ana", "11999998888"])

    table = opened(workbook(fill))
    assert [row.number for row in table.rows()] == [6]
    assert table.preview()[0].cells[-2:] == ["Ana", "11999998888"]


def test_an_empty_workbook_is_empty() -> None:
    with pytest.raises(TableError, match="empty"):
        opened(sheet_of())


def test_a_formula_is_read_as_its_stored_value() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["nome", "conta"])
        sheet.write_string(1, 0, "Ana")
        sheet.write_formula(1, 1, "=1+1", None, "2")

    assert opened(workbook(fill)).preview()[0].cells == ["Ana", "2"]


def bomb(entries: dict[str, bytes]) -> None:
    entries["xl/worksheets/sheet1.xml"] += b" " * 60_000_000


def macros(entries: dict[str, bytes]) -> None:
    entries["xl/vbaProject.bin"] = b"MZ"


def program_inside(entries: dict[str, bytes]) -> None:
    entries.clear()
    entries["setup.exe"] = b"MZ"


def far_cell(entries: dict[str, bytes]) -> None:
    name = "xl/worksheets/sheet1.xml"
    entries[name] = entries[name].replace(
        b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )


def many_entries(entries: dict[str, bytes]) -> None:
    entries.update({f"xl/x{i}.xml": b"" for i in range(2_100)})


def broken_xml(entries: dict[str, bytes]) -> None:
    entries["xl/worksheets/sheet1.xml"] = b"<worksheet><sheetData><row r='1'><c r='A1'"


def entity_bomb(entries: dict[str, bytes]) -> None:
    entries["xl/sharedStrings.xml"] = (
        b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]><sst><si><t>&b;</t></si></sst>'
    )


@pytest.mark.parametrize("change", [bomb, macros, program_inside, far_cell, many_entries, broken_xml])
def test_a_hostile_workbook_is_refused_before_it_costs(change: Callable[[dict[str, bytes]], None]) -> None:
    data = repacked(PLAIN_SHEET, change)
    began = time.process_time()
    with pytest.raises(TableError):
        list(opened(data).rows())
    assert time.process_time() - began < 2


def test_entities_are_not_expanded() -> None:
    try:
        cells = [cell for row in opened(repacked(PLAIN_SHEET, entity_bomb)).rows() for cell in row.cells]
    except TableError:
        return
    assert "aaaaaaaaaa" not in "".join(cells)


def test_a_zip_that_lies_about_its_sizes_is_refused() -> None:
    data = bytearray(repacked(PLAIN_SHEET, lambda entries: entries.update({"xl/x.xml": b"a" * 100_000})))
    at = data.rindex(b"xl/x.xml") - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    with pytest.raises(TableError):
        opened(bytes(data))


def test_an_encrypted_zip_is_refused_with_its_reason() -> None:
    data = bytearray(PLAIN_SHEET)
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = data.find(mark)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(mark, at + 4)
    with pytest.raises(TableError, match="password"):
        opened(bytes(data))


def test_two_entries_of_one_name_are_refused() -> None:
    file = io.BytesIO(PLAIN_SHEET)
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("xl/workbook.xml", b"<workbook/>")
    with pytest.raises(TableError):
        opened(file.getvalue())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_a_refusal(data: bytes) -> None:
    try:
        table = opened(data)
        rows = list(table.rows())
    except TableError:
        return
    assert len(set(table.headers)) == len(table.headers) > 0
    assert all(len(row.cells) == len(table.headers) for row in rows)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(PLAIN_SHEET) - 1), st.integers(0, 255))
def test_any_damaged_workbook_is_a_table_or_a_refusal(place: int, value: int) -> None:
    data = bytearray(PLAIN_SHEET)
    data[place] = value
    try:
        list(opened(bytes(data)).rows())
    except TableError:
        return


def test_a_hundred_thousand_rows_are_read_in_about_a_second() -> None:
    data = ("nome;telefone;cidade;email\n" + "Ana Maria;5511999998888;São Paulo;a@example.com\n" * 100_000).encode()
    began = time.process_time()
    table = opened(data)
    assert sum(1 for _row in table.rows()) == table.row_estimate == 100_000
    assert time.process_time() - began < 3
