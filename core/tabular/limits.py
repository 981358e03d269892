from dataclasses import dataclass
from http import HTTPStatus

from core.errors import DomainError


class TableError(DomainError):
    """The file cannot be read as a table; the message says what to do, in the reader's language."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


@dataclass(frozen=True)
class Limits:
    """How much of a file is taken. ``max_unpacked`` and ``max_area`` (cells) bound what a workbook costs to open."""

    max_bytes: int = 100 * 1024 * 1024
    max_rows: int = 1_000_000
    max_columns: int = 200
    max_cell: int = 32_767
    max_unpacked: int = 400 * 1024 * 1024
    max_area: int = 12_000_000
