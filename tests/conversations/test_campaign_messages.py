"""Campaign messages stand in the threads of those who got them, one row each, whatever came between."""

from datetime import timedelta

import pytest

from conversations.models import Conversation, Message
from conversations.services.campaign import CampaignMessage, record_campaign_messages
from core.clock import now
from core.ids import uuid7
from gateways.models import Channel
from leads.models import Contact
from sdr.models import SdrProfile
from tests.support.thread import contact, receive, simulator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]
PHONE = "+5519981111111"


@pytest.fixture
def channel(in_acme: object) -> Channel:
    SdrProfile.objects.create(organization=in_acme, enabled=False)
    return simulator()


@pytest.fixture
def paula(channel: Channel) -> Contact:
    return contact("Paula", PHONE)


def sent(to: Contact, channel: Channel, body: str, *, ago: int = 0, state: str = "sent") -> CampaignMessage:
    at = now() - timedelta(seconds=ago)
    return CampaignMessage(uuid7(), to.pk, channel.pk, body, state, f"x-{body}", at)


def test_two_campaigns_reach_a_person_in_one_batch(channel: Channel, paula: Contact) -> None:
    first, second = sent(paula, channel, "Oi", ago=5), sent(paula, channel, "Promoção", ago=1)
    for _again in range(2):
        record_campaign_messages(channel.organization_id, [second, first])
    thread = Conversation.objects.get()
    assert (thread.last_message_preview, thread.last_message_at) == ("Promoção", second.at)
    assert sorted(Message.objects.values_list("body", "conversation_id")) == [
        ("Oi", thread.pk),
        ("Promoção", thread.pk),
    ]


def test_who_answered_before_the_batch_was_written_stands_last(channel: Channel, paula: Contact) -> None:
    campaign = sent(paula, channel, "Oi", ago=5)
    thread = receive(channel, PHONE, "quero!", external_id="in-1", at=(now() - timedelta(seconds=2)).isoformat())
    record_campaign_messages(channel.organization_id, [campaign])
    thread.refresh_from_db()
    assert (thread.last_message_preview, thread.last_message_direction) == ("quero!", "in")
    record_campaign_messages(channel.organization_id, [later := sent(paula, channel, "Sobre o preço")])
    thread.refresh_from_db()
    assert (thread.last_message_preview, thread.last_message_direction) == ("Sobre o preço", "out")
    assert thread.last_message_at == later.at


def test_a_preview_is_one_line(channel: Channel, paula: Contact) -> None:
    record_campaign_messages(channel.organization_id, [sent(paula, channel, "Oi,\n\n  Paula!")])
    assert Conversation.objects.get().last_message_preview == "Oi, Paula!"
