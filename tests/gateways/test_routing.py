"""One webhook address of a Meta app: each number, page and account of the app gets what is its own, and nothing else."""

import hashlib
import hmac
import time
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership
from conversations.models import Conversation, Message
from core.clock import now
from core.tenancy import activate_organization
from gateways.intake.ingest import Refusal, receive, store_now
from gateways.models import Channel, ChannelEvent, MessageStatus, Receipt
from gateways.services.drain import replay_receipt
from tests.gateways.conftest import MakeChannel
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db

SECRET, OTHER_SECRET = "segredo-do-app-1", "segredo-do-app-2"
WABA = "2100000001"


@pytest.fixture(autouse=True)
def _in_acme(in_acme: Any) -> None:
    """As jobs are, these tests run inside Acme."""


@pytest.fixture
def number(make_channel: MakeChannel) -> Any:
    """Makes a connected channel of the app; ``account`` is how webhooks name it."""

    def make(provider: str, account: str, secret: str = SECRET, waba: str = WABA, **values: Any) -> Channel:
        ids = (
            {"phone_number_id": account, "waba_id": waba}
            if provider == "cloud"
            else {"page_id": account, "account_id": account}
        )
        start = now() - timedelta(days=1)
        return make_channel(
            provider=provider, config={"token": f"token-{account}", "app_secret": secret, "base_url": "http://127.0.0.1:9", **ids}, name=f"{provider} {account}",
            state="connected", state_at=start, connected_at=start, **values,
        )  # fmt: skip

    return make


def hook(address: Channel, kind: str, *entries: dict[str, Any], secret: str = SECRET) -> None:
    body = orjson.dumps({"object": kind, "entry": list(entries)})
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    receive(address.provider, address.hook_token, {"x-hub-signature-256": signature}, body, store=store_now)


def change(account: str, *messages: tuple[str, str], statuses: tuple[str, ...] = ()) -> dict[str, Any]:
    at = str(int(time.time()))
    value = {
        "metadata": {"phone_number_id": account},
        "messages": [{"from": "5511999998888", "id": i, "timestamp": at, "type": "text", "text": {"body": text}} for i, text in messages],
        "statuses": [{"id": identifier, "status": "delivered", "timestamp": at} for identifier in statuses],
    }  # fmt: skip
    return {"field": "messages", "value": value}


def whatsapp(*changes: dict[str, Any], waba: str = WABA) -> dict[str, Any]:
    return {"id": waba, "changes": list(changes)}


def page(account: str, mid: str, text: str) -> dict[str, Any]:
    event = {
        "sender": {"id": "245"},
        "recipient": {"id": account},
        "timestamp": int(time.time() * 1000),
        "message": {"mid": mid, "text": text},
    }
    return {"id": account, "time": 1, "messaging": [event]}


def heard(channel: Channel) -> list[str]:
    return list(
        Message.unscoped.filter(channel=channel, direction="in").order_by("created_at").values_list("body", flat=True)
    )


def receipts(channel: Channel) -> list[tuple[str, str]]:
    return list(Receipt.objects.filter(channel=channel).order_by("pk").values_list("state", "note"))


def test_a_batch_of_several_numbers_reaches_each_its_own(number: Any) -> None:
    first, second, third = number("cloud", "1001"), number("cloud", "1002"), number("cloud", "1003", waba="2100000002")
    hook(
        first, "whatsapp_business_account",
        whatsapp(change("1001", ("a1", "para o primeiro")), change("1002", ("b1", "para o segundo"), statuses=("out1",)),
                 change("1001", ("a2", "de novo"))),
        whatsapp(change("1003", ("c1", "para o terceiro")), change("1002", ("b2", "e mais")), waba="2100000002"),
    )  # fmt: skip
    drain()
    assert heard(first) == ["para o primeiro", "de novo"]
    assert heard(second) == ["para o segundo", "e mais"]
    assert heard(third) == ["para o terceiro"]
    assert list(MessageStatus.objects.values_list("channel_id", "external_id")) == [(second.pk, "out1")]
    [own] = receipts(first)
    assert own == ("done", "handed on to cloud 1002, cloud 1003")
    assert [state for channel in (second, third) for state, _note in receipts(channel)] == ["done", "done"]


def test_pages_and_instagram_accounts_share_an_address_with_numbers(number: Any) -> None:
    cloud, messenger, instagram = number("cloud", "1001"), number("messenger", "3001"), number("instagram", "4001")
    # The same id may be a page's and an account's of another kind: it is the kind that tells them apart.
    twin = number("instagram", "3001")
    hook(cloud, "page", page("3001", "m1", "pelo Messenger"))
    hook(messenger, "instagram", page("4001", "m2", "pelo Instagram"), page("3001", "m3", "pela outra conta"))
    hook(instagram, "whatsapp_business_account", whatsapp(change("1001", ("m4", "pelo WhatsApp"))))
    drain()
    assert [heard(one) for one in (cloud, messenger, instagram, twin)] == [
        ["pelo WhatsApp"], ["pelo Messenger"], ["pelo Instagram"], ["pela outra conta"],
    ]  # fmt: skip
    assert set(Conversation.unscoped.values_list("channel_id", flat=True)) == {
        one.pk for one in (cloud, messenger, instagram, twin)
    }


