"""A sender that dies, again and again: nobody is written to twice, nobody is forgotten, and the report says what happened."""

import random
import time

import pytest

from accounts.models import Organization
from campaigns.models import Campaign, CampaignState, RecipientState
from campaigns.queries import stats
from campaigns.services import lifecycle
from tests.faults.conftest import MakeGateway
from tests.faults.gateway import Gateway, phone_of
from tests.faults.scene import REACHED, campaign_to, connect, count_of, finish, in_flight, people, phones_in
from tests.faults.senders import Sender, Senders, until
from tests.faults.web import Web, echo
from tests.support.jobs import drain

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

KILLS, PEOPLE = 20, 500


def wait_for_its_moment(gateway: Gateway, campaign: Campaign, sender: Sender, share: int, dice: random.Random) -> None:
    """Let the sender work for a random time, but never beyond its share of the people: every kill must find work left."""
    had = gateway.count()
    until(lambda: gateway.count() > had or not sender.is_alive(), "the sender has sent something")
    ends = time.monotonic() + dice.uniform(0, 0.6)
    until(
        lambda: time.monotonic() > ends or PEOPLE - count_of(campaign, RecipientState.QUEUED) >= share,
        "the moment has come",
    )


def test_twenty_kills_in_a_campaign_write_to_nobody_twice_and_forget_nobody(
    in_acme: Organization, senders: Senders, web: Web, make_gateway: MakeGateway
) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    dice = random.Random(seed)
    gateway = make_gateway("um", "dois", latency_ms=30)
    channels = [connect(gateway, name, gap_ms=40) for name in ("um", "dois")]
    campaign = lifecycle.resume(campaign_to(people(PEOPLE), channels))
    killed = 0
    stranded: set[str] = set()
    for number in range(KILLS):
        sender = senders.start(channel_lease=0.5)  # the next one waits until it has lapsed
        wait_for_its_moment(gateway, campaign, sender, PEOPLE * (number + 1) // (KILLS + 2), dice)
        killed += sender.kill()
        assert phones_in(campaign, RecipientState.QUEUED), "the kill came when the work was done"
        stranded |= in_flight(campaign)
    finish(senders, [campaign])
    assert Campaign.objects.get(pk=campaign.pk).state == CampaignState.COMPLETED

    hits = gateway.hits()
    unknown = phones_in(campaign, RecipientState.UNKNOWN)
    print(f"{killed} kills, {len(hits)} messages, {len(unknown)} unknown of {len(stranded)} in flight")
    assert killed == KILLS
    assert len(hits) >= PEOPLE - len(stranded)
    assert gateway.twice() == []
    assert unknown <= stranded
    assert_the_report_is_true(campaign, gateway)
    by_session = dict(zip(("um", "dois"), channels, strict=True))
    assert web.post_all((by_session[hit["session"]], echo(hit)) for hit in hits) == [200] * len(hits)
    drain()
    told = phones_in(campaign, RecipientState.UNKNOWN)
    assert told == unknown - set(gateway.phones())
    assert stats(campaign).sent == len(hits)
    assert_the_report_is_true(campaign, gateway)


def assert_the_report_is_true(campaign: Campaign, gateway: Gateway) -> None:
    figures = stats(campaign)
    hit = set(gateway.phones())
    doubtful = phones_in(campaign, RecipientState.UNKNOWN)
    assert figures.total == PEOPLE
    assert figures.pending == figures.failed == figures.invalid == figures.skipped == 0
    assert figures.sent + figures.unknown == PEOPLE
    assert figures.sent == len(hit - doubtful)
    assert phones_in(campaign, *REACHED) == hit - doubtful
    assert Campaign.objects.get(pk=campaign.pk).sent_count == figures.sent
    ids = {phone_of(line): line["id"] for line in gateway.hits()}
    noted = dict(campaign.recipients.exclude(external_id=None).values_list("phone", "external_id"))
    assert noted == {phone: ids[phone] for phone in noted}
    assert len(noted) == figures.sent
