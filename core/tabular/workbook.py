"""XLSX, looked through before anything parses it: a workbook is a zip that may be a bomb."""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import IO, Any

from django.utils.translation import gettext as _
from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from core.tabular.limits import Limits, TableError
from core.tabular.source import CHUNK, Source

MAX_ENTRIES = 2_000
MAX_RATIO = 100
# Small entries compress as well as they like: a bomb needs size.
HARMLESS_BYTES = 10 * 1024 * 1024
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_BROKEN_ZIP = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, ValueError,
    EOFError, OSError, IndexError,
)  # fmt: skip
_COLUMN = re.compile(rb"""\br=["']([A-Z]{1,3})[0-9]{1,7}["']""")
_ROW = re.compile(rb"""\br=["'][A-Z]{0,3}([0-9]{1,7})["']""")


def refuse_ole(source: Source) -> None:
    """Raise the :class:`TableError` that fits an old binary workbook or an encrypted one."""
    if any("EncryptedPackage".encode("utf-16-le") in chunk for chunk in source.chunks()):
        raise TableError(_("The spreadsheet has a password. Save it without one and send it again."))
    raise TableError(_("This is an old Excel file (.xls). Save it as XLSX and send it again."))


@dataclass(frozen=True)
class Workbook:
    """The first sheet with content. Calamine keeps the whole sheet, so its area was bounded before."""

    sheet: CalamineSheet
    estimate: int

    def records(self) -> Iterator[list[str]]:
        """Yield every row from the sheet's first, blank ones too, as text."""
        for row in self.sheet.iter_rows():
            yield [_text(value) for value in row]


def open_workbook(source: Source, limits: Limits) -> Workbook:
    """Look through the zip, then read the first visible sheet that holds something."""
    try:
        with source.opened() as file, zipfile.ZipFile(file) as archive:
            _inspect(archive, limits)
    except _BROKEN_ZIP as error:
        raise TableError(_("The spreadsheet is damaged. Save it again and send it once more.")) from error
    with source.opened() as file:
        return _first_sheet(file, limits)


def _inspect(archive: zipfile.ZipFile, limits: Limits) -> None:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if any(entry.flag_bits & 1 for entry in entries):
        raise TableError(_("The spreadsheet has a password. Save it without one and send it again."))
    if len(entries) > MAX_ENTRIES or len(set(names)) != len(names):
        raise TableError(_("The spreadsheet is not built as one."))
    _refuse_bomb(entries, limits)
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise TableError(_("The spreadsheet has macros. Save it as XLSX, without macros, and send it again."))
    if "xl/workbook.xml" not in names:
        raise TableError(_("This is not a table. Send a CSV or XLSX file."))
    for entry in entries:
        _refuse_wide_area(archive, entry, limits)


def _refuse_bomb(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    swollen = any(
        entry.file_size > HARMLESS_BYTES and entry.file_size > MAX_RATIO * max(1, entry.compress_size)
        for entry in entries
    )
    if swollen or unpacked > limits.max_unpacked:
        raise TableError(_("The spreadsheet is too large once unpacked. Split it into smaller files."))


def _refuse_wide_area(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: Limits) -> None:
    """Read the entry to its end, which proves its declared size, and measure the area of a sheet."""
    is_sheet = entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml")
    columns: set[bytes] = set()
    last_row, tail = 0, b""
    with archive.open(entry) as stream:
        while chunk := stream.read(CHUNK):
            if is_sheet:
                piece = tail + chunk
                columns.update(_COLUMN.findall(piece))
                last_row = max(last_row, max(map(int, _ROW.findall(piece)), default=0))
                tail = chunk[-64:]
    if last_row * max(map(_column_number, columns), default=0) > limits.max_area:
        raise TableError(
            _("The sheet is too large: content stands far outside the table. Delete the empty rows and columns.")
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _first_sheet(file: IO[bytes], limits: Limits) -> Workbook:
    try:
        book = CalamineWorkbook.from_filelike(file)
        names = [
            meta.name
            for meta in book.sheets_metadata
            if meta.visible is SheetVisibleEnum.Visible and meta.typ is SheetTypeEnum.WorkSheet
        ]
        for name in names:
            sheet = book.get_sheet_by_name(name)
            if sheet.end is not None and sheet.total_height:
                return Workbook(sheet, sheet.end[0] + 1)
    except TableError:
        raise
    except BaseException as error:
        # A panic of the parser written in Rust is no Exception in Python.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise TableError(_("The spreadsheet is damaged. Save it again and send it once more.")) from error
    raise TableError(_("The file is empty."))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.strftime("%d/%m/%Y" if value.time() == time.min else "%d/%m/%Y %H:%M")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, timedelta):
        minutes = int(value.total_seconds()) // 60
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    return str(value)
