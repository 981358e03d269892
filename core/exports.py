"""Tables for people's spreadsheets: CSV and XLSX in which nothing runs as a formula.

Fractions are written as Brazilians do: a comma in CSV, which is separated by semicolons, and a number in XLSX.

In CSV a text that looks like a formula gets an apostrophe in front (phones begin with ``+``, so they do too);
:mod:`core.tabular` takes it off again, so a file that was exported here comes back unchanged. In XLSX texts are typed
as texts and need none.
"""

import csv
import io
import math
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import IO, Any, Literal, TypeVar

import xlsxwriter
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from core.formulas import guard_formula, printable, strip_guard

__all__ = [
    "csv_response",
    "pdf_response",
    "safe_cell",
    "safe_filename",
    "strip_guard",
    "table_response",
    "write_csv",
    "write_xlsx",
    "xlsx_response",
]

R = TypeVar("R", bound=HttpResponseBase)
FileFormat = Literal["csv", "xlsx"]
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSX_CELL = 32_767
XLSX_ROWS = 1_048_576
EXACT_INTEGER = 2**53
CHUNK = 64 * 1024
NUMBER_FORMATS = {Decimal: "#,##0.00####", datetime: "dd/mm/yyyy hh:mm", date: "dd/mm/yyyy"}
FIRST_YEAR = 1900
"""A workbook knows no day before."""
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])", re.IGNORECASE)


def plain(value: Any) -> str | int | float:
    """Return a value as a cell holds it: a number, or text as Brazilians write it. No formula guard yet."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).strftime("%d/%m/%Y %H:%M")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, list | tuple | set):
        return printable(", ".join(str(item) for item in value))
    return "" if value is None else printable(str(value))


def safe_cell(value: Any) -> str | int:
    """Return a value as a CSV cell that no spreadsheet runs: fractions with a comma, as many decimals as they have."""
    if isinstance(value, float | Decimal) and math.isfinite(value):
        return f"{Decimal(str(value)):f}".replace(".", ",")
    cell = plain(value)
    return cell if isinstance(cell, int) else guard_formula(str(cell))


def csv_chunks(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, delimiter: str = ";") -> Iterator[bytes]:
    """Yield a CSV file in pieces: UTF-8 with the mark that makes Excel read it as such."""
    buffer = io.StringIO()
    buffer.write("\ufeff")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([safe_cell(header) for header in headers])
    yield _taken(buffer)  # at once: the download begins while the first rows are still looked up
    for row in rows:
        writer.writerow([safe_cell(value) for value in row])
        if buffer.tell() > CHUNK:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    content = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return content


def write_csv(file: IO[bytes], headers: Sequence[str], rows: Iterable[Sequence[Any]], *, delimiter: str = ";") -> int:
    """Write a CSV file and return the number of rows below the header."""
    counted = _Counted(rows)
    for chunk in csv_chunks(headers, counted, delimiter=delimiter):
        file.write(chunk)
    return counted.count


def write_xlsx(file: IO[bytes], headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write a workbook row by row, in constant memory; what exceeds a sheet's rows goes on in the next sheet."""
    counted = _Counted(rows)
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, options) as book:
        bold = book.add_format({"bold": True})
        formats = {kind: book.add_format({"num_format": code}) for kind, code in NUMBER_FORMATS.items()}
        sheet, line = None, XLSX_ROWS
        for row in counted:
            if line == XLSX_ROWS:
                sheet, line = _sheet(book, headers, bold), 1
            _write_row(sheet, line, row, formats)
            line += 1
        if sheet is None:
            _sheet(book, headers, bold)
    return counted.count


def _sheet(book: Any, headers: Sequence[str], bold: Any) -> Any:
    number = len(book.worksheets()) + 1
    sheet = book.add_worksheet(_("Sheet %(number)d") % {"number": number})
    sheet.freeze_panes(1, 0)
    for column, header in enumerate(headers):
        sheet.write_string(0, column, printable(header)[:XLSX_CELL], bold)
    return sheet


def _write_row(sheet: Any, line: int, row: Sequence[Any], formats: dict[type, Any]) -> None:
    for column, value in enumerate(row):
        if isinstance(value, date) and value.year >= FIRST_YEAR:
            _write_moment(sheet, line, column, value, formats)
            continue
        cell = plain(value)
        # Beyond 15 digits a spreadsheet rounds; infinities and NaN are no numbers to it.
        if isinstance(cell, int | float) and abs(cell) <= EXACT_INTEGER:
            sheet.write_number(line, column, cell, formats[Decimal] if isinstance(value, Decimal) else None)
        elif cell != "":
            sheet.write_string(line, column, _typed_text(str(cell))[:XLSX_CELL])


def _write_moment(sheet: Any, line: int, column: int, value: date, formats: dict[type, Any]) -> None:
    """Write a day or a moment, on the reader's clock, as what a spreadsheet can sort and reckon with."""
    if isinstance(value, datetime):
        local = timezone.make_naive(value) if timezone.is_aware(value) else value
        sheet.write_datetime(line, column, local, formats[datetime])
    else:
        sheet.write_datetime(line, column, value, formats[date])


def _typed_text(text: str) -> str:
    # Readers take one apostrophe off what looks guarded; a text that always had one is given another.
    return text if strip_guard(text) == text else f"'{text}"


class _Counted:
    """An iterable that knows how many rows passed."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self.rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self.rows:
            self.count += 1
            yield row


def csv_response(
    name: str, headers: Sequence[str], rows: Iterable[Sequence[Any]], *, delimiter: str = ";"
) -> StreamingHttpResponse:
    """Return a download that is written while it is sent; ``name`` is without extension."""
    response = StreamingHttpResponse(
        csv_chunks(headers, rows, delimiter=delimiter), content_type="text/csv; charset=utf-8"
    )
    return _as_download(response, safe_filename(name, "csv"))


def xlsx_response(name: str, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> FileResponse:
    """Return a workbook as a download; it is written to a temporary file first."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # the response closes it
    write_xlsx(file, headers, rows)
    file.seek(0)
    return _as_download(FileResponse(file, content_type=XLSX_TYPE), safe_filename(name, "xlsx"))


def pdf_response(name: str, content: bytes) -> HttpResponse:
    """Return a document as a download."""
    return _as_download(HttpResponse(content, content_type="application/pdf"), safe_filename(name, "pdf"))


def table_response(
    file_format: FileFormat, name: str, headers: Sequence[str], rows: Iterable[Sequence[Any]]
) -> HttpResponseBase:
    """Return the rows as a download in the asked format."""
    return xlsx_response(name, headers, rows) if file_format == "xlsx" else csv_response(name, headers, rows)


def _as_download(response: R, filename: str) -> R:
    response.headers["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def safe_filename(name: str, extension: str) -> str:
    """Return a file name of plain letters that every system takes: ``clientes-sao-paulo.csv``."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:80].strip("-")
    if not stem or _RESERVED.fullmatch(stem):
        stem = f"prosa-{stem}".strip("-")
    return f"{stem}.{extension}"
