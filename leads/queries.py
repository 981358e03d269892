from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from core.phones import InvalidPhoneError, canonical, match_key
from core.text import fold
from leads.models import Contact, ContactList, Import


def get_contact(contact_id: UUID) -> Contact:
    """Return a contact of the active organization; a foreign one is as absent as one that never was."""
    found: Contact | None = Contact.objects.filter(pk=contact_id).first()
    if found is None:
        raise Http404
    return found


def get_list(list_id: UUID) -> ContactList:
    found: ContactList | None = ContactList.objects.filter(pk=list_id).first()
    if found is None:
        raise Http404
    return found


def get_import(import_id: UUID) -> Import:
    found: Import | None = Import.objects.select_related("contact_list").filter(pk=import_id).first()
    if found is None:
        raise Http404
    return found


def contacts(
    *, search: str = "", list_id: UUID | None = None, temperature: str = "", phone: str = "", opted_out: bool = False
) -> "QuerySet[Contact]":
    """Return the contacts that match, unordered. A phone matches with and without the ninth digit."""
    rows = Contact.objects.filter(anonymised_at=None)
    for word in fold(search).split()[:6]:
        rows = rows.filter(search__contains=word)
    if list_id:
        rows = rows.filter(list_memberships__contact_list_id=list_id)
    if temperature:
        rows = rows.filter(temperature=temperature)
    if opted_out:
        rows = rows.exclude(opted_out_at=None)
    if phone:
        rows = rows.filter(phone_key=phone_key(phone))
    return rows


def phone_key(text: str) -> str:
    """Return what a typed phone is matched by; an unreadable one matches nobody."""
    try:
        return match_key(canonical(text).e164)
    except InvalidPhoneError:
        return "-"
