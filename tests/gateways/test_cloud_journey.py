"""An official number against Meta's Graph API on real sockets: handshake, messages, the 24 hours, limits, a lock."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership
from conversations.models import Conversation, Message, MessageState, Origin
from conversations.services.send import send_message, sweep_messages
from core.clock import now
from core.tenancy import activate_organization
from gateways import pacing
from gateways.models import Channel
from tests.support.fake_gateway import Running, running
from tests.support.fake_graph import NUMBER, WABA, FakeGraph
from tests.support.jobs import drain
from tests.support.journeys import beat, received, state, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def graph() -> Iterator[Running[FakeGraph]]:
    fake = FakeGraph()
    with running(fake, tell_url=lambda url: setattr(fake, "url", url)) as found:
        yield found


@pytest.fixture
def number(
    graph: Running[FakeGraph], live_server: LiveServer, ana: Membership, login: Callable[[Any], Client], settings: Any
) -> Channel:
    """An official number, connected by the wizard; Graph's own address is the fake's."""
    settings.BASE_URL = live_server.url
    form = {"name": "Oficial", "role": "active", "phone_number_id": NUMBER, "waba_id": WABA, "token": graph.fake.token,
            "app_secret": graph.fake.secret}  # fmt: skip
    answer = login(ana).post(reverse("gateways:channel-create", args=["cloud"]), form)
    assert answer.status_code == 302, answer.content.decode()[:1500]
    channel = Channel.unscoped.get()
    with activate_organization(channel.organization_id):
        channel.config = channel.config | {"base_url": graph.url}
        channel.save(update_fields=["sealed_config"])
    drain()
    channel.refresh_from_db()
    return channel


def test_it_is_connected_with_its_limit_and_proves_its_address(graph: Running[FakeGraph], number: Channel) -> None:
    assert (number.state, number.phone, number.message_limit, number.quality) == (
        "connected",
        "+551130000002",
        2_000,
        "GREEN",
    )
    assert pacing.pace_of(number, now()).daily_cap == 2_000
    assert graph.fake.shake_hands().text == "12345"
    graph.fake.verify_token = "outro"
    assert graph.fake.shake_hands().status_code == 403


def test_a_customer_is_answered_within_the_24_hours_and_not_after(
    graph: Running[FakeGraph], number: Channel, ana: Membership, login: Callable[[Any], Client]
) -> None:
    fake, client = graph.fake, login(ana)
    fake.write("5511999998888", "Quanto custa?", "wamid.IN1")
    until(lambda: Conversation.unscoped.exists())
    with activate_organization(number.organization_id):
        thread = Conversation.objects.get()
        address = reverse("conversations:conversation", args=[thread.pk])
        assert "escrever livremente" in client.get(address).content.decode()
        client.post(reverse("conversations:message-create", args=[thread.pk]), {"body": "Oi Paula"})
        drain()
        assert fake.accepted[-1]["text"]["body"] == "Oi Paula"
        fake.acknowledge(fake.accepted[-1]["id"], "read")
        until(lambda: Message.objects.filter(state=MessageState.READ).exists())

        # A day later the server refuses by itself, and an automation's message shows why it did not leave.
        Conversation.objects.update(last_inbound_at=now() - timedelta(hours=24, seconds=1))
        thread.refresh_from_db()
        answer = client.post(
            reverse("conversations:message-create", args=[thread.pk]), {"body": "Ainda aí?"}, follow=True
        )
        assert "modelo aprovado" in answer.content.decode()
        sent = len(fake.accepted)
        late = send_message(thread, body="Lembrete", author=None, origin=Origin.BOT)
        until(lambda: _ended(late))
        assert (late.state, late.error_code, len(fake.accepted)) == (MessageState.FAILED, "window", sent)


def _ended(message: Message) -> bool:
    """Tell whether a message has left or will not; a bell that a busy machine lost is rung again, as the clock does."""
    sweep_messages()
    message.refresh_from_db()
    return message.state not in {MessageState.QUEUED, MessageState.SENDING}


def test_a_message_without_our_signature_is_refused(graph: Running[FakeGraph], number: Channel) -> None:
    graph.fake.secret = "outro-segredo"
    graph.fake.write("5511999998888", "Oi", "wamid.IN1")
    until(lambda: graph.fake.hooks[401])
    assert not received()


def test_meta_changes_the_limit_and_then_locks_the_account(graph: Running[FakeGraph], number: Channel) -> None:
    graph.fake.tell("phone_number_quality_update", {"event": "X", "max_daily_conversations_per_business": "TIER_10K"})
    until(lambda: Channel.unscoped.get().message_limit == 10_000)
    graph.fake.tell("account_update", {"event": "ACCOUNT_RESTRICTION"})
    until(lambda: state() == "restricted")


def test_a_lock_shows_in_the_state_of_a_message_too(graph: Running[FakeGraph], number: Channel) -> None:
    graph.fake.acknowledge("wamid.OUT1", "failed", 131031)
    until(lambda: state() == "restricted")


def test_an_expired_token_is_noticed_by_the_heartbeat(graph: Running[FakeGraph], number: Channel) -> None:
    graph.fake.token = "novo"
    beat()
    assert state() == "disconnected"


def test_until_its_limit_is_read_250_a_day_are_safe(make_channel: Callable[..., Channel]) -> None:
    channel = make_channel(
        provider="cloud", config={"phone_number_id": "1065", "waba_id": "2100", "token": "t", "app_secret": "s"}
    )
    assert pacing.pace_of(channel, now()).daily_cap == 250
    channel.message_limit = 0
    assert pacing.pace_of(channel, now()).daily_cap is None
