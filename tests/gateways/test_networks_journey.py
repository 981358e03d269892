"""Mega API, Telegram, Messenger and Instagram on real sockets, from the form to the answer in the inbox."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership
from campaigns.errors import CampaignIncompleteError
from campaigns.services.drafts import VariantDraft, create_campaign
from conversations.models import Attachment, Conversation, Message, MessageState, Origin
from conversations.services.send import send_message
from core.clock import now
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelEvent, MessageStatus
from gateways.providers import simulator
from gateways.services.health import webhook_url
from leads.models import Contact, ContactList
from tests.support.fake_gateway import running
from tests.support.fake_graph import PAGE, FakeGraph
from tests.support.fake_mega import KEY, FakeMega
from tests.support.fake_telegram_bot import FakeTelegram
from tests.support.jobs import drain
from tests.support.journeys import beat, received, state, until

pytestmark = pytest.mark.django_db(transaction=True)
JPEG = (Path(simulator.__file__).parent / "files/foto.jpg").read_bytes()


@pytest.fixture
def client(live_server: LiveServer, ana: Membership, login: Callable[[Any], Client], settings: Any) -> Client:
    settings.BASE_URL = live_server.url
    return login(ana)


def connect(client: Client, provider: str, url: str, **form: str) -> Channel:
    """Connect by the wizard; where the address of the network is fixed, it is the fake's."""
    answer = client.post(
        reverse("gateways:channel-create", args=[provider]), {"name": "Rede", "role": "active", **form}
    )
    assert answer.status_code == 302, answer.content.decode()[:2000]
    channel = Channel.unscoped.get()
    with activate_organization(channel.organization_id):
        channel.config = channel.config | {"base_url": url}
        channel.save(update_fields=["sealed_config"])
    drain()
    channel.refresh_from_db()
    return channel


def answer(client: Client, text: str) -> Message:
    thread = Conversation.unscoped.get()
    client.post(reverse("conversations:message-create", args=[thread.pk]), {"body": text})
    drain()
    return Message.unscoped.filter(direction="out").latest("created_at")


def test_mega(client: Client) -> None:
    with running(FakeMega()) as mega:
        fake = mega.fake
        channel = connect(client, "mega", mega.url, base_url=mega.url, instance_key=KEY, token=fake.token)
        assert channel.state == "qr_required"
        page = client.get(reverse("gateways:channel-connect", args=[channel.pk])).content.decode()
        assert 'src="data:image/png;base64,' in page
        fake.scan()
        until(lambda: state() == "connected")
        client.post(reverse("gateways:channel-test", args=[channel.pk]), {"phone": "31 98888-7777", "text": "Oi"})
        assert [(sent["to"], sent["text"]) for sent in fake.accepted] == [("553188887777@s.whatsapp.net", "Oi")]
        fake.acknowledge(fake.accepted[0]["id"], 4)
        until(lambda: MessageStatus.objects.filter(state="read").exists())
        fake.write("5511999998888", "Quanto custa?", "IN1")
        until(lambda: Conversation.unscoped.exists())
        assert answer(client, "R$ 100").state == MessageState.SENT
        fake.post_hook(fake.hook_url, {"instance_key": "outra", "messageType": "conversation"})
        until(lambda: fake.hooks[401])


def test_telegram(client: Client) -> None:
    with running(FakeTelegram()) as telegram:
        fake = telegram.fake
        channel = connect(client, "telegram", telegram.url, token=fake.token)
        assert (channel.state, fake.hook_url.startswith("http"), len(fake.secret) > 20) == ("connected", True, True)
        fake.files["AgACx"] = JPEG
        fake.write(777, photo=[{"file_id": "AgACx", "width": 9, "height": 9}], caption="olha")
        until(lambda: Attachment.unscoped.exclude(path="").exists())
        contact = Contact.unscoped.get()
        assert (contact.name, contact.phone, contact.source) == ("Paula", "", "telegram")
        assert (answer(client, "Linda!").state, fake.accepted[-1]["to"]) == (MessageState.SENT, "777")
        # Messages that nobody confirms are no sign of trouble here.
        Channel.unscoped.update(unacked_sends=50)
        beat()
        assert state() == "connected"
        fake.blocked.add("777")
        refused = answer(client, "Oi?")
        assert (refused.state, refused.refusal) == (
            MessageState.FAILED,
            "A pessoa bloqueou você ou nunca escreveu para você.",
        )
        fake.secret = "outro"
        fake.write(778, text="Oi")
        until(lambda: fake.hooks[401])
        fake.token = "1234567:AAnew-token-0000"
        beat()
        assert state() == "disconnected"


