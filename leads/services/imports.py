"""Files into contacts: COPY to a temporary table, one upsert, ten thousand rows per transaction.

The place where a killed worker goes on (``next_row``) is committed with the rows before it, so a resumed import counts and
creates exactly what an uninterrupted one does.
"""

import logging
import secrets
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import orjson
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from core.clock import now
from core.ids import uuid7
from core.jobs import job
from core.live import signal
from core.tabular import TableError, open_table
from core.tenancy import across_organizations, current_organization_id
from leads.models import Contact, ContactList, Import, ImportIssue, ImportState, ListMembership
from leads.services.mapping import clean_mapping, guess_mapping
from leads.services.rows import ParsedRow, parse_row

logger = logging.getLogger(__name__)

CHUNK = 10_000
LEASE = timedelta(minutes=5)
COLUMNS = (
    "id, row_number, name, phone, phone_key, email, city, whatsapp_link, status, tags, attributes, search"
)


def start_draft(file: UploadedFile, *, list_name: str, actor: Membership | None) -> Import:
    """Keep an uploaded file, read its head and guess its columns. Raises :class:`core.tabular.TableError`."""
    if file.size and file.size > settings.MAX_IMPORT_BYTES:
        raise TableError(_("The file is larger than 100 MB. Split it."))
    name = Path(file.name or "arquivo").name[:200]
    path = _store(file)
    try:
        table = open_table(path, filename=name)
        first = next(iter(table.rows()), None)
        if first is None:
            raise TableError(_("The file has a header and no rows."))
    except TableError:
        path.unlink()
        raise
    draft: Import = Import.objects.create(
        list_name=(list_name.strip() or Path(name).stem)[:120],
        created_by=actor,
        filename=name,
        stored_path=str(path.relative_to(settings.MEDIA_ROOT)),
        mapping=guess_mapping(table.headers),
        estimated_rows=table.row_estimate,
    )
    return draft


def _store(file: UploadedFile) -> Path:
    folder = Path(settings.MEDIA_ROOT) / "org" / str(current_organization_id()) / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{secrets.token_hex(16)}.table"
    with path.open("wb") as target:
        for part in file.chunks():
            target.write(part)
    return path


@transaction.atomic
def enqueue(run: Import, *, mapping: dict[str, str], list_name: str = "", actor: Membership | None = None) -> Import:
    """Fix the columns and ring for the import; a second click finds it under way."""
    locked = Import.objects.select_for_update().get(pk=run.pk)
    if locked.state != ImportState.DRAFT:
        return locked  # type: ignore[no-any-return]
    table = open_table(stored_file(locked), filename=locked.filename)
    locked.mapping = clean_mapping(mapping, len(table.headers))
    if not {"phone", "whatsapp_link"} & set(locked.mapping.values()):
        raise TableError(_("Say which column holds the phone."))
    locked.list_name = (list_name.strip() or locked.list_name)[:120]
    locked.contact_list = ContactList.objects.create(name=locked.list_name)
    locked.state = ImportState.QUEUED
    locked.save()
    record_audit("import.started", actor=actor, target=locked.filename)
    run_import.enqueue(organization_id=str(locked.organization_id), import_id=str(locked.pk))
    return locked  # type: ignore[no-any-return]


def stored_file(run: Import) -> Path:
    return Path(settings.MEDIA_ROOT) / run.stored_path


@job("bulk", timeout_seconds=3600)
def run_import(*, organization_id: str, import_id: str) -> None:
    """Import a file from where it stands; whoever does not get the lease does nothing."""
    if _take_lease(import_id):
        _run(Import.objects.get(pk=import_id))


@job("bulk")
def resume_imports() -> None:
    """Ring again for imports whose bell or worker was lost."""
    with across_organizations():
        waiting = Import.objects.filter(state__in=[ImportState.QUEUED, ImportState.RUNNING]).exclude(lease_until__gt=now())
        for organization_id, pk in waiting.values_list("organization_id", "pk"):
            run_import.enqueue(coalesce_key=str(pk), organization_id=str(organization_id), import_id=str(pk))


def _take_lease(import_id: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE leads_import SET lease_until = clock_timestamp() + interval '5 minutes', state = 'running' "
            "WHERE id = %s AND state IN ('queued', 'running') AND (lease_until IS NULL OR lease_until < clock_timestamp())",
            [import_id],
        )
        return cursor.rowcount == 1


