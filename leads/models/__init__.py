from leads.models.attributes import AttributeLabel
from leads.models.bulk import BulkAction, BulkItem, BulkState, ItemState
from leads.models.contact import Contact, ContactIdentity, IdentityKind, OptOutLevel, TimelineEntry
from leads.models.erasure import Tombstone
from leads.models.imports import BUSY, Import, ImportIssue, ImportState, IssueKind, LegalBasis
from leads.models.lists import ContactList, ListKind, ListMembership
from leads.models.merges import ContactMerge

__all__ = [
    "BUSY",
    "AttributeLabel",
    "BulkAction",
    "BulkItem",
    "BulkState",
    "Contact",
    "ContactIdentity",
    "ContactList",
    "ContactMerge",
    "IdentityKind",
    "Import",
    "ImportIssue",
    "ImportState",
    "IssueKind",
    "ItemState",
    "LegalBasis",
    "ListKind",
    "ListMembership",
    "OptOutLevel",
    "TimelineEntry",
    "Tombstone",
]
