"""Spreadsheets out, safe to open: no cell can become a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import xlsxwriter
from django.http import HttpResponse, StreamingHttpResponse

from core.text import slug_key

DANGEROUS = tuple("=+-@\t\r\n\x00|%＝＋－＠")


def safe_cell(value: Any) -> str:
    """Return a text that a spreadsheet shows and never computes; a phone keeps its plus behind an apostrophe."""
    text = "" if value is None else str(value).replace("\x00", "")
    return f"'{text}" if text.lstrip(" \u00a0").startswith(DANGEROUS) or text.startswith(DANGEROUS) else text


def unsafe_cell(text: str) -> str:
    """Take our own apostrophe off again, so that an exported file can be imported."""
    return text[1:] if text.startswith("'") and text[1:].lstrip(" \u00a0").startswith(DANGEROUS) else text


def csv_response(name: str, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """Stream a CSV that Excel in Brazil opens as it is: UTF-8 with mark, semicolons."""

    def lines() -> Iterator[bytes]:
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
        yield b"\xef\xbb\xbf"
        for row in _with_headers(headers, rows):
            writer.writerow([safe_cell(cell) for cell in row])
            if buffer.tell() > 65_536:
                yield buffer.getvalue().encode()
                buffer.seek(0)
                buffer.truncate()
        yield buffer.getvalue().encode()

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slug_key(name) or "export"}.csv"'
    return response


def xlsx_response(name: str, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """Return an XLSX whose cells are all typed as text."""
    buffer = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(_with_headers(headers, rows)):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, safe_cell(cell)[:32_000])
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    response = HttpResponse(buffer.getvalue(), content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{slug_key(name) or "export"}.xlsx"'
    return response


def _with_headers(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    yield headers
    yield from rows
