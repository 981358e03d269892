from typing import Any

from django.http import HttpRequest

from billing import services
from core.clock import now


def usage(request: HttpRequest) -> dict[str, Any]:
    """Return the plan's use for the menu's foot; nothing for visitors."""
    organization = getattr(request, "organization", None)
    return {"usage": services.usage(organization.pk, now())} if organization else {}
