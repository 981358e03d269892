"""Erasing a person on request: nothing that identifies them stays, and whoever comes back stays out of campaigns."""

from django.db import transaction

from accounts.models import Membership
from accounts.services.audit import record_audit
from core.clock import now
from core.crypto import fingerprint_for, fingerprints_for
from leads.events import ContactAnonymised
from leads.models import Contact, ContactMerge, ImportIssue, Tombstone
from leads.services.lists import recount
from sagas.outbox import publish

BLANK = {
    "name": "",
    "phone": "",
    "phone_key": None,
    "email": "",
    "city": "",
    "whatsapp_link": "",
    "search": "",
    "opt_out_reason": "",
}


@transaction.atomic
def anonymise(contact: Contact, *, actor: Membership | None) -> None:
    """Erase what identifies a person; counts and aggregates stay, and the opt-out with them. Twice is as once."""
    locked: Contact = Contact.objects.select_for_update().get(pk=contact.pk)
    if locked.anonymised_at:
        return
    if locked.phone_key:
        fingerprint = fingerprint_for(locked.organization_id, locked.phone_key)
        Tombstone.objects.get_or_create(fingerprint=fingerprint, defaults={"organization_id": locked.organization_id})
        ImportIssue.objects.filter(phone_key=locked.phone_key).delete()
    gone = list(ContactMerge.objects.filter(kept=locked, undone_at=None).values_list("gone_id", flat=True))
    ContactMerge.objects.filter(kept=locked).delete()
    Contact.objects.filter(pk__in=gone).update(**BLANK, attributes={}, tags=[], anonymised_at=now())
    lists = list(locked.list_memberships.values_list("contact_list_id", flat=True))
    for related in (locked.identities, locked.timeline, locked.list_memberships):
        related.all().delete()
    recount(lists)
    at = now()
    Contact.objects.filter(pk=locked.pk).update(
        **BLANK,
        attributes={},
        tags=[],
        status=0,
        anonymised_at=at,
        opted_out_at=locked.opted_out_at or at,
        updated_at=at,
    )
    contact.refresh_from_db()
    record_audit("contact.anonymised", actor=actor, target=str(locked.pk))
    publish(ContactAnonymised(str(locked.organization_id), str(locked.pk)))


def was_erased(contact: Contact) -> bool:
    """Tell whether a person with this phone was erased before."""
    if not contact.phone_key:
        return False
    known = fingerprints_for(contact.organization_id, contact.phone_key)
    return bool(Tombstone.objects.filter(fingerprint__in=known).exists())
