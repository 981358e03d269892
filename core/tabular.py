"""Spreadsheets in: CSV of any encoding and separator, and XLSX, read row by row as text."""

import csv
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from charset_normalizer import from_bytes
from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from core.errors import DomainError

MAX_COLUMNS = 200
MAX_ROWS = 1_000_000
MAX_CELL = 2_000
MAX_UNZIPPED = 1_500_000_000
MAX_RATIO = 200
SAMPLE = 256 * 1024


class TableError(DomainError):
    """The file is no table that can be read; the message says why."""


@dataclass
class Table:
    """``headers`` are empty texts where the file has none; ``rows`` can be read once."""

    headers: list[str]
    rows: Iterator[list[str]]
    estimated_rows: int
    has_header: bool


def open_table(path: Path, filename: str) -> Table:
    """Open a CSV or XLSX file; raise :class:`TableError` in words when it is none."""
    if path.stat().st_size == 0:
        raise TableError(_("The file is empty."))
    with path.open("rb") as handle:
        start = handle.read(8)
    if start.startswith(b"PK"):
        rows, estimate = _xlsx(path)
    elif start.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableError(_("This is an old Excel file or one with a password. Save it as XLSX or CSV without one."))
    else:
        rows, estimate = _csv(path)
    return _table(rows, estimate)


def _table(rows: Iterator[list[str]], estimate: int) -> Table:
    filled = (row for row in rows if any(cell.strip() for cell in row))
    first = next(filled, None)
    if first is None:
        raise TableError(_("The file has no rows."))
    if len(first) > MAX_COLUMNS:
        raise TableError(_("The file has more than %(count)d columns.") % {"count": MAX_COLUMNS})
    has_header = not any(sum(ch.isdigit() for ch in cell) >= 8 for cell in first)
    body = filled if has_header else chain([first], filled)
    headers = [cell.strip()[:80] for cell in first] if has_header else [""] * len(first)
    return Table(headers, _limited(body, len(first)), max(1, estimate - has_header), has_header)


def _limited(rows: Iterable[list[str]], width: int) -> Iterator[list[str]]:
    for number, row in enumerate(rows):
        if number >= MAX_ROWS:
            raise TableError(_("The file has more than %(count)d rows. Split it.") % {"count": MAX_ROWS})
        cells = [cell[:MAX_CELL].replace("\x00", "").strip() for cell in row[:width]]
        yield cells + [""] * (width - len(cells))


def _csv(path: Path) -> tuple[Iterator[list[str]], int]:
    sample = path.open("rb").read(SAMPLE)
    encoding = _encoding(sample)
    text = sample.decode(encoding, "replace")
    if text.count("\ufffd") > len(text) // 20 or ("\x00" in text and "utf_16" not in encoding):
        raise TableError(_("This is no spreadsheet. Send a CSV or XLSX file."))
    delimiter = _delimiter(text)
    lines = max(1, text.count("\n"))
    estimate = int(path.stat().st_size / max(1, len(sample)) * lines) + (0 if text.endswith("\n") else 1)
    return _csv_rows(path, encoding, delimiter), estimate


def _csv_rows(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(1024 * 1024)
    with path.open(encoding=encoding, errors="replace", newline="") as handle:
        try:
            yield from csv.reader((line.replace("\x00", "") for line in handle), delimiter=delimiter)
        except csv.Error as error:
            raise TableError(_("A cell of the file is too large to be read.")) from error


def _encoding(sample: bytes) -> str:
    for mark, name in ((b"\xef\xbb\xbf", "utf_8_sig"), (b"\xff\xfe", "utf_16"), (b"\xfe\xff", "utf_16")):
        if sample.startswith(mark):
            return name
    try:
        # The sample may end inside a letter.
        sample[: len(sample) - 4 if len(sample) == SAMPLE else len(sample)].decode("utf-8")
        return "utf_8"
    except UnicodeDecodeError:
        best = from_bytes(sample[:20_000], cp_isolation=["cp1252", "utf_16_le", "utf_16_be", "mac_roman"]).best()
        # Western single-byte files all but always come from Windows; the statistics may not claim an exotic page.
        return best.encoding if best and best.encoding.startswith("utf_16") else "cp1252"


def _delimiter(text: str) -> str:
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    counts = {mark: [line.count(mark) for line in lines] for mark in ";,\t|"}
    steady = {mark: min(found) * 1000 + sum(found) for mark, found in counts.items() if found and max(found)}
    return max(steady, key=steady.__getitem__) if steady else ","


def _xlsx(path: Path) -> tuple[Iterator[list[str]], int]:
    _refuse_bombs(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheet = book.get_sheet_by_index(0)
        size = sheet.total_height
        if sheet.width > MAX_COLUMNS:
            raise TableError(_("The file has more than %(count)d columns.") % {"count": MAX_COLUMNS})
    except (CalamineError, IndexError, OSError) as error:
        raise TableError(_("This Excel file cannot be read. Save it again as XLSX or CSV.")) from error
    return ([_cell(value) for value in row] for row in sheet.iter_rows()), size


def _refuse_bombs(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
    except zipfile.BadZipFile as error:
        raise TableError(_("This Excel file cannot be read. Save it again as XLSX or CSV.")) from error
    packed, unpacked = sum(e.compress_size for e in entries), sum(e.file_size for e in entries)
    if unpacked > MAX_UNZIPPED or (unpacked > 50_000_000 and unpacked > MAX_RATIO * max(1, packed)) or len(entries) > 5000:
        raise TableError(_("This file unpacks to far more than a spreadsheet would."))
    if "[Content_Types].xml" not in names or any(name.endswith("vbaProject.bin") for name in names):
        raise TableError(_("Send an XLSX file without macros, or a CSV."))


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e18 else repr(value)
    if isinstance(value, datetime):
        return value.strftime("%d/%m/%Y %H:%M") if (value.hour or value.minute) else value.strftime("%d/%m/%Y")
    return value.strftime("%d/%m/%Y") if isinstance(value, date) else str(value)


def preview(path: Path, filename: str, count: int = 5) -> tuple[Table, list[list[str]]]:
    """Return the table and its first rows."""
    table = open_table(path, filename)
    return table, list(islice(table.rows, count))