def _run(run: Import) -> None:
    try:
        for chunk in _chunks(run):
            import_chunk(run, chunk)
            signal(run.organization_id, f"import:{run.pk}")
    except TableError as error:
        _finish(run, ImportState.FAILED, error.message)
        return
    except BaseException:
        # The next worker goes on at once instead of waiting for the lease to lapse.
        Import.objects.filter(pk=run.pk).update(lease_until=None)
        raise
    _finish(run, ImportState.COMPLETED)


def _chunks(run: Import) -> Iterator[list[ParsedRow]]:
    table = open_table(stored_file(run), filename=run.filename)
    rows = (parse_row(row.number, row.cells, run.mapping) for row in table.rows(start=run.next_row))
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _finish(run: Import, state: str, error: str = "") -> None:
    Import.objects.filter(pk=run.pk).update(state=state, error=error[:500], finished_at=now(), lease_until=None)
    if run.contact_list_id:
        size = ListMembership.objects.filter(contact_list_id=run.contact_list_id).count()
        ContactList.objects.filter(pk=run.contact_list_id).update(size=size)
    signal(run.organization_id, f"import:{run.pk}")
    signal(run.organization_id, "dashboard")


@transaction.atomic
def import_chunk(run: Import, chunk: list[ParsedRow]) -> None:
    """Write one chunk with its counts and the place to go on from."""
    good = [row for row in chunk if not row.reason]
    bad = [row for row in chunk if row.reason]
    counts = _upsert(run, good)
    Import.objects.filter(pk=run.pk).update(
        rows=F("rows") + len(chunk),
        invalid=F("invalid") + len(bad),
        created=F("created") + counts["created"],
        updated=F("updated") + counts["updated"],
        duplicate=F("duplicate") + counts["duplicate"],
        next_row=chunk[-1].number,
        lease_until=now() + LEASE,
    )
    ImportIssue.objects.bulk_create(
        [
            ImportIssue(
                organization_id=run.organization_id, import_run=run, row_number=row.number, kind="invalid",
                reason=row.reason[:300], cells=row.cells,
            )
            for row in bad
        ],
        batch_size=1000,
    )  # fmt: skip


def _upsert(run: Import, rows: list[ParsedRow]) -> dict[str, int]:
    if not rows:
        return {"created": 0, "updated": 0, "duplicate": 0}
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        _copy(cursor, rows)
        cursor.execute("ANALYZE import_stage")
        cursor.execute(_MERGE, {"organization": run.organization_id, "import": run.pk, "list": run.contact_list_id})
        created, updated, duplicate = cast(tuple[int, int, int], cursor.fetchone())
        cursor.execute(_DUPLICATES, {"organization": run.organization_id, "import": run.pk, "reason": _("Same person as an earlier row.")})
        cursor.execute("DROP TABLE import_stage")
    return {"created": created, "updated": updated, "duplicate": duplicate}


def _copy(cursor: Any, rows: list[ParsedRow]) -> None:
    with cursor.copy(f"COPY import_stage ({COLUMNS}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(
                (
                    uuid7(), row.number, row.name, row.phone, row.phone_key, row.email, row.city, row.whatsapp_link,
                    row.status, orjson.dumps(row.tags).decode(), orjson.dumps(row.attributes).decode(), row.search,
                )
            )  # fmt: skip


_STAGE = """
CREATE TEMP TABLE import_stage (
  id uuid, row_number int, name text, phone text, phone_key text, email text, city text, whatsapp_link text, status int,
  tags jsonb, attributes jsonb, search text, duplicate_of int
) ON COMMIT DROP
"""

