"""The 24 hours after a person's message in which official numbers may write freely."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from conversations.models import Conversation
from core.clock import now
from gateways.models import MessageTemplate
from gateways.official.services import approved
from gateways.official.texts import places
from gateways.registry import get_adapter

LENGTH = timedelta(hours=24)


@dataclass(frozen=True)
class Window:
    """``closes_at`` None means that the person never wrote."""

    closes_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.closes_at is not None and self.closes_at > now()


def window_of(conversation: Conversation) -> Window | None:
    """Return the window of a conversation, counted from the provider's own time; None where there is none to mind."""
    if not get_adapter(conversation.channel.provider).has_window:
        return None
    last = conversation.last_inbound_at
    return Window(last + LENGTH if last else None)


def is_shut(conversation: Conversation) -> bool:
    """Tell whether only an approved template may be sent now."""
    window = window_of(conversation)
    return window is not None and not window.is_open


def sendable_templates(conversation: Conversation) -> list[tuple[MessageTemplate, list[int]]]:
    """Return the approved templates for a closed window, each with the numbers of its places; none while it is open."""
    if not is_shut(conversation):
        return []
    return [(template, places(template.body)) for template in approved([conversation.channel_id])]
