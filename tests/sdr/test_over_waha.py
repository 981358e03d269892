"""The whole chain over a WAHA server on real sockets: webhook in, read mark and typing, one answer out."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership
from conversations.models import Conversation, Message
from core.clock import now
from core.tenancy import activate_organization
from gateways.services.channels import create_channel
from sdr.models import Qualification, ReplyTurn
from sdr.services.turns import wake_turns
from tests.support.fake_waha import Running, fake_waha
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMER = "5519997426108@c.us"


def until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come true"
        drain()
        time.sleep(0.02)


def tell(waha: Running, path: str, **body: Any) -> None:
    requests.post(f"{waha.url}{path}", json={"session": "loja", **body}, timeout=5).raise_for_status()


def test_a_customer_on_a_real_number_is_read_answered_and_qualified(
    live_server: LiveServer, ana: Membership, settings: Any, tmp_path: Path
) -> None:
    settings.BASE_URL = live_server.url
    with fake_waha(tmp_path / "history.jsonl", key="chave", acks=True, ack_seconds=0.01) as waha:
        with activate_organization(ana.organization_id):
            config = {"base_url": waha.url, "api_key": "chave", "session": "loja", "hmac_key": "segredo-longo"}
            channel = create_channel(provider="waha", name="Loja", config=config)
        drain()
        with activate_organization(ana.organization_id):
            tell(waha, "/_inbound", chatId=CUSTOMER, text="quero saber o valor de clareamento", name="Paula")
            until(ReplyTurn.objects.exists)
            until(lambda: waha.fake.counts["startTyping 201"])
            assert waha.fake.counts["sendSeen 201"] == 1
            assert not waha.accepted()
            ReplyTurn.objects.update(wake_at=now() - timedelta(seconds=1))
            wake_turns()
            until(lambda: Message.objects.filter(origin="bot", state__in=["delivered", "read"]).exists())
            [sent] = waha.accepted()
            assert sent["text"] == Message.objects.get(origin="bot").body
            assert Qualification.objects.get().facts["interest"] is not None
            tell(waha, "/_hook", event="message.edited", payload={
                "id": f"false_{CUSTOMER}_ACTION", "timestamp": int(time.time()), "from": CUSTOMER, "fromMe": False,
                "editedMessageId": Message.objects.get(origin="customer").external_id, "body": "quero implante",
            })  # fmt: skip
            until(lambda: Message.objects.filter(body="quero implante").exists())
            assert Conversation.objects.get().channel_id == channel.pk
