"""Sockets that look alive: a server that takes a message and says nothing, and one that says nothing at all."""

from datetime import timedelta

import pytest
import time_machine

from accounts.models import Organization
from campaigns.models import RecipientState
from campaigns.services import lifecycle
from conversations.models import Conversation, Message, MessageState, Origin
from conversations.services.send import send_message, sweep_outgoing
from core.clock import now
from gateways.models import Channel, ChannelState
from gateways.pool.guard import watch_pools
from gateways.providers.waha import adapter as waha
from gateways.services.health import check_channels
from tests.faults.conftest import MakeGateway
from tests.faults.gateway import phone_of
from tests.faults.scene import REACHED, campaign_to, connect, count_of, finish, people, phones_in
from tests.faults.senders import Senders, until
from tests.faults.web import Web, echo
from tests.support.jobs import drain
from tests.support.journeys import until as drained_until
from tests.support.sockets import hangs, peer

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

PEOPLE, IN_DOUBT = 24, 3


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are waited for half a second instead of half a minute."""
    for name in ("SEND_SECONDS", "ASK_SECONDS"):
        monkeypatch.setattr(waha, name, 0.5)


@pytest.mark.parametrize("fate", ["hang", "cut", "reset"])
def test_a_campaign_leaves_in_doubt_what_was_taken_without_an_answer(
    fate: str, in_acme: Organization, senders: Senders, make_gateway: MakeGateway
) -> None:
    gateway = make_gateway("loja", latency_ms=10)
    campaign = lifecycle.resume(campaign_to(people(PEOPLE), [connect(gateway, "loja", gap_ms=300)]))
    gateway.behave(**{fate: 1.0})
    sender = senders.start(send_seconds=1.0)
    until(lambda: gateway.count() >= IN_DOUBT, "some were taken")
    gateway.behave(**{fate: 0.0})
    lifecycle.pause(campaign)
    until(lambda: not count_of(campaign, RecipientState.SENDING), "nobody is waited for any more")
    silent = {phone_of(hit) for hit in gateway.hits() if hit["fate"] == fate}
    assert phones_in(campaign, RecipientState.UNKNOWN) == silent and len(silent) >= IN_DOUBT
    Channel.objects.update(min_gap_ms=0, max_gap_ms=0, paused_until=None)
    lifecycle.resume(campaign)
    sender.stop()
    finish(senders, [campaign])
    assert gateway.twice() == []
    assert phones_in(campaign, RecipientState.UNKNOWN) == silent, "only evidence or a person moves them"
    assert count_of(campaign, *REACHED) == PEOPLE - len(silent)


@pytest.mark.parametrize("fate", ["hang", "cut", "lost"])
def test_an_answer_of_a_person_is_never_sent_again_by_itself(
    fate: str, in_acme: Organization, web: Web, make_gateway: MakeGateway
) -> None:
    gateway = make_gateway("loja", **{fate: 1.0})
    channel, [contact] = connect(gateway, "loja"), people(1)
    thread = Conversation.objects.create(contact=contact, channel=channel, status="open", last_message_at=now())
    send_message(thread, body="Seu horário é às 15h.", author=None, origin=Origin.BOT)
    drain()
    assert Message.objects.get().state == MessageState.UNKNOWN
    gateway.behave(**{fate: 0.0})
    for hours in (1, 5, 30):
        with time_machine.travel(now() + timedelta(hours=hours), tick=False):
            sweep_outgoing()
            drain()
    assert Message.objects.get().state == MessageState.UNKNOWN
    assert gateway.count() == 1
    # The gateway's own word for it is evidence.
    assert web.post((channel, echo(gateway.hits()[0]))) == 200
    drained_until(lambda: Message.objects.get().state == MessageState.SENT, 60)
    assert Message.objects.count() == gateway.count() == 1


def test_a_server_that_accepts_and_says_nothing_is_noticed_and_replaced(
    in_acme: Organization, web: Web, make_gateway: MakeGateway
) -> None:
    gateway = make_gateway("reserva")
    with peer(hangs) as silent:
        main, reserve = connect(silent.url, "loja"), connect(gateway, "reserva", role="standby")
        check_channels()
        drain()
        main.refresh_from_db()
        assert (main.state, main.state_reason.split(":")[0]) == (ChannelState.DISCONNECTED, "unreachable")
        assert silent.connections <= 2, "asked how it is, and to open the session anew: a worker is held up by no more"
        reserve.refresh_from_db()
        assert reserve.stands_in_for is None, "a restart takes as long"
        with time_machine.travel(now() + timedelta(seconds=20), tick=False):
            watch_pools()
        reserve.refresh_from_db()
        assert reserve.stands_in_for == main


def test_a_server_that_answers_no_question_before_a_first_message_is_sent_nothing(
    in_acme: Organization, private_redis: str
) -> None:
    with peer(hangs) as silent:
        channel, [contact] = connect(silent.url, "loja"), people(1)
        thread = Conversation.objects.create(contact=contact, channel=channel, status="open", last_message_at=now())
        send_message(thread, body="Oi", author=None, origin=Origin.BOT)
        drain()
        asked = [head.split(b" ")[1].partition(b"?")[0] for head in silent.requests]
    assert asked == [b"/api/contacts/check-exists"]
    assert Message.objects.get().state == MessageState.QUEUED, "nothing left, so it may be tried again"
