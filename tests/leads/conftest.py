"""What the tests of this app share: files as people make them, and imports from upload to the last row."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Organization
from leads.jobs import work_on_import
from leads.models import Import
from leads.services import imports
from tests.support.jobs import drain


@pytest.fixture(autouse=True)
def _media_of_its_own(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path / "media"
    yield


def csv_file(text: str | bytes, name: str = "clientes.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)


def xlsx_file(rows: list[list[Any]], name: str = "clientes.xlsx") -> SimpleUploadedFile:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return SimpleUploadedFile(name, buffer.getvalue())


@pytest.fixture
def import_file(in_acme: Organization) -> Callable[..., Import]:
    """Import a file from upload to the end; the columns are guessed unless given."""

    def run(file: SimpleUploadedFile | str | bytes, mapping: dict[str, str] | None = None, **options: Any) -> Import:
        upload = file if isinstance(file, SimpleUploadedFile) else csv_file(file)
        draft = imports.start_draft(upload, actor=options.pop("actor", None))
        queued = imports.enqueue(draft, mapping=mapping or draft.mapping, **options)
        work_on_import.enqueue(organization_id=str(queued.organization_id), import_id=str(queued.pk))
        drain()
        queued.refresh_from_db()
        return queued

    return run


def counts(run: Import) -> tuple[int, int, int, int]:
    """Return (created, updated, invalid, duplicate)."""
    assert run.rows == run.created + run.updated + run.invalid + run.duplicate
    return run.created, run.updated, run.invalid, run.duplicate
