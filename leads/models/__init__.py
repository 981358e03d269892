from leads.models.contact import Contact, ContactIdentity, IdentityKind, OptOutLevel, TimelineEntry
from leads.models.imports import Import, ImportIssue, ImportState
from leads.models.lists import ContactList, ListKind, ListMembership

__all__ = [
    "Contact",
    "ContactIdentity",
    "ContactList",
    "IdentityKind",
    "Import",
    "ImportIssue",
    "ImportState",
    "ListKind",
    "ListMembership",
    "OptOutLevel",
    "TimelineEntry",
]
