"""People without a name are asked for at the network on which they wrote."""

from conversations.models import Conversation
from conversations.services.addresses import chat_id_of
from conversations.services.threads import tell_pages
from core.jobs import job
from gateways.services.profiles import name_of, tells_names
from leads.models import Contact
from leads.services.contacts import find_or_create_contact


def wonder(conversation: Conversation, contact: Contact) -> None:
    """Ask for the name of somebody who has none, where the network can tell it."""
    if not contact.name and not contact.anonymised_at and tells_names(conversation.channel):
        learn_name.enqueue(
            coalesce_key=str(conversation.pk), organization_id=str(conversation.organization_id),
            conversation_id=str(conversation.pk),
        )  # fmt: skip


@job("default", timeout_seconds=60)
def learn_name(*, organization_id: str, conversation_id: str) -> None:
    """Ask the network how a person is called; a name that is there already stays."""
    conversation = Conversation.objects.select_related("contact", "channel").filter(pk=conversation_id).first()
    if conversation is None or conversation.contact.name or conversation.contact.anonymised_at:
        return
    chat_id = chat_id_of(conversation)
    name = name_of(conversation.channel, chat_id)
    if name:
        kind = conversation.channel.provider
        find_or_create_contact(phone=None, identities=[(kind, chat_id)], name=name, source=kind)
        tell_pages(conversation)
