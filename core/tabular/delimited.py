"""CSV as people make it: four delimiters, quotes, line ends inside cells, stray NUL bytes, rows of any length."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.tabular.encoding import SAMPLE, detect_encoding
from core.tabular.limits import Limits, TableError
from core.tabular.source import Source

DELIMITERS = (";", ",", "\t", "|")
LONGEST_LINE = 2_000_000
_BINARY = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"%PDF",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
    b"MZ",
    b"\x7fELF",
    b"SQLite",
)


@dataclass(frozen=True)
class Delimited:
    """A CSV file that was recognised; ``skipped`` lines at its top are no rows (Excel's ``sep=;``)."""

    source: Source
    encoding: str
    errors: str
    delimiter: str
    skipped: int
    estimate: int

    def records(self) -> Iterator[list[str]]:
        """Yield every record of the file, blank ones too; raises :class:`TableError` where it breaks."""
        with self.source.text(self.encoding, self.errors) as file:
            lines = _lines(file)
            for _number in range(self.skipped):
                next(lines, "")
            reader, line = csv.reader(lines, delimiter=self.delimiter), self.skipped + 1
            try:
                for record in reader:
                    line = self.skipped + reader.line_num + 1
                    yield record
            except csv.Error as error:
                message = _("Line %(line)d cannot be read: a quotation mark may be missing its pair.") % {"line": line}
                raise TableError(message) from error


def _lines(file: Iterator[str]) -> Iterator[str]:
    read = file.readline  # type: ignore[attr-defined]  # a text file; bounded reads keep a file of one line harmless
    while line := read(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise TableError(_("A line of the file is too long to be a table."))
        yield line.replace("\0", "") if "\0" in line else line


def open_delimited(source: Source, limits: Limits) -> Delimited:
    """Recognise encoding and delimiter; raises :class:`TableError` for what is no text."""
    head = source.head(SAMPLE)
    if head.startswith(_BINARY):
        raise TableError(_("This is not a table. Send a CSV or XLSX file."))
    if head.lstrip()[:200].lower().startswith((b"<!doctype html", b"<html", b"<table", b"<?xml", b"{\\rtf")):
        raise TableError(_("This is a page, not a table. Open it in your spreadsheet and save it as XLSX or CSV."))
    encoding, errors = detect_encoding(head, source.chunks())
    sample = head.decode(encoding, "replace").removeprefix("\ufeff").replace("\0", "")
    if len(head) < SAMPLE and not sample.strip(' \t\r\n;,|"'):
        raise TableError(_("The file is empty."))
    if _is_noise(sample):
        raise TableError(_("This is not a table. Send a CSV or XLSX file."))
    declared = _declared_delimiter(sample)
    delimiter = declared or _sniff(sample)
    estimate = _count_lines(source) - bool(declared)
    return Delimited(source, encoding, errors, delimiter, int(bool(declared)), estimate)


def _is_noise(sample: str) -> bool:
    controls = sum(not letter.isprintable() and letter not in "\t\r\n\ufeff\u00a0\u200b" for letter in sample[:4096])
    return controls > len(sample[:4096]) * 0.05


def _declared_delimiter(sample: str) -> str:
    first = sample.split("\n", 1)[0].strip().strip('"')
    return first[4] if len(first) == 5 and first.lower().startswith("sep=") and first[4] in DELIMITERS else ""


def _sniff(sample: str) -> str:
    """Return the delimiter under which most records have the same number of cells, the most cells where several do."""
    complete = sample if len(sample) < SAMPLE // 4 else sample[: sample.rfind("\n") + 1] or sample
    return max(DELIMITERS, key=lambda delimiter: _regularity(complete, delimiter))


def _regularity(sample: str, delimiter: str) -> tuple[float, int]:
    widths: Counter[int] = Counter()
    try:
        for record in csv.reader(sample.splitlines(keepends=True), delimiter=delimiter):
            if any(record):
                widths[len(record)] += 1
            if widths.total() >= 50:
                break
    except csv.Error:
        return 0.0, 0
    if not widths:
        return 0.0, 0
    width, records = max(widths.items(), key=lambda item: (item[1], item[0]))
    return (records / widths.total(), width) if width > 1 else (0.0, 1)


def _count_lines(source: Source) -> int:
    feeds = returns = size = 0
    last = b""
    for chunk in source.chunks():
        feeds += chunk.count(b"\n")
        returns += chunk.count(b"\r")
        size += len(chunk)
        last = chunk[-4:]
    ended = b"\n" in last or b"\r" in last
    return (feeds or returns) + (size > 0 and not ended)
