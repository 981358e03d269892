"""Rows for people's spreadsheets. What is exported here comes back unchanged when it is imported again."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.db.models import QuerySet

from leads.models import Contact, ContactList, Import, ListMembership
from leads.queries import attribute_labels, attributes_in_use
from leads.services.mapping import LINE_COLUMN, REASON_COLUMN, label_of

HEADERS: Final = ("nome", "telefone", "whatsapp_link", "status", "cidade", "e-mail", "tags", "temperatura", "pontos")
BATCH: Final = 2_000
Rows = tuple[list[str], Iterator[list[Any]]]


def list_rows(contact_list: ContactList) -> Rows:
    """Return headers and rows of a list in the order of its file, the status of each row with it."""
    places = ListMembership.objects.filter(contact_list=contact_list, contact__anonymised_at=None)
    keys = attributes_in_use(places.values_list("contact_id", flat=True))
    ordered = places.select_related("contact").order_by("row_number", "pk").iterator(chunk_size=BATCH)
    return _headers(keys), (_row(place.contact, min(place.status, place.contact.status), keys) for place in ordered)


def contact_rows(contacts: "QuerySet[Contact]") -> Rows:
    """Return headers and rows of any contacts, newest first."""
    keys = attributes_in_use(contacts.values_list("pk", flat=True))
    ordered = contacts.order_by("-created_at", "-pk").iterator(chunk_size=BATCH)
    return _headers(keys), (_row(contact, contact.status, keys) for contact in ordered)


def _headers(keys: Sequence[str]) -> list[str]:
    labels = attribute_labels()
    return [*HEADERS, *(labels.get(key, key) for key in keys)]


def _row(contact: Contact, status: int, keys: Sequence[str]) -> list[Any]:
    score = "" if contact.score is None else contact.score
    own = [
        contact.name, contact.phone, contact.whatsapp_link, status, contact.city, contact.email,
        ", ".join(contact.tags), contact.temperature, score,
    ]  # fmt: skip
    return [*own, *(contact.attributes.get(key, "") for key in keys)]


def issue_rows(run: Import, kind: str = "") -> Rows:
    """Return the rows of a file that did not come in, as they were, with a status, their number and the reason."""
    issues = run.issues.order_by("row_number")
    if kind:
        issues = issues.filter(kind=kind)
    extra = [] if any(label_of(header) == "status" for header in run.headers) else ["status"]
    headers = [*run.headers, *extra, LINE_COLUMN, REASON_COLUMN]
    rows = issues.values_list("cells", "row_number", "reason").iterator(chunk_size=BATCH)
    return headers, ([*cells, *(1 for _missing in extra), number, reason] for cells, number, reason in rows)
