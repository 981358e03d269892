"""Keyset pages: a cursor says where the last page ended, so page 400 costs what page 1 does."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from django.db import models
from django.db.models import Q

M = TypeVar("M", bound=models.Model)


class InvalidCursorError(ValueError):
    """The cursor was not made by this product."""


@dataclass(frozen=True)
class Page(Generic[M]):
    items: list[M]
    next_cursor: str | None


def keyset_page(queryset: "models.QuerySet[M]", *, order: str, cursor: str | None, size: int) -> Page[M]:
    """Return a page ordered by ``order`` (a datetime field, ``-`` for newest first) and the id of the same direction."""
    descending = order.startswith("-")
    field = order.lstrip("-")
    rows = queryset.order_by(order, "-pk" if descending else "pk")
    if cursor:
        at, pk = _decode(cursor)
        operator = "lt" if descending else "gt"
        rows = rows.filter(Q(**{f"{field}__{operator}": at}) | Q(**{field: at, f"pk__{operator}": pk}))
    found = list(rows[: size + 1])
    more = len(found) > size
    items = found[:size]
    return Page(items, _encode(getattr(items[-1], field), items[-1].pk) if more else None)


def _encode(at: datetime, pk: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([at.isoformat(), str(pk)])).decode().rstrip("=")


def _decode(cursor: str) -> tuple[datetime, UUID]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        at, pk = orjson.loads(raw)
        return datetime.fromisoformat(at), UUID(pk)
    except (ValueError, TypeError, binascii.Error) as error:
        raise InvalidCursorError("unreadable cursor") from error
