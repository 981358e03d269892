"""Taking an import back: what it created goes, unless somebody has used it since.

A contact is untouched while nothing but the import wrote it and nothing points at it: no message, no campaign, no
history, no place in a list that this import did not give. Known contacts keep the values that the import gave them.
"""

import logging
from functools import reduce
from operator import and_
from time import monotonic
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, ForeignObjectRel, Model, OuterRef, Q

from core.live import signal
from leads.models import Contact, ContactList, Import, ImportState, ListMembership
from leads.services.import_lease import Lease, LeaseLostError, drop_lease, keep_lease, take_lease
from leads.services.lists import recount

logger = logging.getLogger(__name__)

BATCH: Final = 2_000


def run_undo(import_id: UUID, *, seconds: float = 20.0) -> bool:
    """Take an import back for a while; return whether something is left. Does nothing without the lease."""
    lease = take_lease(import_id)
    if lease is None:
        return False
    run: Import = Import.objects.get(pk=import_id)
    deadline = monotonic() + seconds
    try:
        while _remove_batch(run, lease):
            if monotonic() > deadline:
                drop_lease(lease)
                return True
        _finish(run, lease)
    except LeaseLostError:
        logger.warning("undo taken over", extra={"import_id": str(import_id)})
    except BaseException:
        drop_lease(lease)
        raise
    return False


@transaction.atomic
def _remove_batch(run: Import, lease: Lease) -> int:
    keep_lease(lease)
    ids = list(untouched(run).values_list("pk", flat=True)[:BATCH])
    if not ids:
        return 0
    ListMembership.objects.filter(contact_id__in=ids, import_id=run.pk).delete()
    gone = Contact.objects.filter(pk__in=ids)
    # Not delete(): it would take along what came to point at a contact just now. The foreign keys refuse that instead.
    removed: int = gone._raw_delete(gone.db)
    Import.objects.filter(pk=run.pk).update(removed=F("removed") + removed)
    signal(run.organization_id, f"import:{run.pk}")
    return removed


def untouched(run: Import) -> Any:
    """Return the contacts that only this import has written and nothing else points at."""
    created = created_by(run).filter(
        last_import_id=run.pk,
        updated_at=F("created_at"),
        last_seen_at=None,
        anonymised_at=None,
        temperature="",
        score=None,
    )
    elsewhere = ListMembership.objects.filter(contact_id=OuterRef("pk")).exclude(import_id=run.pk)
    free = created.exclude(Exists(elsewhere)).filter(_unreferenced(Contact, skip=ListMembership))
    # An opt-out is a fact to remember, unless the import itself gave it to a person who had been erased.
    return free.filter(Q(opted_out_at=None) | Q(opted_out_at=F("created_at")))


def created_by(run: Import) -> Any:
    """Return the contacts that the import created; the times are those of the database, and narrow the search."""
    return Contact.objects.filter(created_at__gte=run.started_at, created_at__lte=run.finished_at, import_id=run.pk)


def _unreferenced(model: type[Model], *, skip: type[Model]) -> Any:
    """Say that no row of any app has a foreign key to this one; the apps above are found by Django, not named."""
    references = [relation for relation in _references(model) if relation.related_model is not skip]
    return reduce(and_, [~Exists(_pointing(relation)) for relation in references])


def _references(model: type[Model]) -> list[ForeignObjectRel]:
    fields = model._meta.get_fields(include_hidden=True)
    return [field for field in fields if isinstance(field, ForeignObjectRel) and not field.many_to_many]


def _pointing(relation: ForeignObjectRel) -> Any:
    related: Any = relation.related_model
    return related.objects.filter(**{relation.field.name: OuterRef("pk")})


@transaction.atomic
def _finish(run: Import, lease: Lease) -> None:
    keep_lease(lease)
    ListMembership.objects.filter(contact_list_id=run.contact_list_id, import_id=run.pk).delete()
    kept = created_by(run).count()
    Import.objects.filter(pk=run.pk).update(state=ImportState.UNDONE, kept=kept, lease_until=None, lease_token=None)
    if run.contact_list_id:
        recount([run.contact_list_id])
        _drop_empty_list(run)
    signal(run.organization_id, f"import:{run.pk}")
    signal(run.organization_id, "dashboard")


def _drop_empty_list(run: Import) -> None:
    """Delete the list that the import made, unless it holds somebody or an app above still uses it."""
    empty = ContactList.objects.filter(pk=run.contact_list_id, size=0).filter(_unreferenced(ContactList, skip=Import))
    if run.made_list and empty.exists():
        Import.objects.filter(contact_list_id=run.contact_list_id).update(contact_list=None)
        empty.delete()
