"""The main job on the Simulator, cranked by hand: contacts, a campaign, and everything that follows from it."""

from typing import Any

from campaigns.models import Campaign
from campaigns.services import lifecycle
from campaigns.services.drafts import VariantDraft, create_campaign
from conversations.models import Conversation
from core.phones import match_key
from core.tenancy import current_organization_id
from gateways.events import MessagesReceived
from gateways.models import Channel, ChannelState
from leads.models import Contact, ContactList, ListMembership
from sagas.outbox import publish
from tests.support.jobs import drain


def simulator(**config: Any) -> Channel:
    """Return a connected Simulator channel of the active organization."""
    channel = Channel(
        organization_id=current_organization_id(), provider="simulator", name="Simulador", state=ChannelState.CONNECTED
    )
    channel.config = {"speed": 1000, "replies": False} | config
    channel.save()
    return channel


def contact(name: str, phone: str, **values: Any) -> Contact:
    row: Contact = Contact.objects.create(name=name, phone=phone, phone_key=match_key(phone), **values)
    return row


def campaign_to(contacts: list[Contact], channel: Channel, body: str = "Oi, {nome}!") -> Campaign:
    """Return a started campaign to these contacts."""
    audience = ContactList.objects.create(name="Lista", size=len(contacts))
    ListMembership.objects.bulk_create(
        ListMembership(organization_id=audience.organization_id, contact_list=audience, contact=row, row_number=n)
        for n, row in enumerate(contacts)
    )
    campaign = create_campaign(
        name="Campanha", list_ids=[audience.pk], variants=[VariantDraft(body)], channel_ids=[channel.pk]
    )
    return lifecycle.start(campaign)


def receive(channel: Channel, phone: str, text: str, *, external_id: str, at: str, **values: Any) -> Conversation:
    """Let a message arrive and everything that follows from it happen; return its thread."""
    message = {
        "external_id": external_id, "chat_id": phone, "phone": phone, "identities": [["whatsapp", phone]], "name": "",
        "kind": "text", "text": text, "at": at, "from_me": False, "from_api": False, "media": None, "reply_to": "",
        "is_old": False,
    } | values  # fmt: skip
    publish(MessagesReceived(str(channel.organization_id), str(channel.pk), [message]))
    drain()
    thread: Conversation = Conversation.objects.get(
        contact__phone_key=match_key(phone), channel=channel, status__in=["open", "waiting"]
    )
    return thread
