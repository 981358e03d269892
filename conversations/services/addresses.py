"""Where a contact is reached on a channel."""

from conversations.models import Conversation
from gateways import number_checks
from gateways.registry import get_adapter
from gateways.services.presence import announce, can_show


def chat_id_of(conversation: Conversation) -> str:
    """Return the provider's address of the contact: as checked before, else as it wrote to us, else empty."""
    contact = conversation.contact
    checked = ""
    if contact.phone:
        checked = number_checks.chat_ids(conversation.channel_id, [contact.phone]).get(contact.phone, "")
    if checked:
        return checked
    adapter = get_adapter(conversation.channel.provider)
    config = (
        adapter.config_model.model_validate(conversation.channel.config) if conversation.channel.sealed_config else None
    )
    known = (
        contact.identities.filter(kind__in=adapter.identity_kinds).order_by("-created_at").values_list("kind", "value")
    )
    fitting = [(kind, value) for kind, value in known if config is None or adapter.reaches(config, value)]
    fitting.sort(key=lambda pair: adapter.identity_kinds.index(pair[0]))
    return fitting[0][1] if fitting else ""


def announce_answer(conversation: Conversation, *, typing: bool) -> None:
    """Let the contact see that the message was read and, if ``typing``, that somebody writes. Never holds anything up."""
    if can_show(conversation.channel):
        announce(conversation.channel, chat_id_of(conversation), typing=typing)