# An earlier row of the same file, in this chunk or in one already committed, makes a row a duplicate; the first one counts.
# Importing never revives an opt-out: the opt-out columns are not touched.
_MERGE = """
WITH ranked AS (
  SELECT stage.*, row_number() OVER (PARTITION BY phone_key ORDER BY row_number) AS place,
         EXISTS (SELECT 1 FROM leads_listmembership m JOIN leads_contact c ON c.id = m.contact_id
                 WHERE m.contact_list_id = %(list)s AND m.import_id = %(import)s
                   AND c.organization_id = %(organization)s AND c.phone_key = stage.phone_key) AS earlier
  FROM import_stage stage
), firsts AS (
  SELECT * FROM ranked WHERE place = 1 AND NOT earlier
), merged AS (
  INSERT INTO leads_contact AS contact
    (id, organization_id, name, phone, phone_key, email, city, whatsapp_link, status, tags, attributes, search, source,
     import_id, created_at, updated_at)
  SELECT id, %(organization)s, name, phone, phone_key, email, city, whatsapp_link, status, tags, attributes, search, 'import',
         %(import)s, now(), now()
  FROM firsts ORDER BY phone_key
  ON CONFLICT (organization_id, phone_key) DO UPDATE SET
    name = COALESCE(NULLIF(contact.name, ''), excluded.name),
    email = COALESCE(NULLIF(excluded.email, ''), contact.email),
    city = COALESCE(NULLIF(excluded.city, ''), contact.city),
    whatsapp_link = COALESCE(NULLIF(excluded.whatsapp_link, ''), contact.whatsapp_link),
    status = excluded.status,
    tags = (SELECT COALESCE(jsonb_agg(DISTINCT tag), '[]') FROM jsonb_array_elements(contact.tags || excluded.tags) tag),
    attributes = contact.attributes || excluded.attributes,
    search = CASE WHEN contact.name = '' THEN excluded.search ELSE contact.search || ' ' || excluded.city END,
    updated_at = now()
  RETURNING contact.id, contact.phone_key, (xmax = 0) AS is_new
), joined AS (
  INSERT INTO leads_listmembership (id, organization_id, contact_list_id, contact_id, status, row_number, import_id)
  SELECT firsts.id, %(organization)s, %(list)s, merged.id, firsts.status, firsts.row_number, %(import)s
  FROM merged JOIN firsts USING (phone_key)
  ON CONFLICT (contact_list_id, contact_id) DO NOTHING
), marked AS (
  UPDATE import_stage SET duplicate_of = 1 FROM ranked
  WHERE import_stage.row_number = ranked.row_number AND (ranked.place > 1 OR ranked.earlier)
  RETURNING 1
)
SELECT (SELECT count(*) FROM merged WHERE is_new), (SELECT count(*) FROM merged WHERE NOT is_new), (SELECT count(*) FROM marked)
"""

_DUPLICATES = """
INSERT INTO leads_importissue (id, organization_id, import_run_id, row_number, kind, reason, cells)
SELECT gen_random_uuid(), %(organization)s, %(import)s, row_number, 'duplicate', %(reason)s, jsonb_build_array(name, phone)
FROM import_stage WHERE duplicate_of IS NOT NULL
"""


def undo(run: Import, *, actor: Membership | None) -> None:
    """Ring for the undo of a finished import."""
    changed = Import.objects.filter(pk=run.pk, state=ImportState.COMPLETED).update(state=ImportState.UNDOING)
    if changed:
        record_audit("import.undone", actor=actor, target=run.filename)
        undo_import.enqueue(organization_id=str(run.organization_id), import_id=str(run.pk))


@job("bulk", timeout_seconds=3600)
def undo_import(*, organization_id: str, import_id: str) -> None:
    """Take back what an import created and nobody has used since; a contact with a history stays."""
    run = Import.objects.get(pk=import_id)
    if run.state != ImportState.UNDOING:
        return
    with transaction.atomic():
        ListMembership.objects.filter(import_id=run.pk).delete()
        created = Contact.objects.filter(import_id=run.pk, last_seen_at=None)
        untouched = created.filter(timeline=None, conversations=None, list_memberships=None)
        untouched.delete()
        if run.contact_list_id:
            ContactList.objects.filter(pk=run.contact_list_id, memberships=None).delete()
        Import.objects.filter(pk=run.pk).update(state=ImportState.UNDONE, contact_list=None)
    signal(run.organization_id, f"import:{run.pk}")


def discard_draft(import_id: UUID) -> None:
    """Forget an upload that was never imported, with its file."""
    run = Import.objects.filter(pk=import_id, state=ImportState.DRAFT).first()
    if run is not None:
        stored_file(run).unlink(missing_ok=True)
        run.delete()
