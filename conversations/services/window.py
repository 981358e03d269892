"""The 24 hours after a person's message in which official numbers may write freely."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from conversations.models import Conversation
from core.clock import now
from gateways import refusals
from gateways.models import MessageTemplate
from gateways.official.services import approved
from gateways.official.texts import places
from gateways.registry import get_adapter

LENGTH = timedelta(hours=24)


@dataclass(frozen=True)
class Window:
    """``closes_at`` None means that the person never wrote; until ``by_hand_until`` a person may still answer, no automation."""

    closes_at: datetime | None
    by_hand_until: datetime | None = None
    takes_templates: bool = True

    @property
    def is_open(self) -> bool:
        return self.closes_at is not None and self.closes_at > now()

    @property
    def is_open_by_hand(self) -> bool:
        return self.is_open or (self.by_hand_until is not None and self.by_hand_until > now())


def window_of(conversation: Conversation) -> Window | None:
    """Return the window of a conversation, counted from the provider's own time; None where there is none to mind."""
    adapter, last = get_adapter(conversation.channel.provider), conversation.last_inbound_at
    if not adapter.has_window:
        return None
    by_hand = last + timedelta(days=adapter.days_by_hand) if last and adapter.days_by_hand else None
    return Window(last + LENGTH if last else None, by_hand, adapter.sends_templates)


def is_shut(conversation: Conversation, *, by_hand: bool = False) -> bool:
    """Tell whether nothing but an approved template may be sent now, ``by_hand`` what a person writes."""
    window = window_of(conversation)
    return window is not None and not (window.is_open_by_hand if by_hand else window.is_open)


def closed_code(conversation: Conversation) -> str:
    """Return the code of the refusal of what may not be written now."""
    return "window" if get_adapter(conversation.channel.provider).sends_templates else "window_over"


def closed_words(conversation: Conversation) -> str:
    """Return why nothing may be written now."""
    window = window_of(conversation)
    if window is None or window.takes_templates:
        return refusals.words("window")
    return refusals.words("window_by_hand" if window.by_hand_until else "window_page")


def sendable_templates(conversation: Conversation) -> list[tuple[MessageTemplate, list[int]]]:
    """Return the approved templates for a closed window, each with the numbers of its places; none while it is open."""
    if not is_shut(conversation):
        return []
    return [(template, places(template.body)) for template in approved([conversation.channel_id])]
