from typing import Any

from django.http import HttpRequest

from accounts.models import Organization
from billing import services
from core.clock import now


def usage(request: HttpRequest) -> dict[str, Any]:
    """Return the plan's use for the menu's foot; nothing for visitors."""
    organization = getattr(request, "organization", None)
    return {"usage": usage_of(request, organization)} if organization else {}


def usage_of(request: HttpRequest, organization: Organization) -> services.Usage:
    """Return the plan's use, looked up once in a request: the page may need it before the menu does."""
    kept: tuple[object, services.Usage] | None = getattr(request, "plan_usage", None)
    if kept is None or kept[0] != organization.pk:
        kept = organization.pk, services.usage(organization.pk, now())
        request.plan_usage = kept  # type: ignore[attr-defined]
    return kept[1]
