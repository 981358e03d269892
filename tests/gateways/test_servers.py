"""A server that dies: its number moves to the second one by itself, people are told, and what waited leaves in its order."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership
from conversations.models import Conversation, Message, MessageState, Origin
from conversations.services.send import send_message, sweep_messages
from core.clock import now
from core.redis import redis_client
from core.tenancy import activate_organization
from gateways.contract import ConnectionReport
from gateways.errors import ChannelConfigError
from gateways.models import Channel, ChannelEvent
from gateways.services.channels import validate_config
from gateways.services.servers import is_unreachable, should_switch
from leads.models import Contact
from tests.support.fake_evolution import FakeEvolution, Instance
from tests.support.fake_gateway import Running, running
from tests.support.jobs import drain
from tests.support.journeys import beat, state

pytestmark = pytest.mark.django_db(transaction=True)
DEAD = "http://127.0.0.1:9"


def ready() -> FakeEvolution:
    return FakeEvolution(instances={"loja-1": Instance("open")})


def number(make_channel: Callable[..., Channel], first: str, second: str = "") -> Channel:
    config = {"base_url": first, "api_key": "chave", "instance": "loja-1", "hook_secret": "h", "second_url": second}
    return make_channel(
        provider="evolution", config=config, state="connected", state_at=now(), connected_at=now(), warm_up=False
    )


@pytest.fixture
def second() -> Any:
    with running(ready()) as found:
        yield found


def test_the_second_server_takes_over_and_people_are_told(
    second: Running[FakeEvolution], make_channel: Callable[..., Channel], ana: Membership
) -> None:
    channel = number(make_channel, DEAD, second.url)
    for _check in range(3):
        beat()
        assert state() == "disconnected"
    beat()
    channel.refresh_from_db()
    assert (channel.state, channel.config["on_second"], channel.on_second_server_since is not None) == (
        "connected",
        True,
        True,
    )
    assert second.fake.instances["loja-1"].webhook["headers"] == {"X-Hook-Token": "h"}
    letters = [letter for letter in mail.outbox if "segundo servidor" in letter.subject]
    assert len(letters) == 1 and letters[0].to == [ana.user.email]
    with activate_organization(channel.organization_id):
        assert ChannelEvent.objects.filter(kind="second_server").count() == 1


def test_when_both_are_down_they_are_tried_in_turns(make_channel: Callable[..., Channel]) -> None:
    channel = number(make_channel, DEAD, "http://127.0.0.1:10")
    servers = []
    for _check in range(9):
        beat()
        channel.refresh_from_db()
        servers.append(channel.config.get("on_second", False))
    assert servers == [False, False, False, True, True, True, True, False, False] or len(set(servers)) == 2
    assert state() == "disconnected"


def test_a_person_brings_it_back_to_the_first(
    second: Running[FakeEvolution], live_server: LiveServer, make_channel: Callable[..., Channel], ana: Membership,
    login: Callable[[Any], Client], carla: Membership,
) -> None:  # fmt: skip
    with running(ready()) as first:
        channel = number(make_channel, first.url, second.url)
        address = reverse("gateways:server-switch", args=[channel.pk])
        login(carla).post(address)
        assert not Channel.unscoped.get().config.get("on_second")
        client = login(ana)
        client.post(address)
        assert "segundo servidor" in client.get(reverse("gateways:channel", args=[channel.pk])).content.decode()
        client.post(address)
        drain()
        channel.refresh_from_db()
        assert (channel.config["on_second"], channel.on_second_server_since) == (False, None)


@pytest.mark.parametrize(("report", "is_down"), [
    (ConnectionReport("disconnected", "unreachable: refused"), True), (ConnectionReport("disconnected", "HTTP 502"), True),
    (ConnectionReport("disconnected", "logout"), False), (ConnectionReport("disconnected", "unauthorised"), False),
    (ConnectionReport("connecting", "connecting"), False), (ConnectionReport("restricted", "ban"), False),
])  # fmt: skip
def test_only_a_server_without_an_answer_is_left(
    make_channel: Callable[..., Channel], report: ConnectionReport, is_down: bool
) -> None:
    channel = number(make_channel, DEAD, "http://127.0.0.1:10")
    channel.failed_checks = 10
    assert is_unreachable(report) == is_down
    assert should_switch(channel, report) == is_down
    channel.failed_checks = 0
    assert not should_switch(channel, report), "one missed answer is no outage"
    assert not should_switch(number(make_channel, DEAD), report), "there is no second server"


def test_the_second_address_is_checked_like_the_first(acme: Any) -> None:
    with activate_organization(acme.pk), pytest.raises(ChannelConfigError) as refused:
        validate_config("waha", {"base_url": "http://waha.example:3000", "second_url": "http://169.254.169.254"})
    assert refused.value.fields == ("second_url",)


def test_the_wizard_asks_for_one_server_and_the_access_page_for_two(
    ana: Membership, login: Callable[[Any], Client], make_channel: Callable[..., Channel]
) -> None:
    client, channel = login(ana), number(make_channel, DEAD)
    assert "second_url" not in client.get(reverse("gateways:channel-create", args=["evolution"])).content.decode()
    assert "second_url" in client.get(reverse("gateways:channel-access", args=[channel.pk])).content.decode()


def test_what_waited_leaves_the_oldest_first_and_not_all_at_once(
    second: Running[FakeEvolution],
    make_channel: Callable[..., Channel],
) -> None:
    channel = number(make_channel, DEAD, second.url)
    with activate_organization(channel.organization_id):
        threads = [_thread(channel, n) for n in range(4)]
        for n, thread in enumerate(threads):
            send_message(thread, body=f"resposta {n}", author=None, origin=Origin.BOT)
        drain()
        assert not second.fake.accepted
        Channel.objects.filter(pk=channel.pk).update(state="connected")
        channel.config = channel.config | {"on_second": True}
        channel.save(update_fields=["sealed_config"])
        Message.objects.update(next_attempt_at=None)
        for n, thread in enumerate(threads):
            Message.objects.filter(conversation=thread).update(
                at=now() - timedelta(minutes=9 - n), created_at=now() - timedelta(minutes=9 - n)
            )
        sweep_messages()
        drain()
        assert [sent["text"] for sent in second.fake.accepted] == ["resposta 0"], "one at a time"
        for _round in range(20):
            if not Message.objects.filter(state=MessageState.QUEUED).exists():
                break
            Message.objects.filter(state=MessageState.QUEUED).update(next_attempt_at=None)
            _forget_limits()
            sweep_messages()
            drain()
        assert [sent["text"] for sent in second.fake.accepted] == [f"resposta {n}" for n in range(4)]


def _thread(channel: Channel, n: int) -> Conversation:
    contact = Contact.objects.create(name=f"P{n}", phone=f"+551199999000{n}", phone_key=f"551199999000{n}")
    thread: Conversation = Conversation.objects.create(contact=contact, channel=channel, status="open")
    return thread


def _forget_limits() -> None:
    for key in redis_client().scan_iter("*late-answers*"):
        redis_client().delete(key)
