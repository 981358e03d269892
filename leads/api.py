from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest
from ninja import Field, File, Form, Router, Schema
from ninja.files import UploadedFile

from core.errors import DomainError
from core.pagination import keyset_page
from core.phones import InvalidPhoneError, canonical
from leads import queries
from leads.models import Contact, Import
from leads.services import contacts as services
from leads.services import imports

router = Router(tags=["leads"])
SIZE = 100


class BadFieldError(DomainError):
    """A value of the body cannot be used."""

    status = 422


class ImportOut(Schema):
    id: UUID
    list_id: UUID | None = Field(None, alias="contact_list_id")
    state: str
    rows: int
    created: int
    updated: int
    invalid: int
    duplicate: int
    error: str


class ContactOut(Schema):
    id: UUID
    name: str
    phone: str
    email: str
    city: str
    status: int
    tags: list[str]
    attributes: dict[str, Any]
    temperature: str
    score: int | None
    opted_out: bool = Field(alias="is_opted_out")


class ContactPage(Schema):
    items: list[ContactOut]
    next_cursor: str | None


class ContactIn(Schema):
    name: str = Field("", max_length=160)
    phone: str = Field("", max_length=40)
    email: str = Field("", max_length=254)
    city: str = Field("", max_length=120)
    status: int = Field(1, ge=0, le=1)
    tags: list[str] = Field(default_factory=list, max_length=20)
    attributes: dict[str, str] = Field(default_factory=dict)


class ContactPatch(Schema):
    name: str | None = Field(None, max_length=160)
    phone: str | None = Field(None, max_length=40)
    email: str | None = Field(None, max_length=254)
    city: str | None = Field(None, max_length=120)
    status: int | None = Field(None, ge=0, le=1)
    tags: list[str] | None = Field(None, max_length=20)
    attributes: dict[str, str] | None = None


class ListOut(Schema):
    id: UUID
    name: str
    size: int


@router.post("/imports", response={202: ImportOut})
def create_import(
    request: HttpRequest, file: File[UploadedFile], list_name: Form[str] = "", mapping: Form[str] = ""
) -> tuple[int, Import]:
    run = imports.start_draft(file, list_name=list_name, actor=None)
    return 202, imports.enqueue(run, mapping=_mapping(mapping) or run.mapping, list_name=list_name)


@router.get("/imports/{uuid:import_id}", response=ImportOut)
def read_import(request: HttpRequest, import_id: UUID) -> Import:
    return queries.get_import(import_id)


@router.get("/lists", response=list[ListOut])
def list_lists(request: HttpRequest) -> Any:
    return queries.ContactList.objects.order_by("-created_at")[:500]


@router.get("/contacts", response=ContactPage)
def list_contacts(
    request: HttpRequest, phone: str = "", list_id: UUID | None = None, cursor: str | None = None
) -> object:
    rows = queries.contacts(phone=phone, list_id=list_id)
    return keyset_page(rows, order="-created_at", cursor=cursor, size=SIZE)


@router.post("/contacts", response={201: ContactOut})
def create_contact(request: HttpRequest, data: ContactIn) -> tuple[int, Contact]:
    values = data.dict() | {"phone": _phone(data.phone), "source": "api"}
    contact = Contact(organization_id=services.current_organization_id())
    return 201, services.save_contact(contact, actor=None, **values)


@router.get("/contacts/{uuid:contact_id}", response=ContactOut)
def read_contact(request: HttpRequest, contact_id: UUID) -> Contact:
    return queries.get_contact(contact_id)


@router.patch("/contacts/{uuid:contact_id}", response=ContactOut)
def change_contact(request: HttpRequest, contact_id: UUID, data: ContactPatch) -> Contact:
    values = data.dict(exclude_none=True)
    if "phone" in values:
        values["phone"] = _phone(values["phone"])
    return services.save_contact(queries.get_contact(contact_id), actor=None, **values)


@router.delete("/contacts/{uuid:contact_id}", response={204: None})
def delete_contact(request: HttpRequest, contact_id: UUID) -> tuple[int, None]:
    services.anonymise(queries.get_contact(contact_id), actor=None)
    return 204, None


def _phone(raw: str) -> str:
    try:
        return canonical(raw).e164 if raw.strip() else ""
    except InvalidPhoneError as error:
        raise BadFieldError(str(error), code="phone") from error


def _mapping(raw: str) -> dict[str, str]:
    if not raw:
        return {}
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadFieldError("mapping is not JSON", code="mapping") from error
    if not isinstance(value, dict):
        raise BadFieldError("mapping is not an object", code="mapping")
    return {str(key): str(field) for key, field in value.items()}
