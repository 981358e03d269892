"""Contacts, lists and imports of the public API."""

from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest
from django.urls import reverse
from ninja import Field, File, Form, Router, Schema
from ninja.files import UploadedFile

from core.errors import DomainError
from core.formulas import printable
from core.pagination import keyset_page
from core.phones import InvalidPhoneError, canonical
from core.tenancy import current_organization_id
from leads import queries
from leads.access import get_contact, get_import, get_list
from leads.jobs import work_on_import
from leads.models import Contact, ContactList, Import
from leads.services import contacts as services
from leads.services import imports
from leads.services.lists import add_to_list, create_list
from leads.services.mapping import MappingError, read_mapping

router = Router(tags=["leads"])
SIZE: Final = 100
Value = str | int | float | bool | None


class BadFieldError(DomainError):
    """A value of the body cannot be used."""

    status = 422


class ImportOut(Schema):
    """``rows`` = created + updated + invalid + duplicate."""

    id: UUID
    list_id: UUID | None = Field(None, alias="contact_list_id")
    state: str
    rows: int
    created: int
    updated: int
    invalid: int
    duplicate: int
    error: str
    errors_url: str

    @staticmethod
    def resolve_errors_url(run: Import) -> str:
        return reverse("leads:import-issues-csv", args=[run.pk])


class ContactOut(Schema):
    id: UUID
    name: str
    phone: str
    email: str
    city: str
    whatsapp_link: str
    status: int
    tags: list[str]
    attributes: dict[str, Any]
    temperature: str
    score: int | None
    opted_out: bool = Field(alias="is_opted_out")
    source: str
    created_at: Any


class ContactPage(Schema):
    items: list[ContactOut]
    next_cursor: str | None


class ContactIn(Schema):
    """``attributes`` get slug keys; ``list_ids`` are lists to put the contact in."""

    name: str = Field("", max_length=160)
    phone: str = Field("", max_length=40)
    email: str = Field("", max_length=254)
    city: str = Field("", max_length=120)
    status: int = Field(1, ge=0, le=1)
    tags: list[str] = Field(default_factory=list, max_length=20)
    attributes: dict[str, Value] = Field(default_factory=dict, max_length=100)
    list_ids: list[UUID] = Field(default_factory=list, max_length=50)


class ContactPatch(Schema):
    """Only what is sent changes; an attribute of null goes away."""

    name: str | None = Field(None, max_length=160)
    phone: str | None = Field(None, max_length=40)
    email: str | None = Field(None, max_length=254)
    city: str | None = Field(None, max_length=120)
    status: int | None = Field(None, ge=0, le=1)
    tags: list[str] | None = Field(None, max_length=20)
    attributes: dict[str, Value] | None = Field(None, max_length=100)


class ListOut(Schema):
    id: UUID
    name: str
    kind: str
    size: int
    created_at: Any


class ListPage(Schema):
    items: list[ListOut]
    next_cursor: str | None


class ListIn(Schema):
    name: str = Field(min_length=1, max_length=120)


@router.post("/imports", response={202: ImportOut})
def create_import(
    request: HttpRequest, file: File[UploadedFile], list_name: Form[str] = "", mapping: Form[str] = "",
    list_id: Form[UUID | None] = None,
) -> tuple[int, Import]:  # fmt: skip
    """Import a CSV or XLSX file into a new list, or into ``list_id``.

    ``mapping`` is a JSON object of columns (header or index) and fields (name, phone, whatsapp_link, status, city,
    email,
    tags, ``attribute:<key>`` or empty to leave out); known headers map themselves and other columns become attributes.
    """
    target = get_list(list_id) if list_id else None
    said = _mapping(mapping)
    run = imports.start_draft(file, list_name=list_name, actor=None)
    try:
        columns = read_mapping(said, run.headers) if said else run.mapping
        run = imports.enqueue(run, mapping=columns, list_name=list_name, contact_list=target)
    except DomainError:
        imports.discard_draft(run)
        raise
    work_on_import.enqueue(organization_id=str(run.organization_id), import_id=str(run.pk))
    return 202, run


