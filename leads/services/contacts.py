"""Contacts: found by any of their identities, changed by people, erased on request."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import Membership
from accounts.services.audit import record_audit
from core.clock import now
from core.errors import DomainError
from core.phones import match_key
from core.tenancy import current_organization_id
from core.text import fold
from leads.events import ContactAnonymised, ContactOptedOut
from leads.models import Contact, ContactIdentity, IdentityKind, TimelineEntry
from sagas.outbox import publish


class DuplicateContactError(DomainError):
    """Another contact has this phone already."""


def search_text(name: str, phone: str, email: str = "", city: str = "") -> str:
    """Return what the contact list searches in: plain letters and digits."""
    return fold(f"{name} {phone} {email} {city}")[:600]


@transaction.atomic
def find_or_create_contact(
    *, phone: str | None, identities: Sequence[tuple[str, str]], name: str, source: str
) -> tuple[Contact, bool]:
    """Return who writes from these addresses, creating the contact when nobody is known by any of them."""
    contact = _known(phone, identities)
    created = contact is None
    if contact is None:
        contact, created = _create_once(phone, name, source)
    _learn(contact, phone, identities, name)
    return contact, created


def _known(phone: str | None, identities: Sequence[tuple[str, str]]) -> Contact | None:
    if phone and (found := Contact.objects.filter(phone_key=match_key(phone)).first()):
        return found  # type: ignore[no-any-return]
    for kind, value in identities:
        identity = ContactIdentity.objects.filter(kind=kind, value=value).select_related("contact").first()
        if identity is not None:
            return identity.contact  # type: ignore[no-any-return]
    return None


def _create_once(phone: str | None, name: str, source: str) -> tuple[Contact, bool]:
    try:
        with transaction.atomic():
            contact: Contact = Contact.objects.create(
                name=name[:160],
                phone=phone or "",
                phone_key=match_key(phone) if phone else None,
                source=source,
                search=search_text(name, phone or ""),
            )
            return contact, True
    except IntegrityError:
        # Somebody else has just created the same person.
        return Contact.objects.get(phone_key=match_key(phone or "")), False


def _learn(contact: Contact, phone: str | None, identities: Sequence[tuple[str, str]], name: str) -> None:
    if (name and not contact.name) or (phone and not contact.phone_key):
        contact.name = contact.name or name[:160]
        contact.phone = contact.phone or phone or ""
        contact.phone_key = contact.phone_key or (match_key(phone) if phone else None)
        contact.search = search_text(contact.name, contact.phone, contact.email, contact.city)
        contact.save(update_fields=["name", "phone", "phone_key", "search", "updated_at"])
    known = [(IdentityKind.PHONE, phone)] if phone else []
    ContactIdentity.objects.bulk_create(
        [
            ContactIdentity(organization_id=contact.organization_id, contact=contact, kind=kind, value=value)
            for kind, value in [*known, *identities]
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def save_contact(contact: Contact, *, actor: Membership | None, **values: Any) -> Contact:
    """Create or change a contact with values that a form or the API has checked; ``phone`` is E.164 or empty."""
    new = contact._state.adding
    for field, value in values.items():
        setattr(contact, field, value)
    contact.phone_key = match_key(contact.phone) if contact.phone else None
    contact.search = search_text(contact.name, contact.phone, contact.email, contact.city)
    others = Contact.objects.filter(phone_key=contact.phone_key).exclude(pk=contact.pk)
    if contact.phone_key and (other := others.first()):
        raise DuplicateContactError(other.display_name, code=str(other.pk))
    contact.save()
    record_audit("contact.created" if new else "contact.changed", actor=actor, target=contact.display_name)
    return contact


def record_timeline(
    contact_id: UUID | str, *, kind: str, title: str, at: datetime, detail: str = "", url: str = "",
    dedupe_key: str | None = None,
) -> None:  # fmt: skip
    """Add a line to a contact's history; with a key, the same line is added once."""
    TimelineEntry.objects.bulk_create(
        [
            TimelineEntry(
                organization_id=current_organization_id(), contact_id=contact_id, kind=kind, title=title[:200],
                detail=detail, url=url, at=at, dedupe_key=dedupe_key,
            )
        ],
        ignore_conflicts=dedupe_key is not None,
    )  # fmt: skip


@transaction.atomic
def opt_out(contact_id: UUID | str, *, reason: str, at: datetime, actor: Membership | None = None) -> bool:
    """Leave the contact out of every campaign from now on; return whether that is new."""
    changed = Contact.objects.filter(pk=contact_id, opted_out_at=None).update(
        opted_out_at=at, opt_out_reason=reason[:300]
    )
    if changed:
        record_timeline(contact_id, kind="opt_out", title="opt_out", detail=reason, at=at)
        record_audit("contact.opted_out", actor=actor, target=str(contact_id), data={"reason": reason[:300]})
        publish(ContactOptedOut(str(current_organization_id()), str(contact_id)))
    return bool(changed)


@transaction.atomic
def opt_in(contact_id: UUID | str, *, reason: str, actor: Membership) -> None:
    """Let the contact receive campaigns again, because the person asked for it."""
    if Contact.objects.filter(pk=contact_id).exclude(opted_out_at=None).update(opted_out_at=None, opt_out_reason=""):
        record_timeline(contact_id, kind="opt_in", title="opt_in", detail=reason, at=now())
        record_audit("contact.opted_in", actor=actor, target=str(contact_id), data={"reason": reason[:300]})


def set_qualification(contact_id: UUID | str, *, temperature: str, score: int, status: str) -> None:
    """Write what the SDR found on the contact, also as the attributes that other systems read."""
    contact = Contact.objects.select_for_update().get(pk=contact_id)
    contact.temperature, contact.score = temperature, score
    contact.attributes = {**contact.attributes, "sdr_ia_status": status, "sdr_ia_temperatura": temperature}
    contact.save(update_fields=["temperature", "score", "attributes", "updated_at"])


@transaction.atomic
def anonymise(contact: Contact, *, actor: Membership | None) -> None:
    """Erase what identifies a person; counts and aggregates stay, and the opt-out with them."""
    contact.identities.all().delete()
    contact.timeline.all().delete()
    contact.name = contact.phone = contact.email = contact.city = contact.whatsapp_link = contact.search = ""
    contact.phone_key, contact.attributes, contact.tags, contact.status = None, {}, [], 0
    contact.anonymised_at = now()
    contact.opted_out_at = contact.opted_out_at or now()
    contact.save()
    record_audit("contact.anonymised", actor=actor, target=str(contact.pk))
    publish(ContactAnonymised(str(contact.organization_id), str(contact.pk)))
