from typing import Any

from django.db.models import Sum
from django.http import HttpRequest

from conversations.models import Conversation, ConversationStatus


def unread(request: HttpRequest) -> dict[str, Any]:
    """Count what waits to be read, for the menu."""
    if getattr(request, "organization", None) is None:
        return {}
    rows = Conversation.objects.filter(status=ConversationStatus.OPEN, unread__gt=0)
    return {"unread": rows.aggregate(total=Sum("unread"))["total"] or 0}
