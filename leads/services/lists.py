"""Lists: names for sets of contacts. Deleting one takes the places in it away; the contacts stay."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from core.errors import DomainError
from core.formulas import printable
from core.tenancy import current_organization_id
from leads.models import BUSY, Contact, ContactList, ListKind, ListMembership

MAX_BATCH: Final = 1_000


class ListError(DomainError):
    """The list cannot be changed like this; the message says why."""


def create_list(name: str, *, actor: Membership | None, kind: ListKind = ListKind.MANUAL) -> ContactList:
    """Make an empty list. Raises :class:`ListError` for a blank name."""
    created: ContactList = ContactList.objects.create(name=_checked(name), kind=kind)
    record_audit("list.created", actor=actor, target=created.name)
    return created


def rename_list(contact_list: ContactList, name: str, *, actor: Membership | None) -> ContactList:
    contact_list.name = _checked(name)
    contact_list.save(update_fields=["name"])
    record_audit("list.renamed", actor=actor, target=contact_list.name)
    return contact_list


def _checked(name: str) -> str:
    plain = " ".join(printable(name).split())[:120]
    if not plain:
        raise ListError(_("Give the list a name."), code="name")
    return plain


@transaction.atomic
def delete_list(contact_list: ContactList, *, actor: Membership | None) -> None:
    """Delete a list with its places; contacts and the history of imports stay. Refused while an import fills it."""
    locked = ContactList.objects.select_for_update().get(pk=contact_list.pk)
    if locked.imports.filter(state__in=BUSY).exists():
        raise ListError(_("An import is still filling this list. Wait for its end or undo it."), code="busy")
    record_audit("list.deleted", actor=actor, target=locked.name, data={"contacts": locked.size})
    locked.delete()


@transaction.atomic
def add_to_list(contact_list: ContactList, contact_ids: Iterable[UUID]) -> int:
    """Give contacts of the active organization a place; return how many were not there yet."""
    contacts = Contact.objects.filter(pk__in=list(contact_ids)[:MAX_BATCH], anonymised_at=None)
    before = ListMembership.objects.filter(contact_list=contact_list).count()
    ListMembership.objects.bulk_create(
        [
            ListMembership(
                organization_id=current_organization_id(), contact_list=contact_list, contact_id=pk, status=status
            )
            for pk, status in contacts.values_list("pk", "status")
        ],
        ignore_conflicts=True,
    )
    recount([contact_list.pk])
    contact_list.refresh_from_db(fields=["size"])
    return contact_list.size - before


@transaction.atomic
def remove_from_list(contact_list: ContactList, contact_ids: Iterable[UUID]) -> int:
    """Take places away; return how many."""
    places = ListMembership.objects.filter(contact_list=contact_list, contact_id__in=list(contact_ids)[:MAX_BATCH])
    removed: int = places.delete()[0]
    recount([contact_list.pk])
    return removed


def recount(list_ids: Iterable[UUID]) -> None:
    """Write the size that lists really have."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE leads_contactlist SET size = (SELECT count(*) FROM leads_listmembership AS place "
            "WHERE place.contact_list_id = leads_contactlist.id) WHERE id = ANY(%s) AND organization_id = %s",
            [list(list_ids), current_organization_id()],
        )
