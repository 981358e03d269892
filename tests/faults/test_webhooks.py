"""Webhooks that come fifty times, all at once or out of order: the product knows each thing once, and never goes back."""

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import connection

from accounts.models import Organization
from campaigns.models import Campaign, Recipient
from campaigns.queries import stats
from campaigns.services import lifecycle
from conversations.models import Conversation, Message
from core.clock import now
from gateways.models import Channel, Receipt
from gateways.services.drain import drain_receipts
from gateways.statuses import RANKS
from sagas.outbox import deliver_due
from sdr.models import ReplyTurn, TurnState
from sdr.services.profiles import get_profile, update_profile
from sdr.services.turns import run_turn
from tests.faults.conftest import MakeGateway
from tests.faults.gateway import Gateway, phone_of
from tests.faults.scene import campaign_to, connect, finish, people
from tests.faults.senders import Senders
from tests.faults.web import Web, ack
from tests.gateways.conftest import message
from tests.support.jobs import drain

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

TIMES = 50
# -1: refused by WhatsApp, 0: in the server's queue, 1: sent, 2: delivered, 3: read.
LEVELS = {-1: "failed", 0: "queued", 1: "sent", 2: "delivered", 3: "read"}


def at_once(work: Callable[[], Any], threads: int = 4) -> None:
    """Do the same in several threads, as several workers do who heard the same bell; none may fail."""
    barrier = threading.Barrier(threads)
    failures: list[Exception] = []

    def run() -> None:
        try:
            barrier.wait()
            work()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []


def understand(organization: Organization, channel: Channel) -> None:
    """Let four workers at once process what came in, and what follows from it."""
    arguments = {"organization_id": str(organization.pk), "channel_id": str(channel.pk)}
    at_once(lambda: drain_receipts(**arguments))
    at_once(deliver_due)
    drain()


def answer(organization: Organization) -> None:
    """Let four workers at once answer the turn whose time has come."""
    ReplyTurn.objects.filter(state=TurnState.WAITING).update(wake_at=now() - timedelta(seconds=1))
    pk = str(ReplyTurn.objects.get().pk)
    at_once(lambda: run_turn(organization_id=str(organization.pk), turn_id=pk))
    drain()


def what_is_known(gateway: Gateway) -> dict[str, int]:
    return {
        "receipts": Receipt.objects.count(),
        "conversations": Conversation.objects.count(),
        "from the customer": Message.objects.filter(origin="customer").count(),
        "turns": ReplyTurn.objects.count(),
        "answers": Message.objects.filter(origin="bot").count(),
        "sent": gateway.count(),
    }


def test_a_webhook_that_comes_fifty_times_at_once_is_one_of_everything(
    in_acme: Organization, web: Web, make_gateway: MakeGateway
) -> None:
    gateway = make_gateway("loja")
    channel = connect(gateway, "loja")
    update_profile(get_profile(), {"services": [{"name": "Clareamento", "price_cents": 69000}], "city": "Campinas"})
    hook = (channel, message(1, "Oi! Quanto custa o clareamento?"))

    assert web.post_all([hook] * TIMES) == [200] * TIMES
    assert Receipt.objects.get().duplicates == TIMES - 1
    understand(in_acme, channel)
    answer(in_acme)
    one_of_each = dict.fromkeys(what_is_known(gateway), 1)
    assert what_is_known(gateway) == one_of_each
    assert ReplyTurn.objects.get().state == TurnState.ANSWERED

    # And once more when everything has long been understood and answered.
    assert web.post_all([hook] * TIMES) == [200] * TIMES
    understand(in_acme, channel)
    assert what_is_known(gateway) == one_of_each
    assert Receipt.objects.get().duplicates == 2 * TIMES - 1


def test_two_customers_who_write_the_same_at_once_are_two(
    in_acme: Organization, web: Web, make_gateway: MakeGateway
) -> None:
    # So that the test above does not pass because everything is taken for the same.
    gateway = make_gateway("loja")
    channel = connect(gateway, "loja")
    first = message(1, "Oi!")
    second = message(2, "Oi!", **{"from": "5511977776666@c.us", "id": "false_5511977776666@c.us_BBBB0001"})
    assert web.post_all([(channel, first), (channel, second)] * 5) == [200] * 10
    understand(in_acme, channel)
    known = what_is_known(gateway)
    assert (known["receipts"], known["conversations"], known["from the customer"], known["turns"]) == (2, 2, 2, 2)


def test_in_whatever_order_five_statuses_come_the_furthest_stays(
    in_acme: Organization, web: Web, senders: Senders, make_gateway: MakeGateway
) -> None:
    orders = list(permutations(LEVELS))
    gateway = make_gateway("loja")
    channel = connect(gateway, "loja")
    campaign = lifecycle.resume(campaign_to(people(len(orders)), [channel]))
    finish(senders, [campaign])
    hits = gateway.hits()
    assert len(hits) == len(orders) == 120

    told = {phone_of(hit): ["sent"] for hit in hits}
    for step in range(len(LEVELS)):
        hooks = [(channel, ack(hit, order[step])) for hit, order in zip(hits, orders, strict=True)]
        assert web.post_all(hooks) == [200] * len(hooks)
        drain()
        for hit, order in zip(hits, orders, strict=True):
            told[phone_of(hit)].append(LEVELS[order[step]])
        assert states_of(campaign) == {phone: furthest(heard) for phone, heard in told.items()}
    assert set(states_of(campaign).values()) == {"read"}
    assert list(Message.objects.values_list("state", flat=True)) == ["read"] * 120
    assert (stats(campaign).read, stats(campaign).sent, stats(campaign).failed) == (120, 120, 0)
    assert Receipt.objects.count() == 600


def states_of(campaign: Campaign) -> dict[str, str]:
    return dict(Recipient.objects.filter(campaign=campaign).values_list("phone", "state"))


def furthest(heard: list[str]) -> str:
    return max(heard, key=lambda state: RANKS[state])
