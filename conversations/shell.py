from typing import Any

from django.http import HttpRequest

from conversations.alerts import cursor_of
from conversations.queries import waiting_for_people
from core.clock import now


def unread(request: HttpRequest) -> dict[str, Any]:
    """Count what waits to be read by a person, for the menu; and say from when on the page wants to be told of more."""
    if getattr(request, "organization", None) is None:
        return {}
    return {"unread": waiting_for_people(), "alerts_since": cursor_of(now())}
