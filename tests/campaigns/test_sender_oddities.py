"""What is odd in an answer, in a row or in a number stays there: nobody else waits for it."""

from collections import Counter
from typing import Any

import pytest
from django.db import IntegrityError

from accounts.models import Organization
from campaigns.models import Campaign, Recipient
from campaigns.sender import database, engine, ledger, settling
from campaigns.sender.due import look
from campaigns.sender.outcomes import Settlement
from campaigns.services import lifecycle
from conversations.models import Conversation, Message
from gateways.contract import Outcome, SendResult
from tests.campaigns.sending import Provider, install, send_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    return install(monkeypatch)


def states(campaign: Campaign) -> dict[str, int]:
    return dict(Counter(Recipient.objects.filter(campaign=campaign).values_list("state", flat=True)))


def test_two_messages_to_one_person_by_one_number_are_settled_together(
    in_acme: Organization, make_campaign: Any, make_channel: Any, make_list: Any, provider: Provider
) -> None:
    channel, people = make_channel(), make_list(30)
    campaigns = [lifecycle.start(make_campaign(channels=[channel], lists=[people], body=body)) for body in "AB"]
    send_until(seconds=15)
    assert [states(campaign) for campaign in campaigns] == [{"sent": 30}, {"sent": 30}]
    assert Conversation.objects.count() == 30
    assert Message.objects.count() == 60


def test_an_id_that_a_gateway_gives_twice_holds_nobody_up(
    in_acme: Organization, make_campaign: Any, provider: Provider
) -> None:
    provider.answer = lambda _message: SendResult(Outcome.SENT, "always-the-same")
    campaign = lifecycle.start(make_campaign(5))
    send_until(seconds=15)
    assert states(campaign) == {"sent": 5}


@pytest.mark.parametrize("odd", ["\x00", "\ud800"], ids=["nothing", "half"])
def test_letters_that_no_database_takes_hold_nobody_up(
    in_acme: Organization, make_campaign: Any, provider: Provider, odd: str
) -> None:
    answers = {
        1: SendResult(Outcome.SENT, f"one{odd}", f"chat{odd}"),
        2: SendResult(Outcome.REFUSED, code=f"4{odd}00", detail=f"bad {odd}word"),
        3: SendResult(Outcome.UNKNOWN, code=f"5{odd}00", detail=f"bad {odd}word"),
    }
    provider.answer = lambda message: answers.get(len(provider.sent)) or provider.accept(message)
    campaign = lifecycle.start(make_campaign(6))
    send_until(seconds=15)
    assert states(campaign) == {"sent": 4, "failed": 1, "unknown": 1}
    assert campaign.recipients.filter(external_id="one").exists()
    assert Campaign.objects.get(pk=campaign.pk).errors == {"400": {"count": 1, "text": "bad word"}}


def test_a_number_whose_facts_cannot_be_read_does_not_stop_the_others(
    in_acme: Organization,
    make_campaign: Any,
    make_channel: Any,
    make_list: Any,
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad, good, people = make_channel("Ruim"), make_channel("Bom"), make_list(3)
    lifecycle.start(make_campaign(channels=[bad], lists=[people], body="nunca"))
    lifecycle.start(make_campaign(channels=[good], lists=[people], body="sim"))

    def looking(channel_id: Any, organization_id: Any) -> Any:
        if channel_id == bad.pk:
            raise LookupError("no such provider")
        return look(channel_id, organization_id)

    monkeypatch.setattr(engine, "look", looking)
    send_until(lambda: Recipient.unscoped.filter(body="sim", state="sent").count() == 3, seconds=15)
    assert {text for _phone, text, _at in provider.sent} == {"sim"}


def test_an_end_that_the_database_refuses_takes_no_other_with_it(
    in_acme: Organization, make_campaign: Any, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = lifecycle.start(make_campaign(8))
    odd = campaign.recipients.order_by("position")[3].phone
    settle = settling.settle_batch

    def refusing(organization_id: Any, channel_id: Any, batch: list[Settlement]) -> list[Settlement]:
        if odd in {one.claimed.phone for one in batch}:
            raise IntegrityError("cannot be")
        return settle(organization_id, channel_id, batch)

    monkeypatch.setattr(database, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(ledger, "settle_batch", refusing)
    send_until(lambda: Recipient.unscoped.filter(state="sent").count() == 7, seconds=15)
    assert states(campaign) == {"sent": 7, "sending": 1}
    assert campaign.recipients.get(state="sending").phone == odd
    assert Counter(provider.phones).most_common(1)[0][1] == 1
