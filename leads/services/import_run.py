"""An import at work: up to ten thousand rows per transaction.

The row after which to go on is committed together with the rows before it, so an import that was killed at any point
counts and creates exactly what an uninterrupted one does.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice, repeat
from time import monotonic
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

import orjson
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _

from core.ids import uuid7
from core.live import signal
from core.tabular import Row, Table, TableError, open_table
from leads.events import ContactsImported
from leads.models import Import, ImportState, IssueKind, Tombstone
from leads.services.import_lease import Lease, LeaseLostError, drop_lease, keep_lease, take_lease
from leads.services.imports import forget_file
from leads.services.lists import recount
from leads.services.merge import Chunk, Merged, merge_chunk, prepare
from leads.services.rows import ParsedRow, RowReader
from sagas.outbox import publish

logger = logging.getLogger(__name__)

CHUNK: Final = 10_000
# Small at first: the page shows progress at once, and short files are read while they are written, too.
FIRST_CHUNKS: Final = (2_500, 5_000)
SLICE_SECONDS: Final = 20.0
LARGE: Final = 1_000
MAX_ATTEMPTS: Final = 5
_ISSUES: Final = (
    "COPY leads_importissue (id, organization_id, import_run_id, row_number, kind, phone_key, reason, cells) FROM STDIN"
)


def run_import(import_id: UUID, *, seconds: float = SLICE_SECONDS) -> bool:
    """Import from where it stands for a while; return whether rows are left. Does nothing without the lease."""
    lease = take_lease(import_id)
    if lease is None:
        return False
    run: Import = Import.objects.get(pk=import_id)
    with translation.override(run.language):
        try:
            return _work(run, lease, monotonic() + seconds)
        except TableError as error:
            _fail(run, lease, error.message)
        except FileNotFoundError:
            _fail(run, lease, _("The file is no longer kept. Send it again."))
        except LeaseLostError:
            logger.warning("import taken over", extra={"import_id": str(import_id)})
        except BaseException:
            drop_lease(lease)
            raise
    return False


def _work(run: Import, lease: Lease, deadline: float) -> bool:
    if run.attempts > MAX_ATTEMPTS:
        message = _("It stopped %(count)d times after row %(row)d. Nothing after that row was imported.")
        _fail(run, lease, message % {"count": MAX_ATTEMPTS, "row": run.next_row})
        return False
    with _opened(run) as table:
        if not run.next_row:
            _look_through(run, table)
        with _read_ahead(run, table) as ahead:
            while (chunk := ahead.take()).rows:
                import_chunk(run, chunk, lease, meanwhile=ahead.start)
                if monotonic() > deadline:
                    drop_lease(lease)
                    return True
    _complete(run, lease)
    _tell_planner(run)
    return False


@contextmanager
def _opened(run: Import) -> Iterator[Table]:
    with default_storage.open(run.stored_path) as handle:
        yield open_table(cast(BinaryIO, handle), filename=run.filename)


def _look_through(run: Import, table: Table) -> None:
    """Read the whole file before anything is written: a file that breaks in the middle leaves nothing half imported."""
    count = sum(1 for _row in table.rows())
    Import.objects.filter(pk=run.pk).update(estimated_rows=count)


class ReadAhead:
    """Reads the next chunk in a thread of its own, from :meth:`start` on.

    It is started when the database begins its long statement. Two threads that both want the interpreter would slow
    each other down more than they gain.
    """

    def __init__(self, read: Callable[[], Chunk], pool: ThreadPoolExecutor) -> None:
        self._read, self._pool = read, pool
        self._next: Future[Chunk] | None = None

    def start(self) -> None:
        if self._next is None:
            self._next = self._pool.submit(self._read)

    def take(self) -> Chunk:
        """Return the next chunk; one without rows is the end."""
        coming = self._next or self._pool.submit(self._read)
        self._next = None
        return coming.result()


@contextmanager
def _read_ahead(run: Import, table: Table) -> Iterator[ReadAhead]:
    rows, language = table.rows(start=run.next_row), translation.get_language()
    tombstones = frozenset(Tombstone.objects.values_list("fingerprint", flat=True))
    sizes = chain(FIRST_CHUNKS, repeat(CHUNK))
    read = partial(_read, RowReader(run.mapping), rows, sizes, language, run.organization_id, tombstones)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="import") as pool:
        yield ReadAhead(read, pool)


def _read(
    reader: RowReader,
    rows: Iterator[Row],
    sizes: Iterator[int],
    language: str | None,
    organization_id: UUID,
    tombstones: frozenset[str],
) -> Chunk:
    with translation.override(language):
        parsed = [reader.read(row.number, row.cells) for row in islice(rows, next(sizes))]
    return prepare(parsed, organization_id=organization_id, tombstones=tombstones)


@transaction.atomic
def import_chunk(run: Import, chunk: Chunk, lease: Lease, *, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Write one chunk with its counts and the row after which to go on."""
    keep_lease(lease)
    merged = merge_chunk(
        chunk,
        organization_id=run.organization_id,
        import_id=run.pk,
        list_id=_list_id(run),
        has_status="status" in run.mapping.values(),
        meanwhile=meanwhile,
    )
    _copy_issues(run, chunk.rows, merged)
    Import.objects.filter(pk=run.pk).update(
        rows=F("rows") + len(chunk.rows),
        created=F("created") + merged.created,
        updated=F("updated") + merged.updated,
        invalid=F("invalid") + len(chunk.rows) - chunk.good,
        duplicate=F("duplicate") + len(merged.duplicates),
        next_row=chunk.rows[-1].number,
        attempts=0,
    )
    signal(run.organization_id, f"import:{run.pk}")


