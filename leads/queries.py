"""Reads of the pages and the API."""

import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Coalesce, Trim
from django.db.models.lookups import Exact
from django.utils.translation import gettext as _

from core.phones import InvalidPhoneError, canonical, match_key
from core.tenancy import current_organization_id
from core.text import fold
from leads.access import get_contact, get_import, get_list
from leads.models import AttributeLabel, Contact, ContactIdentity, ContactList, IdentityKind

__all__ = ["attribute_labels", "contacts", "get_contact", "get_import", "get_list", "known_tags", "lists", "phone_key"]

REACH: Final = ("receives", "status_0", "opted_out")
COLUMNS: Final = {"nome": "name", "nome_completo": "name", "city": "city", "phone": "phone", "email": "email"}
MAX_WORDS: Final = 6
RECENT: Final = 2_000
MAX_TAGS: Final = 60
_NUMBERLIKE = re.compile(r"[+()./\d-]*\d[+()./\d-]*")


def contacts(
    *, search: str = "", list_id: UUID | None = None, temperature: str = "", phone: str = "", opted_out: bool = False,
    tag: str = "", reach: str = "", qualification: str = "", empty: str = "",
) -> "QuerySet[Contact]":  # fmt: skip
    """Return the contacts that match, unordered, without those whose data was erased.

    A phone matches with and without the ninth digit. ``qualification`` is the state that the SDR has written on the contact, its
    attribute ``sdr_ia_status``. ``reach`` is one of :data:`REACH`: whom campaigns may write to. ``empty`` is a field, as in a
    placeholder of a message, of which nothing is known.
    """
    rows: QuerySet[Contact] = Contact.objects.filter(anonymised_at=None, merged_into=None)
    for word in search_words(search):
        rows = rows.filter(search__contains=word)
    if list_id:
        rows = rows.filter(list_memberships__contact_list_id=list_id)
    if temperature:
        rows = rows.filter(temperature=temperature)
    if qualification:
        rows = rows.filter(attributes__has_key="sdr_ia_status", attributes__contains={"sdr_ia_status": qualification})
    if tag:
        rows = rows.filter(tags__contains=[tag])
    if opted_out or reach == "opted_out":
        rows = rows.exclude(opted_out_at=None)
    if reach == "receives":
        rows = rows.filter(opted_out_at=None, status=1).exclude(phone="")
    if reach == "status_0":
        rows = rows.filter(status=0)
    if empty:
        rows = rows.filter(lacks(empty))
    return _with_phone(rows, phone) if phone else rows


def lacks(key: str, path: str = "") -> Q:
    """Return the condition that a contact has nothing in a field of messages; ``path`` leads to the contact, e.g. ``contact__``."""
    # Not as a lookup by name: a field may be called "contains", or like a number.
    own = Func(F(f"{path}attributes"), Value(key), function="jsonb_extract_path_text", output_field=TextField())
    blank = Value("", output_field=TextField())
    nothing = Q(Exact(Trim(Coalesce(own, blank)), blank))
    column = COLUMNS.get(key)
    return nothing & Q(**{f"{path}{column}": ""}) if column else nothing


def _with_phone(rows: "QuerySet[Contact]", phone: str) -> "QuerySet[Contact]":
    key = phone_key(phone)
    others = list(
        ContactIdentity.objects.filter(kind=IdentityKind.PHONE, value=key).values_list("contact_id", flat=True)
    )
    return rows.filter(Q(phone_key=key) | Q(pk__in=others) if others else Q(phone_key=key))


def search_words(text: str) -> list[str]:
    """Return what is looked for: folded words, and phones without their punctuation."""
    words = fold(text.replace("\0", "")).split()[:MAX_WORDS]
    return [re.sub(r"\D", "", word) if _NUMBERLIKE.fullmatch(word) else word for word in words]


def phone_key(text: str) -> str:
    """Return what a typed phone is matched by; an unreadable one matches nobody."""
    try:
        return match_key(canonical(text).e164)
    except InvalidPhoneError:
        return "-"


def lists() -> "QuerySet[ContactList]":
    rows: QuerySet[ContactList] = ContactList.objects.order_by("-created_at", "-pk")
    return rows


def known_tags() -> list[str]:
    """Return the tags of the newest contacts, in order; the newest ones, so that a million contacts cost the same."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT jsonb_array_elements_text(tags) AS tag FROM (SELECT tags FROM leads_contact "
            "WHERE organization_id = %s ORDER BY created_at DESC, id DESC LIMIT %s) AS recent ORDER BY tag LIMIT %s",
            [current_organization_id(), RECENT, MAX_TAGS],
        )
        return [row[0] for row in cursor.fetchall()]


def attribute_labels() -> dict[str, str]:
    """Return ``{key: label}`` of the extra fields that this organization's contacts may have, by label."""
    return dict(AttributeLabel.objects.order_by("label").values_list("key", "label"))


def attributes_in_use(contact_ids: "QuerySet[Any, UUID]") -> list[str]:
    """Return the keys of the extra fields that the given contacts have, in order."""
    sql, values = contact_ids.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT jsonb_object_keys(attributes) AS key FROM leads_contact "
            f"WHERE organization_id = %s AND id IN ({sql}) ORDER BY key LIMIT 200",
            [current_organization_id(), *values],
        )
        return [row[0] for row in cursor.fetchall()]


def labelled(contact: Contact) -> list[tuple[str, str, str]]:
    """Return (key, label, value) of a contact's extra fields, by label."""
    labels = {"sdr_ia_status": _("SDR: stage"), "sdr_ia_temperatura": _("SDR: temperature")} | attribute_labels()
    rows = ((key, labels.get(key, key), str(value)) for key, value in contact.attributes.items())
    return sorted(rows, key=lambda row: fold(row[1]))


def ids_of(values: Sequence[str]) -> list[UUID]:
    """Return the texts that are ids, each once; anything else in a form is left out."""
    found = []
    for value in values:
        try:
            found.append(UUID(value))
        except ValueError:
            continue
    return list(dict.fromkeys(found))
