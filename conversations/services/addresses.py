"""Where a contact is reached on a channel."""

from conversations.models import Conversation
from gateways import number_checks
from gateways.services.presence import announce, can_show


def chat_id_of(conversation: Conversation) -> str:
    """Return the provider's address of the contact: as checked before, else as it wrote to us, else empty."""
    contact = conversation.contact
    checked = number_checks.chat_ids(conversation.channel_id, [contact.phone]).get(contact.phone, "")
    if checked:
        return checked
    identity = contact.identities.filter(kind__in=["whatsapp", "lid"]).order_by("-created_at").first()
    return identity.value if identity else ""


def announce_answer(conversation: Conversation, *, typing: bool) -> None:
    """Let the contact see that the message was read and, if ``typing``, that somebody writes. Never holds anything up."""
    if can_show(conversation.channel):
        announce(conversation.channel, chat_id_of(conversation), typing=typing)
