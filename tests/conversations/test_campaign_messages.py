"""Campaign messages stand in the threads of those who got them, one row each, whatever came between."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Membership
from conversations.models import Conversation, Message
from conversations.services.campaign import CampaignMessage, record_campaign_messages
from core.clock import now
from core.ids import uuid7
from gateways.models import Channel, ChannelRole, ChannelState
from gateways.pool.guard import look_after
from gateways.services.states import mark_state
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
    number = uuid7()
    return CampaignMessage(number, to.pk, channel.pk, body, state, f"x-{number}", at)


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


@pytest.fixture
def reserve(channel: Channel) -> Channel:
    """Another number, which took the place of the first one after it had written to Paula."""
    Channel.objects.update(connected_at=now(), role=ChannelRole.ACTIVE)
    other = simulator()
    other.role, other.name, other.connected_at = ChannelRole.STANDBY, "Reserva", now()
    other.save()
    return other


def lines() -> list[tuple[str, str, str]]:
    rows = Message.objects.filter(direction="event", data__code="number_changed").order_by("channel__name")
    return [(row.channel.name, row.data["from"], row.data["to"]) for row in rows]


def die(channel: Channel) -> None:
    mark_state(Channel.objects.get(pk=channel.pk), ChannelState.RESTRICTED, "ban")
    look_after(channel.organization_id)


def test_both_threads_say_that_another_number_goes_on(channel: Channel, paula: Contact, reserve: Channel) -> None:
    record_campaign_messages(channel.organization_id, [sent(paula, channel, "Oi", ago=60)])
    die(channel)
    assert lines() == []
    for _again in range(2):
        record_campaign_messages(channel.organization_id, [sent(paula, reserve, "Ainda aqui")])
    assert lines() == [("Reserva", "Simulador", "Reserva"), ("Simulador", "Simulador", "Reserva")]
    order = Message.objects.filter(channel=reserve).order_by("at").values_list("direction", flat=True)
    assert list(order) == ["event", "out", "out"]


def test_who_writes_to_the_other_number_is_told_of_too(channel: Channel, paula: Contact, reserve: Channel) -> None:
    receive(channel, PHONE, "oi", external_id="in-1", at=(now() - timedelta(seconds=60)).isoformat())
    die(channel)
    receive(reserve, PHONE, "e agora?", external_id="in-2", at=now().isoformat())
    assert len(lines()) == 2


def test_nobody_else_is_told_of_it(channel: Channel, paula: Contact, reserve: Channel) -> None:
    other = contact("Rui", "+5519982222222")
    record_campaign_messages(channel.organization_id, [sent(paula, channel, "Oi", ago=60)])
    record_campaign_messages(channel.organization_id, [sent(paula, reserve, "Oi", ago=50)])
    assert lines() == []
    die(channel)
    record_campaign_messages(channel.organization_id, [sent(other, reserve, "Oi")])
    assert lines() == []


def test_the_line_leads_to_the_other_thread(
    channel: Channel, paula: Contact, reserve: Channel, ana: Membership, login: Callable[..., Client]
) -> None:
    record_campaign_messages(channel.organization_id, [sent(paula, channel, "Oi", ago=60)])
    die(channel)
    record_campaign_messages(channel.organization_id, [sent(paula, reserve, "Ainda aqui")])
    old, new = (Conversation.objects.get(channel=one) for one in (channel, reserve))
    page = login(ana).get(f"/conversas/{new.pk}/").content.decode()
    assert "O número mudou de Simulador para Reserva" in page
    assert f'href="/conversas/{old.pk}/"' in page
