"""Two contacts that are one person: joined, and taken apart again (D-09, D-10).

Other apps register a :class:`Part` for what must be joined beyond changing hands, such as two open threads on one number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from core.clock import now
from core.errors import DomainError
from core.text import search_text
from leads.models import Contact, ContactIdentity, ContactMerge, IdentityKind, ListMembership, TimelineEntry
from leads.services.lists import recount
from leads.services.rows import SEARCH_LENGTH

# What the one who stays takes from the other where the own field is empty.
TAKEN = ("name", "phone", "phone_key", "email", "city", "whatsapp_link", "temperature", "score")
KEPT = (*TAKEN, "tags", "attributes", "search", "opted_out_at", "opt_out_reason", "last_seen_at")
OWN = (ContactIdentity, TimelineEntry, ListMembership)


class JoinError(DomainError):
    """These two cannot be joined, or no longer be taken apart."""


@dataclass(frozen=True)
class Part:
    """What another app does: ``join`` returns JSON that ``split`` is given; rows of ``moves`` simply change hands."""

    name: str
    moves: tuple[type[models.Model], ...] = ()
    join: Callable[[UUID, UUID], dict[str, Any]] = lambda kept, gone: {}
    split: Callable[[dict[str, Any]], None] = lambda data: None


_parts: dict[str, Part] = {}


def register(part: Part) -> None:
    """Let an app take part in joining; registering again replaces."""
    _parts[part.name] = part


@transaction.atomic
def join_contacts(kept: Contact, gone: Contact, *, actor: Membership | None) -> ContactMerge:
    """Make one contact of two: ``kept`` gets everything of ``gone``, which stays as an empty row."""
    locked = {
        row.pk: row for row in Contact.objects.select_for_update().filter(pk__in=[kept.pk, gone.pk]).order_by("pk")
    }
    if len(locked) < 2:
        raise JoinError(_("Choose another contact."))
    kept, gone = locked[kept.pk], locked[gone.pk]
    if any(row.anonymised_at or row.merged_into_id for row in (kept, gone)):
        raise JoinError(_("One of the two is no contact any more."))
    before = {"kept": _values(kept), "gone": _values(gone) | {"status": gone.status}}
    parts = {name: part.join(kept.pk, gone.pk) for name, part in _parts.items()}
    moved = {_label(model): _move(model, gone.pk, kept.pk) for model in _models()}
    _empty(gone, kept)
    _fill(kept, before["gone"])
    merge = ContactMerge.objects.create(
        kept=kept, gone=gone, gone_name=before["gone"]["name"] or before["gone"]["phone"], before=before, moved=moved,
        parts=parts, by=actor,
    )  # fmt: skip
    recount(list(ListMembership.objects.filter(contact__in=[kept, gone]).values_list("contact_list_id", flat=True)))
    record_audit("contact.joined", actor=actor, target=kept.display_name, data={"other": str(gone.pk)})
    return merge


def _models() -> list[type[models.Model]]:
    return [*OWN, *(model for part in _parts.values() for model in part.moves)]


def _label(model: type[models.Model]) -> str:
    return str(model._meta.label)


def _move(model: Any, source: UUID, target: UUID) -> list[str]:
    """Let rows change hands one by one; what the target has already stays where it is."""
    moved = []
    for pk in list(model.objects.filter(contact_id=source).values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                model.objects.filter(pk=pk).update(contact_id=target)
        except IntegrityError:
            continue
        moved.append(str(pk))
    return moved


def _values(contact: Contact) -> dict[str, Any]:
    dated = ("opted_out_at", "last_seen_at")
    values = {name: getattr(contact, name) for name in KEPT}
    return values | {name: values[name].isoformat() if values[name] else None for name in dated}


def _empty(gone: Contact, kept: Contact) -> None:
    Contact.objects.filter(pk=gone.pk).update(
        phone="", phone_key=None, search="", status=0, merged_into_id=kept.pk, updated_at=now()
    )


def _fill(kept: Contact, other: dict[str, Any]) -> None:
    second = other["phone_key"] if kept.phone_key and other["phone_key"] != kept.phone_key else None
    for name in TAKEN:
        if not getattr(kept, name) and other[name]:
            setattr(kept, name, other[name])
    kept.tags = list(dict.fromkeys([*kept.tags, *other["tags"]]))[:50]
    kept.attributes = {**other["attributes"], **kept.attributes}
    if other["opted_out_at"] and not kept.opted_out_at:  # whoever asked to be left alone is left alone
        kept.opted_out_at, kept.opt_out_reason = other["opted_out_at"], other["opt_out_reason"]
    kept.search = search_text(kept.name, kept.phone, kept.email, kept.city)[:SEARCH_LENGTH]
    kept.save(update_fields=[*KEPT, "updated_at"])
    kept.refresh_from_db()
    if second:
        ContactIdentity.objects.bulk_create(
            [
                ContactIdentity(
                    organization_id=kept.organization_id, contact=kept, kind=IdentityKind.PHONE, value=second
                )
            ],
            ignore_conflicts=True,
        )


@transaction.atomic
def take_apart(merge: ContactMerge, *, actor: Membership | None) -> Contact:
    """Undo a join: what changed hands goes back, and values that nobody changed since return to what they were."""
    merge = ContactMerge.objects.select_for_update(of=("self",)).select_related("kept", "gone").get(pk=merge.pk)
    if merge.undone_at or merge.gone.merged_into_id != merge.kept_id:
        raise JoinError(_("These two were taken apart already."))
    if merge.kept.anonymised_at:
        raise JoinError(_("One of the two is no contact any more."))
    kept, gone = merge.kept, merge.gone
    _give_back(kept, gone, merge.before)
    for model in _models():
        manager: Any = model
        manager.objects.filter(pk__in=merge.moved.get(_label(model), []), contact_id=kept.pk).update(contact_id=gone.pk)
    for name, data in merge.parts.items():
        if name in _parts:
            _parts[name].split(data)
    merge.undone_at = now()
    merge.save(update_fields=["undone_at"])
    record_audit("contact.taken_apart", actor=actor, target=kept.display_name, data={"other": str(gone.pk)})
    return gone


def _give_back(kept: Contact, gone: Contact, before: dict[str, Any]) -> None:
    mine, theirs = before["kept"], before["gone"]
    ContactIdentity.objects.filter(contact=kept, kind=IdentityKind.PHONE, value=theirs["phone_key"] or "-").delete()
    for name in TAKEN:
        if not mine[name] and getattr(kept, name) == theirs[name]:
            setattr(kept, name, mine[name])
    kept.tags = [tag for tag in kept.tags if tag in mine["tags"] or tag not in theirs["tags"]]
    kept.attributes = {
        key: value
        for key, value in kept.attributes.items()
        if key in mine["attributes"] or theirs["attributes"].get(key) != value
    }
    kept.search = search_text(kept.name, kept.phone, kept.email, kept.city)[:SEARCH_LENGTH]
    kept.save(update_fields=[*TAKEN, "tags", "attributes", "search", "updated_at"])
    for name, value in theirs.items():
        setattr(gone, name, value)
    gone.merged_into_id = None
    gone.save(update_fields=[*theirs, "merged_into", "updated_at"])
    gone.refresh_from_db()


def join_if_hidden(contact: Contact, identities: list[tuple[str, str]]) -> None:
    """Join whoever was only known by one of these addresses and had no phone: one message has just named both."""
    for kind, value in identities:
        others = ContactIdentity.objects.filter(kind=kind, value=value).exclude(contact_id=contact.pk)
        for row in others.select_related("contact"):
            other = row.contact
            if not (other.phone_key or other.merged_into_id or other.anonymised_at):
                join_contacts(contact, other, actor=None)
