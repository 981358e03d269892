"""Pages of lists as the address asks for them."""

from collections.abc import Sequence
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from core.pagination import InvalidCursorError, Page, keyset_page

M = TypeVar("M", bound=Model)


def page_of(request: HttpRequest, rows: "QuerySet[M]", *, order: str | Sequence[str], size: int) -> Page[M]:
    """Return the page that the address asks for; an old or foreign cursor shows the first one."""
    try:
        return keyset_page(rows, order=order, cursor=request.GET.get("cursor"), size=size)
    except InvalidCursorError:
        return keyset_page(rows, order=order, cursor=None, size=size)
