"""The chat in which a payer is asked and told."""

from bookings.charges.models import ChargeLink
from bookings.services.threads import thread_of
from conversations.models import Conversation, ConversationStatus


def chat_of(link: ChargeLink | None) -> Conversation | None:
    """Return the chat that the charge was made in, else the contact's own; None where nobody is to be written to."""
    if link is None or link.contact is None or link.contact.is_opted_out:
        return None
    begun = link.conversation
    if begun is not None and begun.status != ConversationStatus.CLOSED and begun.channel.removed_at is None:
        return begun
    return thread_of(link.contact)
