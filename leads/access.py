"""The rows that pages and the API name by id: a foreign one is as absent as one that never was."""

from uuid import UUID

from django.http import Http404

from leads.models import Contact, ContactList, Import


def get_contact(contact_id: UUID) -> Contact:
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
