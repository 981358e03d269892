from leads.models.attributes import AttributeLabel
from leads.models.contact import Contact, ContactIdentity, IdentityKind, OptOutLevel, TimelineEntry
from leads.models.erasure import Tombstone
from leads.models.imports import BUSY, Import, ImportIssue, ImportState, IssueKind, LegalBasis
from leads.models.lists import ContactList, ListKind, ListMembership
from leads.models.merges import ContactMerge

__all__ = [
    "BUSY",
    "AttributeLabel",
    "Contact",
    "ContactIdentity",
    "ContactList",
    "ContactMerge",
    "IdentityKind",
    "Import",
    "ImportIssue",
    "ImportState",
    "IssueKind",
    "LegalBasis",
    "ListKind",
    "ListMembership",
    "OptOutLevel",
    "TimelineEntry",
    "Tombstone",
]
