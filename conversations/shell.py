from typing import Any

from django.http import HttpRequest

from conversations.queries import waiting_for_people


def unread(request: HttpRequest) -> dict[str, Any]:
    """Count what waits to be read by a person, for the menu."""
    if getattr(request, "organization", None) is None:
        return {}
    return {"unread": waiting_for_people()}
