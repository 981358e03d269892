from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from core.live import live_cursor
from core.security import live_origin


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return what the frame around every page of a member needs; upper apps add theirs by SHELL_PROVIDERS.

    A page drawn from several templates asks for it once.
    """
    organization_id = getattr(getattr(request, "organization", None), "pk", None)
    known: tuple[Any, dict[str, Any]] | None = getattr(request, "_shell", None)
    if known is None or known[0] != organization_id:
        known = organization_id, _facts(request)
        request._shell = known  # type: ignore[attr-defined]
    return known[1]


def _facts(request: HttpRequest) -> dict[str, Any]:
    organization = getattr(request, "organization", None)
    facts: dict[str, Any] = {"theme": getattr(request.user, "theme", "") if hasattr(request, "user") else ""}
    if organization is None or getattr(request, "htmx", False):
        return facts
    facts["live_url"] = f"{live_origin(request)}/live/"
    facts["live_cursor"] = live_cursor(organization.pk)
    for path in settings.SHELL_PROVIDERS:
        facts |= import_string(path)(request)
    return facts
