from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from core.formulas import strip_guard
from core.tabular.delimited import open_delimited
from core.tabular.headers import header_index, is_header, names_from_content, names_from_header
from core.tabular.limits import Limits, TableError
from core.tabular.source import Source
from core.tabular.workbook import OLE, ZIP, open_workbook, refuse_ole

SAMPLE_ROWS = 50


class Row(NamedTuple):
    """``number`` is the row as a spreadsheet counts it, from 1."""

    number: int
    cells: list[str]


@dataclass(frozen=True)
class Table:
    """A recognised file; nothing but its beginning was read yet.

    ``headers`` are unique and never blank. ``row_estimate`` counts data rows: exact for XLSX, and for CSV unless cells
    hold line ends or rows are blank.
    """

    headers: list[str]
    has_header: bool
    kind: Literal["csv", "xlsx"]
    encoding: str
    delimiter: str
    row_estimate: int
    first_row: int
    limits: Limits
    _records: Callable[[], Iterator[list[str]]] = field(repr=False)

    def rows(self, start: int = 0) -> Iterator[Row]:
        """Yield the data rows after row number ``start``, each with as many cells as there are headers.

        Blank rows are left out, missing cells are empty, cells beyond the headers are dropped. May be called again.
        Raises :class:`TableError` where the file breaks or a limit is passed.
        """
        width, first, longest = (len(self.headers), max(self.first_row, start + 1), self.limits.max_cell)
        last = self.first_row + self.limits.max_rows
        for number, raw in enumerate(self._records(), 1):
            if number < first:
                continue
            cells = [cell.strip() for cell in raw]
            length = sum(map(len, cells))
            if not length:
                continue
            if number >= last:
                raise _too_many_rows(self.limits)
            if length > longest:
                _refuse_long_cell(cells, number, longest)
            yield Row(number, _fitted([strip_guard(cell) if cell[:1] == "'" else cell for cell in cells], width))

    def preview(self, count: int = 5) -> list[Row]:
        """Return the first data rows."""
        return list(islice(self.rows(), count))


def open_table(source: Path | str | BinaryIO, *, filename: str = "", limits: Limits = Limits()) -> Table:  # noqa: B008  # frozen
    """Recognise a CSV or XLSX file by its content; raises :class:`TableError` for anything else.

    A file object must be seekable; it is read from its beginning and left open. ``filename`` only improves messages.
    """
    origin = Source(source)
    size = origin.size()
    if size > limits.max_bytes:
        raise TableError(
            _("The file is too large: the limit is %(limit)d MB.") % {"limit": limits.max_bytes // 1024**2}
        )
    head = origin.head(8)
    if not size or not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        _refuse_blank(origin)
    if head.startswith(OLE):
        refuse_ole(origin)
    if head.startswith(ZIP):
        workbook = open_workbook(origin, limits)
        return _table("xlsx", workbook.records, workbook.estimate, limits)
    text = open_delimited(origin, limits)
    return _table("csv", text.records, text.estimate, limits, encoding=text.encoding, delimiter=text.delimiter)


def _refuse_blank(origin: Source) -> None:
    if not any(chunk.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe") for chunk in origin.chunks()):
        raise TableError(_("The file is empty."))


def _table(
    kind: Literal["csv", "xlsx"], records: Callable[[], Iterator[list[str]]], estimate: int, limits: Limits,
    *, encoding: str = "", delimiter: str = "",
) -> Table:  # fmt: skip
    sample = list(islice(records(), SAMPLE_ROWS))
    top = header_index(sample)
    body = sample[top:]
    width = _width(body)
    if not width:
        raise TableError(_("The file is empty."))
    if width > limits.max_columns:
        message = _("The table has %(count)s columns; the limit is %(limit)s.") % {
            "count": _grouped(width),
            "limit": _grouped(limits.max_columns),
        }
        raise TableError(message)
    named = is_header(body[0])
    headers = names_from_header(body[0][:width], width) if named else names_from_content(body, width)
    first_row = top + 1 + named
    if estimate - first_row + 1 > limits.max_rows:
        raise _too_many_rows(limits)
    return Table(
        headers, named, kind, encoding, delimiter, max(0, estimate - first_row + 1), first_row, limits, records
    )


def _width(body: list[list[str]]) -> int:
    """Return the number of columns that hold something in the sample."""
    return max((index for row in body for index, cell in enumerate(row, 1) if cell.strip()), default=0)


def _fitted(cells: list[str], width: int) -> list[str]:
    missing = width - len(cells)
    return cells + [""] * missing if missing > 0 else cells[:width]


def _refuse_long_cell(cells: list[str], number: int, longest: int) -> None:
    if max(map(len, cells)) > longest:
        raise TableError(_("A cell of row %(row)d is too long.") % {"row": number})


def _too_many_rows(limits: Limits) -> TableError:
    return TableError(
        _("The table has too many rows: the limit is %(limit)s. Split it into smaller files.")
        % {"limit": _grouped(limits.max_rows)}
    )


def _grouped(number: int) -> str:
    return str(number_format(number, force_grouping=True))