def _mapping(raw: str) -> dict[str, str]:
    if not raw.strip():
        return {}
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MappingError("mapping is not JSON", code="mapping") from error
    if not isinstance(value, dict):
        raise MappingError("mapping is not an object", code="mapping")
    return {str(key): "" if field is None else str(field) for key, field in value.items()}


@router.get("/imports/{uuid:import_id}", response=ImportOut)
def read_import(request: HttpRequest, import_id: UUID) -> Import:
    """States: queued, running, completed, failed; an import that was taken back is undoing, then undone."""
    return get_import(import_id)


@router.get("/lists", response=ListPage)
def list_lists(request: HttpRequest, cursor: str | None = None) -> object:
    return keyset_page(queries.lists(), order="-created_at", cursor=cursor, size=SIZE)


@router.post("/lists", response={201: ListOut})
def create_empty_list(request: HttpRequest, data: ListIn) -> tuple[int, ContactList]:
    return 201, create_list(data.name, actor=None)


Word = Annotated[str, Field(max_length=40, pattern=r"^\w*$")]


@router.get("/contacts", response=ContactPage)
def list_contacts(
    request: HttpRequest, phone: str = "", list_id: UUID | None = None, search: str = "", temperature: Word = "",
    qualification: Word = "", cursor: str | None = None,
) -> object:  # fmt: skip
    """A phone matches with and without the ninth digit; ``qualification`` is the attribute ``sdr_ia_status``, e.g. qualificado."""
    if list_id:
        get_list(list_id)
    rows = queries.contacts(
        phone=phone,
        list_id=list_id,
        search=search[:100],
        temperature=temperature[:12],
        qualification=qualification[:40],
    )
    return keyset_page(rows, order="-created_at", cursor=cursor, size=SIZE)


@router.post("/contacts", response={201: ContactOut})
def create_contact(request: HttpRequest, data: ContactIn) -> tuple[int, Contact]:
    """409 when another contact has the phone."""
    values = data.dict(exclude={"list_ids"}) | {"phone": _phone(data.phone), "source": "api"}
    if not values["name"].strip() and not values["phone"]:
        raise BadFieldError("give a name or a phone", code="phone")
    _email(data.email)
    targets = [get_list(list_id) for list_id in data.list_ids]
    contact = services.save_contact(Contact(organization_id=current_organization_id()), actor=None, **values)
    for target in targets:
        add_to_list(target, [contact.pk])
    return 201, contact


@router.get("/contacts/{uuid:contact_id}", response=ContactOut)
def read_contact(request: HttpRequest, contact_id: UUID) -> Contact:
    return get_contact(contact_id)


@router.patch("/contacts/{uuid:contact_id}", response=ContactOut)
def change_contact(request: HttpRequest, contact_id: UUID, data: ContactPatch) -> Contact:
    contact = get_contact(contact_id)
    values = {name: value for name, value in data.dict(exclude_unset=True).items() if value is not None}
    attributes = values.pop("attributes", {})
    if "phone" in values:
        values["phone"] = _phone(values["phone"])
    _email(values.get("email", ""))
    if values:
        contact = services.save_contact(contact, actor=None, **values)
    return services.change_attributes(contact.pk, attributes) if attributes else contact


@router.delete("/contacts/{uuid:contact_id}", response={204: None})
def delete_contact(request: HttpRequest, contact_id: UUID) -> tuple[int, None]:
    """Erases what identifies the person; totals of campaigns stay."""
    services.anonymise(get_contact(contact_id), actor=None)
    return 204, None


def _email(address: str) -> None:
    try:
        if address:
            validate_email(address)
    except ValidationError as error:
        raise BadFieldError(str(error.message), code="email") from error


def _phone(raw: str) -> str:
    try:
        return canonical(printable(raw)).e164 if raw.strip() else ""
    except InvalidPhoneError as error:
        raise BadFieldError(str(error), code="phone") from error
