"""What can be done to all contacts that match: tags and lists."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from core.clock import now
from core.tenancy import current_organization_id
from leads.bulk.kinds import Kind, Outcome, Parameters, register
from leads.models import Contact, ContactList, ListMembership
from leads.services.lists import recount
from leads.services.rows import TAGS

LIST = "leads:list"


def _locked(ids: Sequence[UUID]) -> list[Contact]:
    rows = Contact.objects.filter(pk__in=ids, anonymised_at=None, merged_into=None)
    return list(rows.order_by("pk").select_for_update())


def _write_tags(contacts: Sequence[Contact]) -> None:
    at = now()
    for contact in contacts:
        contact.updated_at = at
    Contact.objects.bulk_update(contacts, ["tags", "updated_at"])


def _add_tag(ids: Sequence[UUID], parameters: Parameters, actor: Membership | None) -> Outcome:
    tag, found = parameters["tag"], _locked(ids)
    lacking = [one for one in found if tag not in one.tags]
    changed = [one for one in lacking if len(one.tags) < TAGS]
    for one in changed:
        one.tags = [*one.tags, tag]
    _write_tags(changed)
    gone = set(ids) - {one.pk for one in found}
    return Outcome({one.pk: {} for one in changed}, gone | {one.pk for one in lacking} - {one.pk for one in changed})


def _drop_tag(ids: Sequence[UUID], parameters: Parameters, actor: Membership | None) -> Outcome:
    tag, found = parameters["tag"], _locked(ids)
    changed = [one for one in found if tag in one.tags]
    for one in changed:
        one.tags = [kept for kept in one.tags if kept != tag]
    _write_tags(changed)
    return Outcome({one.pk: {} for one in changed}, set(ids) - {one.pk for one in found})


def _undo_tag(befores: Mapping[UUID, Any], parameters: Parameters, actor: Membership | None) -> set[UUID]:
    return set(_drop_tag(list(befores), parameters, actor).changed)


def _undo_untag(befores: Mapping[UUID, Any], parameters: Parameters, actor: Membership | None) -> set[UUID]:
    return set(_add_tag(list(befores), parameters, actor).changed)


def _list_of(parameters: Parameters) -> ContactList | None:
    """Return the list, locked so that its places change one after the other; None when it was deleted meanwhile."""
    found: ContactList | None = ContactList.objects.select_for_update().filter(pk=parameters["list"]).first()
    return found


def _put(ids: Sequence[UUID], parameters: Parameters, actor: Membership | None) -> Outcome:
    target = _list_of(parameters)
    if target is None:
        return Outcome(refused=set(ids))
    found = {one.pk: one for one in _locked(ids)}
    there = set(
        ListMembership.objects.filter(contact_list=target, contact__in=found).values_list("contact_id", flat=True)
    )
    new = [one for pk, one in found.items() if pk not in there]
    _places(target, {one.pk: {"status": one.status} for one in new})
    return Outcome({one.pk: {} for one in new}, set(ids) - set(found))


def _places(target: ContactList, rows: Mapping[UUID, Mapping[str, Any]]) -> None:
    ListMembership.objects.bulk_create(
        [
            ListMembership(
                organization_id=current_organization_id(), contact_list=target, contact_id=pk, status=row["status"],
                row_number=row.get("row_number"),
            )
            for pk, row in rows.items()
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    recount([target.pk])


def _take(ids: Sequence[UUID], parameters: Parameters, actor: Membership | None) -> Outcome:
    target = _list_of(parameters)
    if target is None:
        return Outcome(refused=set(ids))
    places = ListMembership.objects.filter(contact_list=target, contact__in=ids)
    rows = {
        pk: {"status": status, "row_number": row}
        for pk, status, row in places.values_list("contact_id", "status", "row_number")
    }
    places.delete()
    recount([target.pk])
    return Outcome(rows)


def _undo_put(befores: Mapping[UUID, Any], parameters: Parameters, actor: Membership | None) -> set[UUID]:
    return set(_take(list(befores), parameters, actor).changed)


def _undo_take(befores: Mapping[UUID, Any], parameters: Parameters, actor: Membership | None) -> set[UUID]:
    target = _list_of(parameters)
    if target is None:
        return set()
    there = set(
        ListMembership.objects.filter(contact_list=target, contact__in=befores).values_list("contact_id", flat=True)
    )
    alive = {one.pk for one in _locked(list(befores))} - there
    _places(target, {pk: befores[pk] for pk in alive})
    return alive


TAG = register(Kind("contacts-tag", _("Add the tag"), LIST, _add_tag, _undo_tag))
UNTAG = register(Kind("contacts-untag", _("Take the tag away"), LIST, _drop_tag, _undo_untag))
PUT = register(Kind("contacts-list", _("Put in the list"), LIST, _put, _undo_put))
TAKE = register(Kind("contacts-unlist", _("Take out of this list"), LIST, _take, _undo_take))
