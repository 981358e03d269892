"""Contacts: found by any of their addresses, changed by people."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from core.clock import now
from core.errors import DomainError
from core.formulas import printable
from core.phones import match_key
from core.tenancy import current_organization_id
from core.text import search_text, slug_key
from leads.models import AttributeLabel, Contact, ContactIdentity, IdentityKind
from leads.services.consent import opt_in, opt_out
from leads.services.erasure import anonymise, was_erased
from leads.services.joining import join_if_hidden
from leads.services.rows import LENGTHS, SEARCH_LENGTH, TAG_LENGTH, TAGS, VALUE_LENGTH
from leads.services.timeline import record_timeline

# One door for the apps above; the parts have modules of their own.
__all__ = [
    "ContactError",
    "DuplicateContactError",
    "add_identity",
    "add_tag",
    "anonymise",
    "change_attributes",
    "find_or_create_contact",
    "opt_in",
    "opt_out",
    "record_timeline",
    "save_contact",
    "set_qualification",
]

MAX_ATTRIBUTES: Final = 100
MAX_BATCH: Final = 1_000
WRITABLE: Final = ("name", "phone", "email", "city", "status", "tags", "attributes")


class ContactError(DomainError):
    """The contact cannot be changed like this; the message says why."""


class DuplicateContactError(ContactError):
    """Another contact has this phone already."""

    def __init__(self, other: Contact) -> None:
        message = _("%(name)s has this phone already.") % {"name": other.display_name}
        super().__init__(message, code="duplicate")
        self.contact_id = other.pk


@transaction.atomic
def find_or_create_contact(
    *, phone: str | None, identities: Sequence[tuple[str, str]], name: str, source: str
) -> tuple[Contact, bool]:
    """Return who writes from these addresses, creating the contact when nobody is known by any of them.

    ``phone`` is E.164; ``identities`` are (kind,
    value) as the provider writes them. A name that is there already stays.
    """
    name = " ".join(printable(name).split())[: LENGTHS["name"]]
    contact = _known(phone, identities)
    if contact is None:
        # Two channels may hear from the same new person at once; an id without a phone has no constraint to meet at.
        _wait_for_other_creators()
        contact = _known(phone, identities)
    created = contact is None
    if contact is None:
        contact, created = _create_once(phone, name, source)
    _learn(contact, phone, identities, name)
    return contact, created


def _known(phone: str | None, identities: Sequence[tuple[str, str]]) -> Contact | None:
    if phone:
        found: Contact | None = Contact.objects.filter(phone_key=match_key(phone)).first()
        if found is not None:
            return found
        identities = [(IdentityKind.PHONE, match_key(phone)), *identities]
    for kind, value in identities:
        identity = ContactIdentity.objects.filter(kind=kind, value=value).select_related("contact").first()
        if identity is not None:
            contact: Contact = identity.contact
            return contact
    return None


def _wait_for_other_creators() -> None:
    with connection.cursor() as cursor:
        lock = f"leads.contact:{current_organization_id()}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [lock])


def _create_once(phone: str | None, name: str, source: str) -> tuple[Contact, bool]:
    key = match_key(phone) if phone else None
    contact = Contact(
        organization_id=current_organization_id(), name=name, phone=phone or "", phone_key=key, source=source,
        search=_search(name, phone or ""),
    )  # fmt: skip
    _keep_out_if_erased(contact)
    try:
        with transaction.atomic():
            contact.save(force_insert=True)
            return contact, True
    except IntegrityError:
        # A form or an import has just created the same person.
        return Contact.objects.get(phone_key=key), False


def _keep_out_if_erased(contact: Contact) -> None:
    if was_erased(contact):
        contact.opted_out_at = now()
        contact.opt_out_reason = _("Data erased at the person's own request")


def _learn(contact: Contact, phone: str | None, identities: Sequence[tuple[str, str]], name: str) -> None:
    fields = []
    if name and not contact.name:
        contact.name = name
        fields.append("name")
    if phone and not contact.phone_key and not contact.anonymised_at:
        contact.phone, contact.phone_key = phone, match_key(phone)
        fields += ["phone", "phone_key"]
    if fields:
        contact.search = _search(contact.name, contact.phone, contact.email, contact.city)
        contact.save(update_fields=[*fields, "search", "updated_at"])
    rows = [_identity(contact, kind, value) for kind, value in identities if value]
    if rows:
        ContactIdentity.objects.bulk_create(rows, ignore_conflicts=True)
    if phone and any(kind == IdentityKind.LID for kind, _value in identities):
        join_if_hidden(contact, [(kind, value) for kind, value in identities if kind == IdentityKind.LID])


def add_identity(contact: Contact, kind: str, value: str) -> None:
    """Let the contact be known by a further address; one that belongs to somebody else stays theirs."""
    row = _identity(contact, kind, match_key(value) if kind == IdentityKind.PHONE else value)
    ContactIdentity.objects.bulk_create([row], ignore_conflicts=True)


def _identity(contact: Contact, kind: str, value: str) -> ContactIdentity:
    return ContactIdentity(organization_id=contact.organization_id, contact=contact, kind=kind, value=value[:120])


def _search(*parts: str) -> str:
    return search_text(*parts)[:SEARCH_LENGTH]


@transaction.atomic
def save_contact(contact: Contact, *, actor: Membership | None, **values: Any) -> Contact:
    """Create or change a contact with values that a form or the API has checked; ``phone`` is E.164 or empty.

    Writes only what is given, so that an opt-out or a score which arrives meanwhile stays. Raises
    :class:`DuplicateContactError` when the phone is another contact's, :class:`ContactError` for an erased contact.
    """
    new = contact._state.adding
    source = values.pop("source", "")
    if not new:
        contact = Contact.objects.select_for_update().get(pk=contact.pk)
        if contact.anonymised_at:
            raise ContactError(_("The data of this contact was erased. Create a new one."), code="erased")
    for field in WRITABLE:
        if field in values:
            setattr(contact, field, _plain(field, values[field]))
    contact.phone_key = match_key(contact.phone) if contact.phone else None
    contact.search = _search(contact.name, contact.phone, contact.email, contact.city)
    _refuse_duplicate(contact)
    if new:
        contact.source = source or contact.source
        _keep_out_if_erased(contact)
    _write(contact, None if new else [*(f for f in WRITABLE if f in values), "phone_key", "search", "updated_at"])
    record_audit("contact.created" if new else "contact.changed", actor=actor, target=contact.display_name)
    return contact


def _plain(field: str, value: Any) -> Any:
    if field == "attributes":
        return plain_attributes(value)
    if field == "tags":
        tags = (" ".join(printable(str(tag)).split())[:TAG_LENGTH] for tag in value)
        return list(dict.fromkeys(tag for tag in tags if tag))[:TAGS]
    return " ".join(printable(value).split())[: LENGTHS.get(field, 20)] if isinstance(value, str) else value


def plain_attributes(values: Mapping[str, Any]) -> dict[str, str]:
    """Return attributes under slug keys with bounded text values, without empty ones; raises :class:`ContactError`."""
    plain = {slug_key(key): printable(_as_text(value)).strip()[:VALUE_LENGTH] for key, value in values.items()}
    kept = {key: value for key, value in plain.items() if key and value}
    if len(kept) > MAX_ATTRIBUTES:
        raise ContactError(
            _("A contact has at most %(count)d extra fields.") % {"count": MAX_ATTRIBUTES}, code="attributes"
        )
    return kept


def _as_text(value: Any) -> str:
    return "" if value is None else str(value)


def _refuse_duplicate(contact: Contact) -> None:
    if not contact.phone_key:
        return
    other = Contact.objects.filter(phone_key=contact.phone_key).exclude(pk=contact.pk).first()
    if other is None:
        known = ContactIdentity.objects.filter(kind=IdentityKind.PHONE, value=contact.phone_key).select_related(
            "contact"
        )
        other = next((row.contact for row in known.exclude(contact_id=contact.pk)), None)
    if other is not None:
        raise DuplicateContactError(other)


def _write(contact: Contact, fields: list[str] | None) -> None:
    try:
        with transaction.atomic():
            contact.save(update_fields=fields)
    except IntegrityError as error:
        # Somebody was quicker by a moment.
        raise DuplicateContactError(Contact.objects.get(phone_key=contact.phone_key)) from error


@transaction.atomic
def change_attributes(
    contact_id: UUID | str, values: Mapping[str, Any], *, labels: Mapping[str, str] | None = None
) -> Contact:
    """Set the given attributes, leave the others; an empty value takes one away. ``labels`` name new keys to people."""
    contact: Contact = Contact.objects.select_for_update().get(pk=contact_id)
    gone = {slug_key(key) for key, value in values.items() if not _as_text(value).strip()}
    kept = {key: value for key, value in contact.attributes.items() if key not in gone}
    contact.attributes = plain_attributes({**kept, **values})
    contact.save(update_fields=["attributes", "updated_at"])
    keep_labels(labels or {})
    return contact


@transaction.atomic
def add_tag(contact_ids: Iterable[UUID], tag: str, *, actor: Membership | None) -> int:
    """Put a tag on contacts that lack it and have room; return how many. A blank one raises :class:`ContactError`."""
    plain = plain_tag(tag)
    rows = Contact.objects.filter(pk__in=list(contact_ids)[:MAX_BATCH], anonymised_at=None).select_for_update()
    changed = [contact for contact in rows.order_by("pk") if plain not in contact.tags and len(contact.tags) < TAGS]
    for contact in changed:
        contact.tags = [*contact.tags, plain]
        contact.updated_at = now()
    Contact.objects.bulk_update(changed, ["tags", "updated_at"])
    if changed:
        record_audit("contacts.tagged", actor=actor, target=plain, data={"contacts": len(changed)})
    return len(changed)


def plain_tag(text: str) -> str:
    """Return a tag as it is kept; a blank one raises :class:`ContactError`."""
    plain = _plain("tags", [text])
    if not plain:
        raise ContactError(_("Write the tag."), code="tag")
    return str(plain[0])


def keep_labels(labels: Mapping[str, str]) -> None:
    """Remember how people call an attribute; the first name stays."""
    rows = [
        AttributeLabel(organization_id=current_organization_id(), key=slug_key(key), label=printable(label)[:120])
        for key, label in labels.items()
        if slug_key(key)
    ]
    AttributeLabel.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def set_qualification(
    contact_id: UUID | str, *, temperature: str, score: int | None, status: str = "",
    attributes: Mapping[str, Any] | None = None,
) -> Contact:  # fmt: skip
    """Write what the SDR found on the contact, also as the attributes that other systems read."""
    contact: Contact = Contact.objects.select_for_update().get(pk=contact_id)
    contact.temperature, contact.score = temperature, score
    found = {"sdr_ia_temperatura": temperature} | ({"sdr_ia_status": status} if status else {}) | dict(attributes or {})
    contact.attributes = plain_attributes({**contact.attributes, **found})
    contact.save(update_fields=["temperature", "score", "attributes", "updated_at"])
    return contact
