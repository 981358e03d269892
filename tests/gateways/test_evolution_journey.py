"""A number's day against an Evolution server on real sockets: connected, written to, answered, banned."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelEvent, MessageStatus, Receipt
from tests.support.fake_evolution import FakeEvolution
from tests.support.fake_gateway import running
from tests.support.jobs import drain
from tests.support.journeys import beat, received, state, until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_number_from_the_form_to_the_ban(
    live_server: LiveServer, ana: Membership, login: Callable[[Any], Client], settings: Any
) -> None:
    settings.BASE_URL = live_server.url
    client = login(ana)
    with running(FakeEvolution()) as evolution:
        fake = evolution.fake
        form = {"name": "Loja", "role": "active", "base_url": evolution.url, "api_key": "chave", "instance": "loja-1"}
        answer = client.post(reverse("gateways:channel-create", args=["evolution"]), form)
        assert answer.status_code == 302, answer.content.decode()[:2000]
        drain()
        assert state() == "qr_required"
        page = client.get(answer["Location"]).content.decode()
        assert 'class="qr"' in page
        channel = Channel.unscoped.get()

        # A code to type instead of scanning.
        client.post(reverse("gateways:channel-code", args=[channel.pk]), {"phone": "11 98888-0000"})
        assert "ABCD1234" in client.get(answer["Location"]).content.decode()

        fake.scan("loja-1")
        until(lambda: state() == "connected")
        channel.refresh_from_db()
        assert (channel.phone, channel.pairing_code) == ("+5511988880000", "")

        client.post(reverse("gateways:channel-test", args=[channel.pk]), {"phone": "31 98888-7777", "text": "Oi"})
        assert [(sent["to"], sent["text"]) for sent in fake.accepted] == [("553188887777", "Oi")]
        fake.acknowledge("loja-1", fake.accepted[0]["id"], "READ")
        until(lambda: MessageStatus.objects.filter(state="read").exists())

        fake.write("loja-1", "5511999998888", "Quanto custa?", "IN1")
        fake.write("loja-1", "5511999998888", "Quanto custa?", "IN1")
        until(lambda: any(message["text"] == "Quanto custa?" for message in received()))
        assert len([m for m in received() if m["external_id"] == "IN1"]) == 1
        assert b"043AB5CC" not in b"".join(bytes(body) for body in Receipt.objects.values_list("body", flat=True))
        assert set(fake.hooks) == {200}

        fake.drop("loja-1", 403)
        until(lambda: state() == "restricted")
        beat()
        assert state() == "restricted"
        with activate_organization(channel.organization_id):
            kinds = list(ChannelEvent.objects.order_by("at", "pk").values_list("kind", flat=True))
        assert kinds == ["qr_required", "connected", "test", "restricted", "alert"]


def test_a_webhook_without_our_word_is_refused(
    live_server: LiveServer, ana: Membership, login: Callable[[Any], Client], settings: Any
) -> None:
    settings.BASE_URL = live_server.url
    with running(FakeEvolution()) as evolution:
        form = {"name": "Loja", "role": "active", "base_url": evolution.url, "api_key": "chave", "instance": "loja-1"}
        login(ana).post(reverse("gateways:channel-create", args=["evolution"]), form)
        drain()
        evolution.fake.instances["loja-1"].webhook["headers"] = {"X-Hook-Token": "outra"}
        evolution.fake.write("loja-1", "5511999998888", "Oi", "IN1")
        until(lambda: evolution.fake.hooks[401])
        assert not received()
