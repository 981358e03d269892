"""A number's whole day against a WAHA server on real sockets: connected, scanned, written to, answered, lost and found."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelEvent, MessageStatus, Receipt
from gateways.services.health import check_channels
from sagas.models import OutboxEvent
from tests.support.fake_waha import Running, fake_waha
from tests.support.jobs import drain
from tests.support.journeys import beat, state, until

pytestmark = pytest.mark.django_db(transaction=True)


def tell(waha: Running, path: str, **body: Any) -> None:
    requests.post(f"{waha.url}{path}", json={"session": "loja", **body}, timeout=5).raise_for_status()


def test_a_number_from_the_form_to_the_last_tick(
    live_server: LiveServer, ana: Membership, login: Callable[[Any], Client], settings: Any, tmp_path: Path
) -> None:
    settings.BASE_URL = live_server.url
    client = login(ana)
    with fake_waha(tmp_path / "history.jsonl", key="chave", acks=True, ack_seconds=0.01) as waha:
        form = {
            "name": "Loja",
            "role": "active",
            "base_url": waha.url,
            "api_key": "chave",
            "session": "loja",
            "is_signed": "on",
        }
        page = client.post(reverse("gateways:channel-create", args=["waha"]), form)["Location"]
        drain()
        assert state() == "connected"

        # The phone logs out: the server says so in a signed webhook, and the code is fetched and shown.
        tell(waha, "/_status", status="SCAN_QR_CODE")
        until(lambda: state() == "qr_required")
        check_channels()
        drain()
        shown = BeautifulSoup(client.get(page).content, "html.parser")
        assert shown.select_one("svg.qr path") is not None

        # It is scanned.
        tell(waha, "/_status", status="WORKING")
        until(lambda: state() == "connected")
        assert "Loja está conectado" in client.get(page, headers={"HX-Request": "true"}).content.decode()

        # A test message leaves once, and its ticks come back.
        channel = Channel.unscoped.get()
        assert channel.phone == "+5511988880000"
        client.post(reverse("gateways:channel-test", args=[channel.pk]), {"phone": "11 99999-8888", "text": "Oi"})
        assert [sent["text"] for sent in waha.accepted()] == ["Oi"]
        until(lambda: MessageStatus.objects.filter(state="read").exists())
        assert Channel.unscoped.get().unacked_sends == 0

        # A customer writes.
        tell(waha, "/_inbound", chatId="5511999998888@c.us", text="Quanto custa?", name="Paula")
        until(lambda: any(m["text"] == "Quanto custa?" for m in received()))
        assert set(Receipt.objects.values_list("state", flat=True)) <= {"done", "ignored"}
        assert {name for name in waha.fake.counts if name.startswith("hook")} == {"hook 200"}

    # The server dies, is asked again with patience, and is found at another address.
    beat()
    assert state() == "disconnected"
    with fake_waha(tmp_path / "second.jsonl", key="chave", sessions=("loja",)) as waha:
        with activate_organization(channel.organization_id):
            channel.config = channel.config | {"base_url": waha.url}
            channel.save(update_fields=["sealed_config"])
        beat()
        assert state() == "connected"
    with activate_organization(channel.organization_id):
        kinds = list(ChannelEvent.objects.order_by("at", "pk").values_list("kind", flat=True))
    assert kinds == ["connected", "qr_required", "connected", "test", "disconnected", "connected"]


def test_a_server_that_signs_with_another_key_is_refused_and_the_owner_told(
    live_server: LiveServer, ana: Membership, login: Callable[[Any], Client], settings: Any, tmp_path: Path
) -> None:
    settings.BASE_URL = live_server.url
    client = login(ana)
    with fake_waha(tmp_path / "history.jsonl", key="chave") as waha:
        form = {
            "name": "Loja",
            "role": "active",
            "base_url": waha.url,
            "api_key": "chave",
            "session": "loja",
            "is_signed": "on",
        }
        client.post(reverse("gateways:channel-create", args=["waha"]), form)
        drain()
        waha.fake.sessions["loja"].config["webhooks"][0]["hmac"]["key"] = "outra"
        tell(waha, "/_inbound", chatId="5511999998888@c.us", text="Oi")
        until(lambda: waha.fake.counts["hook 401"] > 0)
        assert not received()
        channel = Channel.unscoped.get()
        assert "sem assinatura válida" in client.get(reverse("gateways:channel", args=[channel.pk])).content.decode()


def received() -> list[dict[str, Any]]:
    events = OutboxEvent.objects.filter(name="gateways.MessagesReceived")
    return [message for event in events for message in event.payload["messages"]]
