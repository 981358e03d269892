"""Keyset pages: a cursor says where the last page ended, so page 400 costs what page 1 does.

Cursors are signed: what a caller made up is refused before it reaches the database.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from django.core.exceptions import FieldDoesNotExist, FieldError, ValidationError
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

M = TypeVar("M", bound=models.Model)
SIGNATURE_BYTES = 12
LONGEST_CURSOR = 2_000


class InvalidCursorError(ValueError):
    """The cursor was not made by this product, or for another order."""


@dataclass(frozen=True)
class Page(Generic[M]):
    """``next_cursor`` is None on the last page."""

    items: list[M]
    next_cursor: str | None


def keyset_page(
    queryset: "models.QuerySet[M]", *, order: str | Sequence[str], cursor: str | None, size: int
) -> Page[M]:
    """Return the page after ``cursor``, ordered by the fields of ``order`` (``-`` for descending).

    The primary key closes the order in the direction of the last field. Null values come where PostgreSQL puts them:
    last when ascending, first when descending. Raises :class:`InvalidCursorError`.
    """
    fields = _with_key([order] if isinstance(order, str) else list(order))
    rows = queryset.order_by(*fields)
    if cursor:
        values = _decode(cursor, fields)
        try:
            rows = rows.filter(_after(queryset.model, fields, values))
        except (ValidationError, FieldError, TypeError, ValueError) as error:
            raise InvalidCursorError("the cursor belongs to another list") from error
    found = list(rows[: size + 1])
    items = found[:size]
    return Page(items, _encode(fields, items[-1]) if len(found) > size else None)


def _with_key(fields: list[str]) -> list[str]:
    if fields[-1].lstrip("-") in ("pk", "id"):
        return fields
    return [*fields, "-pk" if fields[-1].startswith("-") else "pk"]


def _after(model: type[models.Model], fields: list[str], values: Sequence[Any]) -> Q:
    """Return the condition "comes after the values"."""
    condition = Q()
    for field, value in reversed(list(zip(fields, values, strict=True))):
        name = field.lstrip("-")
        beyond = _beyond(name, value, descending=field.startswith("-"), nullable=_is_nullable(model, name))
        same = Q(**{f"{name}__isnull": True}) if value is None else Q(**{name: value})
        condition = beyond | (same & condition) if condition else beyond
    return _bound(model, fields[0], values[0]) & condition


def _bound(model: type[models.Model], field: str, value: Any) -> Q:
    """Return what of the condition an index can begin at: it follows from the rest, which planners do not see."""
    name = field.lstrip("-")
    if value is None or (_is_nullable(model, name) and not field.startswith("-")):
        return Q()
    return Q(**{f"{name}__{'lte' if field.startswith('-') else 'gte'}": value})


def _beyond(name: str, value: Any, *, descending: bool, nullable: bool) -> Q:
    if value is None:
        return Q(**{f"{name}__isnull": False}) if descending else Q(pk__in=[])
    if descending:
        return Q(**{f"{name}__lt": value})
    return Q(**{f"{name}__gt": value}) | (Q(**{f"{name}__isnull": True}) if nullable else Q())


def _is_nullable(model: type[models.Model], name: str) -> bool:
    if name == "pk":
        return False
    try:
        return bool(getattr(model._meta.get_field(name), "null", True))
    except FieldDoesNotExist:
        # An annotation or a field of another table: nobody knows.
        return True


def _encode(fields: list[str], row: models.Model) -> str:
    values = [_plain(_value_of(row, field.lstrip("-"))) for field in fields]
    payload = orjson.dumps([",".join(fields), *values])
    return base64.urlsafe_b64encode(_signature(payload) + payload).decode().rstrip("=")


def _value_of(row: Any, name: str) -> Any:
    for part in name.split("__"):
        row = getattr(row, part)
    return row


def _plain(value: Any) -> Any:
    """Return a value that JSON holds and the database reads back as the same."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | Decimal) else value


def _decode(cursor: str, fields: list[str]) -> list[Any]:
    try:
        raw = base64.urlsafe_b64decode(cursor[:LONGEST_CURSOR] + "=" * (-len(cursor[:LONGEST_CURSOR]) % 4))
    except (ValueError, binascii.Error) as error:
        raise InvalidCursorError("unreadable cursor") from error
    signature, payload = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(payload)):
        raise InvalidCursorError("unknown cursor")
    made_for, *values = orjson.loads(payload)
    if made_for != ",".join(fields):
        raise InvalidCursorError("the cursor belongs to another order")
    return list(values)


def _signature(payload: bytes) -> bytes:
    return salted_hmac("core.pagination", payload, algorithm="sha256").digest()[:SIGNATURE_BYTES]
