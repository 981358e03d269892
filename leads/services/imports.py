"""Uploads on their way into contacts: kept as drafts, put in line, taken back."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from core.clock import now
from core.errors import DomainError
from core.formulas import printable
from core.tabular import TableError, open_table
from core.tenancy import current_organization_id
from leads.models import BUSY, AttributeLabel, ContactList, Import, ImportState, LegalBasis
from leads.services.mapping import ATTRIBUTE, MAX_ATTRIBUTES, clean_mapping, guess_mapping
from leads.services.rows import OTHER_PHONE

SAMPLE_ROWS: Final = 200
SAMPLE_CELL: Final = 300
MAX_LABELS: Final = 4 * MAX_ATTRIBUTES
DRAFT_LIFE = timedelta(days=1)
FILE_LIFE = timedelta(days=7)


class ImportStateError(DomainError):
    """The import is not where this can be done."""


def start_draft(file: UploadedFile[Any], *, list_name: str = "", actor: Membership | None) -> Import:
    """Keep an uploaded file, read its head and guess its columns. Raises :class:`core.tabular.TableError`."""
    if (file.size or 0) > settings.MAX_IMPORT_BYTES:
        raise TableError(
            _("The file is larger than %(limit)d MB. Split it.") % {"limit": settings.MAX_IMPORT_BYTES >> 20}
        )
    name = plain_filename(file.name or "")
    path = default_storage.save(f"org/{current_organization_id()}/imports/{secrets.token_hex(16)}.table", File(file))
    try:
        return _draft(path, name, list_name, actor)
    except TableError:
        default_storage.delete(path)
        raise


def _draft(path: str, name: str, list_name: str, actor: Membership | None) -> Import:
    with default_storage.open(path) as handle:
        table = open_table(cast(BinaryIO, handle), filename=name)
        sample = table.preview(SAMPLE_ROWS)
        if not sample:
            raise TableError(_("The file has a header and no rows."))
        cells = [row.cells for row in sample]
        draft: Import = Import.objects.create(
            list_name=plain_name(list_name) or plain_name(PurePosixPath(name).stem),
            created_by=actor,
            filename=name,
            stored_path=path,
            headers=table.headers,
            sample=[[row.number, [cell[:SAMPLE_CELL] for cell in row.cells]] for row in sample],
            mapping=guess_mapping(table.headers, cells),
            language=get_language() or settings.LANGUAGE_CODE,
            estimated_rows=table.row_estimate,
        )
    return draft


def plain_filename(name: str) -> str:
    """Return the last part of a path of any system, without what cannot be shown."""
    last = PureWindowsPath(PurePosixPath(printable(name)).name).name.strip()
    return last[-200:] or "planilha"


def plain_name(name: str) -> str:
    return " ".join(printable(name).split())[:120]


@transaction.atomic
def enqueue(
    run: Import, *, mapping: Mapping[str, str], list_name: str = "", contact_list: ContactList | None = None,
    legal_basis: str = "", actor: Membership | None = None,
) -> Import:  # fmt: skip
    """Fix the columns and put the import in line, for a new list unless one is given; twice is as once."""
    locked: Import = Import.objects.select_for_update().get(pk=run.pk)
    if locked.state != ImportState.DRAFT:
        return locked
    locked.mapping = clean_mapping(mapping, locked.headers)
    if not {"phone", "whatsapp_link"} & set(locked.mapping.values()):
        raise TableError(_("Say which column holds the phone or the WhatsApp link."))
    locked.list_name = contact_list.name if contact_list else plain_name(list_name) or locked.list_name
    locked.contact_list = contact_list or ContactList.objects.create(name=locked.list_name)
    locked.made_list = contact_list is None
    locked.legal_basis = legal_basis if legal_basis in LegalBasis.values else ""
    locked.language = get_language() or settings.LANGUAGE_CODE
    locked.state, locked.sample = ImportState.QUEUED, []
    locked.save()
    _keep_labels(locked)
    record_audit("import.started", actor=actor, target=locked.filename, data={"legal_basis": locked.legal_basis})
    return locked


def _keep_labels(run: Import) -> None:
    labels = {
        target.removeprefix(ATTRIBUTE): run.headers[int(index)]
        for index, target in run.mapping.items()
        if target.startswith(ATTRIBUTE)
    }
    if {"phone", "whatsapp_link"} <= set(run.mapping.values()):
        labels[OTHER_PHONE] = _("Other phone")
    room = MAX_LABELS - AttributeLabel.objects.count()
    AttributeLabel.objects.bulk_create(
        [
            AttributeLabel(organization_id=run.organization_id, key=key, label=label[:120])
            for key, label in list(labels.items())[: max(0, room)]
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def retry(run: Import, *, actor: Membership | None) -> Import:
    """Put a failed import in line again, from where it stopped; its file must still be there."""
    locked: Import = Import.objects.select_for_update().get(pk=run.pk)
    if locked.state != ImportState.FAILED:
        return locked
    if not can_retry(locked):
        raise ImportStateError(_("The file is no longer kept. Send it again."))
    locked.state, locked.attempts, locked.error, locked.finished_at = ImportState.QUEUED, 0, "", None
    locked.save(update_fields=["state", "attempts", "error", "finished_at"])
    record_audit("import.retried", actor=actor, target=locked.filename)
    return locked


def can_retry(run: Import) -> bool:
    return run.state == ImportState.FAILED and bool(run.stored_path) and run.contact_list_id is not None


@transaction.atomic
def start_undo(run: Import, *, actor: Membership | None) -> bool:
    """Put the undo of a finished import in line; return whether that is new."""
    locked: Import = Import.objects.select_for_update().get(pk=run.pk)
    if not locked.can_undo:
        return False
    locked.state, locked.attempts = ImportState.UNDOING, 0
    locked.save(update_fields=["state", "attempts"])
    record_audit("import.undone", actor=actor, target=locked.filename)
    return True


def discard_draft(run: Import) -> bool:
    """Forget an upload that was never imported, with its file."""
    deleted, _models = Import.objects.filter(pk=run.pk, state=ImportState.DRAFT).delete()
    if deleted:
        transaction.on_commit(lambda: default_storage.delete(run.stored_path))
    return bool(deleted)


def forget_old_files() -> int:
    """Drop drafts after a day and the files of imports that failed a week ago; return how many. All organizations."""
    drafts = Import.objects.filter(state=ImportState.DRAFT, created_at__lt=now() - DRAFT_LIFE)
    dropped = sum(discard_draft(draft) for draft in drafts[:1000])
    failed = Import.objects.filter(state=ImportState.FAILED, finished_at__lt=now() - FILE_LIFE).exclude(stored_path="")
    for run in failed[:1000]:
        forget_file(run)
        dropped += 1
    return dropped


def forget_file(run: Import) -> None:
    """Delete the upload of an import that needs it no more; the rows that were refused are kept apart."""
    if run.stored_path:
        Import.objects.filter(pk=run.pk).update(stored_path="")
        path = run.stored_path
        transaction.on_commit(lambda: default_storage.delete(path))


def waiting_imports() -> list[tuple[UUID, UUID]]:
    """Return (organization, import) of the work that no living worker has, oldest first. All organizations."""
    rows: Any = Import.objects.filter(state__in=BUSY).exclude(lease_until__gt=now()).order_by("created_at")
    return list(rows.values_list("organization_id", "pk"))