def _list_id(run: Import) -> UUID:
    if run.contact_list_id is None:
        raise TableError(_("The list of this import was deleted."))
    return run.contact_list_id


def _copy_issues(run: Import, rows: list[ParsedRow], merged: Merged) -> None:
    issues = [_issue(run, row, merged.duplicates) for row in rows if row.reason or row.number in merged.duplicates]
    if not issues:
        return
    with connection.cursor() as cursor, cursor.copy(_ISSUES) as copy:
        for issue in issues:
            copy.write_row(issue)


def _issue(run: Import, row: ParsedRow, duplicates: dict[int, int | None]) -> tuple[Any, ...]:
    kind, reason = IssueKind.INVALID, row.reason
    if not reason:
        kind, first = IssueKind.DUPLICATE, duplicates[row.number]
        reason = _("Same person as row %(row)d.") % {"row": first} if first else _("Same person as an earlier row.")
    cells = orjson.dumps(row.cells).decode()
    return uuid7(), run.organization_id, run.pk, row.number, kind.value, row.phone_key, reason[:300], cells


@transaction.atomic
def _complete(run: Import, lease: Lease) -> None:
    keep_lease(lease)
    _finish(run, state=ImportState.COMPLETED)
    run.refresh_from_db()
    forget_file(run)
    publish(
        ContactsImported(
            str(run.organization_id), str(run.pk), str(run.contact_list_id), created=run.created, updated=run.updated
        )
    )


def _tell_planner(run: Import) -> None:
    # The person opens the list at once, and autovacuum looks only in a minute.
    if run.created >= LARGE:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE leads_contact, leads_contactidentity, leads_listmembership")


@transaction.atomic
def _fail(run: Import, lease: Lease, error: str) -> None:
    keep_lease(lease)
    _finish(run, state=ImportState.FAILED, error=error[:500])


def _finish(run: Import, **values: str) -> None:
    Import.objects.filter(pk=run.pk).update(**values, finished_at=Now(), lease_until=None, lease_token=None)
    if run.contact_list_id:
        recount([run.contact_list_id])
    signal(run.organization_id, f"import:{run.pk}")
    signal(run.organization_id, "dashboard")