@pytest.mark.parametrize("provider", ["messenger", "instagram"])
def test_networks_of_a_page(client: Client, provider: str) -> None:
    fake = FakeGraph()
    with running(fake, tell_url=lambda url: setattr(fake, "url", url)) as graph:
        form = {"page_id": PAGE, "token": fake.token, "app_secret": fake.secret}
        form |= {"account_id": PAGE} if provider == "instagram" else {}
        channel = connect(client, provider, graph.url, **form)
        assert channel.state == "connected"
        fake.verify_token = channel.config["verify_token"]
        page = client.get(reverse("gateways:channel-connect", args=[channel.pk])).content.decode()
        fake.hook_url = webhook_url(channel)
        assert fake.hook_url in page and fake.verify_token in page
        assert fake.shake_hands().text == "12345"

        fake.people["245"] = {
            "first_name": "Paula",
            "last_name": "Souza",
            "name": "Paula Souza",
            "username": "paulinha",
        }
        tell(fake, provider, message={"mid": "m_IN1", "text": "Vocês abrem sábado?"})
        until(lambda: Conversation.unscoped.exists())
        until(lambda: Contact.unscoped.filter(name="Paula Souza").exists())
        sent = answer(client, "Abrimos sim")
        assert "tag" not in written(fake)[-1]
        assert (sent.state, fake.accepted[-1]["recipient"], fake.accepted[-1]["from"]) == (
            MessageState.SENT,
            {"id": "245"},
            PAGE,
        )
        # Our own echo is no second bubble, and a moment up to which all was read is enough.
        tell(fake, provider, "out", message={"mid": sent.external_id, "text": "Abrimos sim", "is_echo": True})
        tell(fake, provider, read={"watermark": int(time.time() * 1000) + 1000})
        until(lambda: Message.unscoped.filter(pk=sent.pk, state=MessageState.READ).exists())
        assert Message.unscoped.filter(direction="out").count() == 1

        # After a day only a person may answer, and the network is told that it is one; after a week nobody may.
        Conversation.unscoped.update(last_inbound_at=now() - timedelta(hours=25))
        address = reverse("conversations:conversation", args=[Conversation.unscoped.get().pk])
        assert "só uma pessoa ainda pode responder" in client.get(address).content.decode()
        late = answer(client, "Ainda aí?")
        assert (late.state, written(fake)[-1]["tag"], written(fake)[-1]["messaging_type"]) == (
            MessageState.SENT,
            "HUMAN_AGENT",
            "MESSAGE_TAG",
        )
        before = len(written(fake))
        with activate_organization(channel.organization_id):
            automatic = send_message(Conversation.objects.get(), body="Lembrete", author=None, origin=Origin.BOT)
        drain()
        automatic.refresh_from_db()
        assert (automatic.state, automatic.error_code) == (MessageState.FAILED, "window_over")
        Conversation.unscoped.update(last_inbound_at=now() - timedelta(days=7, minutes=1))
        page = client.get(address).content.decode()
        assert "espera que a pessoa escreva de novo" in page and "modelo aprovado" not in page
        answer(client, "E agora?")
        assert len(written(fake)) == before


def written(fake: FakeGraph) -> list[dict[str, Any]]:
    """Return the messages without the signs of life before them."""
    return [one for one in fake.accepted if "message" in one]


def test_a_name_that_is_not_told_is_noted_once_and_the_message_is_there(client: Client) -> None:
    fake = FakeGraph()
    with running(fake, tell_url=lambda url: setattr(fake, "url", url)) as graph:
        channel = connect(client, "messenger", graph.url, page_id=PAGE, token=fake.token, app_secret=fake.secret)
        fake.hook_url = webhook_url(channel)
        for number in range(3):
            tell(fake, "messenger", message={"mid": f"m_IN{number}", "text": "Oi"})
        until(lambda: Message.unscoped.count() == 3)
        until(lambda: ChannelEvent.unscoped.filter(kind="names").exists())
    assert Contact.unscoped.get().name == ""
    assert ChannelEvent.unscoped.filter(kind="names").count() == 1
    page = client.get(reverse("gateways:channel", args=[channel.pk])).content.decode()
    assert "Não deu para ler o nome das pessoas" in page


def tell(fake: FakeGraph, provider: str, direction: str = "in", **part: Any) -> None:
    person, page = {"id": "245"}, {"id": PAGE}
    sides = {"sender": person, "recipient": page} if direction == "in" else {"sender": page, "recipient": person}
    event = {**sides, "timestamp": int(time.time() * 1000), **part}
    kind = "page" if provider == "messenger" else "instagram"
    fake.sign_and_post({"object": kind, "entry": [{"id": PAGE, "time": 1, "messaging": [event]}]})


def test_who_only_answers_sends_no_campaign(
    ana: Membership, in_acme: Any, make_channel: Callable[..., Channel]
) -> None:
    channel = make_channel(provider="telegram", config={"token": "1234567:AAtoken-77aa21bb"}, state="connected")
    people = ContactList.objects.create(name="Todos")
    with pytest.raises(CampaignIncompleteError, match="só responde"):
        create_campaign(name="X", list_ids=[people.pk], variants=[VariantDraft("Oi")], channel_ids=[channel.pk])


def test_one_inbox_holds_three_networks_at_once(client: Client, in_acme: Any) -> None:
    with running(FakeMega()) as mega, running(FakeTelegram()) as telegram:
        connect(client, "telegram", telegram.url, token=telegram.fake.token)
        Channel.unscoped.update(name="Primeiro")
        form = {"name": "Mega", "role": "active", "base_url": mega.url, "instance_key": KEY, "token": mega.fake.token}
        client.post(reverse("gateways:channel-create", args=["mega"]), form)
        drain()
        telegram.fake.write(777, text="Pelo Telegram")
        mega.fake.write("5511999998888", "Pelo WhatsApp", "IN1")
        until(lambda: Conversation.unscoped.count() == 2)
        page = client.get(reverse("conversations:inbox")).content.decode()
        assert "Pelo Telegram" in page and "Pelo WhatsApp" in page and "#telegram" in page and "#whatsapp" in page
        assert len(received()) == 2