def test_what_is_said_of_the_account_reaches_all_its_numbers_and_no_other(number: Any) -> None:
    first, second, foreign = (
        number("cloud", "1001"),
        number("cloud", "1002"),
        number("cloud", "1003", waba="2100000002"),
    )
    lock = {"field": "account_update", "value": {"event": "ACCOUNT_RESTRICTION"}}
    hook(first, "whatsapp_business_account", whatsapp(lock))
    drain()
    for one in (first, second, foreign):
        one.refresh_from_db()
    assert (first.state, second.state, foreign.state) == ("restricted", "restricted", "connected")
    # It goes round once: who got it from another hands it on no further.
    assert Receipt.objects.filter(channel__in=[first, second]).count() == 2
    assert not Receipt.objects.filter(duplicates__gt=0).exists()


def test_a_lock_of_another_account_does_not_stop_the_number_whose_address_it_came_to(number: Any) -> None:
    address, locked = number("cloud", "1001"), number("cloud", "1002", waba="2100000002")
    lock = {"field": "account_update", "value": {"event": "ACCOUNT_RESTRICTION"}}
    hook(address, "whatsapp_business_account", whatsapp(lock, waba="2100000002"))
    drain()
    address.refresh_from_db()
    locked.refresh_from_db()
    assert (address.state, locked.state) == ("connected", "restricted")


def test_an_unknown_number_is_kept_raw_and_shown(number: Any, ana: Membership, client: Client, login: Any) -> None:
    address = number("cloud", "1001")
    for turn in range(2):
        hook(address, "whatsapp_business_account", whatsapp(change("9999", (f"x{turn}", "para ninguém"))))
    drain()
    assert not Message.unscoped.exists()
    assert receipts(address) == [("ignored", "nobody here: phone_number_id 9999")] * 2
    assert list(ChannelEvent.objects.values_list("kind", "detail")) == [("stranger", "phone_number_id 9999")]
    assert "não está conectada aqui" in login(ana).get(reverse("gateways:channel", args=[address.pk])).content.decode()

    # Connected later, it gets what came before when that is looked at again.
    late = number("cloud", "9999")
    receipt = Receipt.objects.filter(channel=address).order_by("pk").first()
    assert receipt is not None
    replay_receipt(receipt)
    drain()
    assert heard(late) == ["para ninguém"]


def test_a_repeated_hook_is_one_message(number: Any) -> None:
    address, other = number("messenger", "3001"), number("messenger", "3002")
    entry = page("3002", "m1", "uma vez só")
    for _ in range(3):
        hook(address, "page", entry)
        drain()
    replay_receipt(Receipt.objects.get(channel=address))
    drain()
    assert heard(other) == ["uma vez só"]


def test_another_app_of_the_same_business_is_not_spoken_for(number: Any) -> None:
    address, foreign = number("cloud", "1001"), number("cloud", "1002", secret=OTHER_SECRET)
    hook(address, "whatsapp_business_account", whatsapp(change("1002", ("b1", "forjada"), statuses=("out1",))))
    drain()
    assert not Receipt.objects.filter(channel=foreign).exists() and not Message.unscoped.exists()
    assert receipts(address) == [("ignored", "nobody here: phone_number_id 1002")]


@pytest.mark.parametrize("secret", [SECRET, OTHER_SECRET], ids=["same-app", "own-app"])
def test_an_organization_never_touches_the_numbers_of_another(
    number: Any, make_channel: MakeChannel, carla: Membership, secret: str
) -> None:
    address = number("cloud", "1001")
    settings = {"token": "token-5001", "app_secret": secret, "phone_number_id": "5001", "waba_id": "2100000009"}
    theirs = make_channel(
        carla.organization, provider="cloud", config=settings, state="connected", state_at=now(), connected_at=now()
    )
    lock = {"field": "account_update", "value": {"event": "ACCOUNT_RESTRICTION"}}
    hook(
        address, "whatsapp_business_account",
        whatsapp(change("5001", ("t1", "para a Carla"), statuses=("out1",)), lock, waba="2100000009"),
    )  # fmt: skip
    drain()
    with activate_organization(carla.organization_id):
        theirs.refresh_from_db()
        assert theirs.state == "connected"
        assert not Receipt.objects.filter(channel=theirs).exists()
        assert not MessageStatus.objects.filter(channel=theirs).exists()
    assert not Message.unscoped.exists() and not Conversation.unscoped.exists()
    [(state, note)] = receipts(address)
    assert (state, note) == ("ignored", "nobody here: phone_number_id 5001; nobody here: waba_id 2100000009")


def test_a_hook_signed_by_another_app_is_refused_at_the_door(number: Any) -> None:
    address = number("cloud", "1001")
    with pytest.raises(Refusal, match="bad signature"):
        hook(address, "whatsapp_business_account", whatsapp(change("1001", ("a1", "Oi"))), secret=OTHER_SECRET)
    assert not Receipt.objects.exists()


def test_a_number_that_was_taken_off_gets_nothing(number: Any) -> None:
    address, gone = number("cloud", "1001"), number("cloud", "1002", removed_at=now())
    hook(address, "whatsapp_business_account", whatsapp(change("1002", ("b1", "tarde"))))
    drain()
    assert not Receipt.objects.filter(channel=gone).exists()
    assert receipts(address) == [("ignored", "nobody here: phone_number_id 1002")]
