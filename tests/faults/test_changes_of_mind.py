"""People and operators who change their mind while a campaign runs: opt-outs, a pause, an orderly end."""

import random
import signal
import threading
import time
from collections import Counter
from datetime import datetime

import pytest
from django.db import connection, transaction

from accounts.models import Organization
from campaigns.models import Campaign, CampaignState, Recipient, RecipientState, SkipReason
from campaigns.queries import stats
from campaigns.services import lifecycle
from campaigns.services.guard import save_guard
from core.clock import now
from core.tenancy import activate_organization
from gateways import leases
from gateways.models import Channel
from leads.models import Contact
from leads.services.contacts import opt_out
from tests.faults.conftest import MakeGateway
from tests.faults.gateway import phone_of
from tests.faults.scene import (
    OPEN,
    REACHED,
    campaign_to,
    claim_as,
    connect,
    count_of,
    finish,
    in_flight,
    people,
    phones_in,
)
from tests.faults.senders import Senders, until
from tests.faults.witness import database_time, witness_of_claims
from tests.support.jobs import drain

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

RACES = 60


def opt_out_next(campaign: Campaign, dice: random.Random) -> tuple[str, datetime] | None:
    """Let somebody opt out who is about to be claimed; return the phone and a moment after the commit."""
    rows = Recipient.objects.filter(campaign=campaign, state=RecipientState.QUEUED, contact__opted_out_at=None)
    chosen = rows.order_by("position")[dice.randrange(3) :].first()
    if chosen is None:
        return None
    opt_out(chosen.contact_id, reason="sair", at=now())
    return chosen.phone, database_time()


def test_nobody_is_claimed_after_an_opt_out_is_committed(
    in_acme: Organization, senders: Senders, make_gateway: MakeGateway
) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    dice = random.Random(seed)
    gateway = make_gateway("um", "dois", latency_ms=10)
    channels = [connect(gateway, name, gap_ms=50) for name in ("um", "dois")]
    save_guard({"is_on": False})  # so many who leave would pause it
    campaign = campaign_to(people(500), channels)
    with witness_of_claims() as witness:
        lifecycle.resume(campaign)
        pair = [senders.start(), senders.start()]
        until(lambda: gateway.count() > 0, "the campaign runs")
        left: dict[str, datetime] = {}
        while len(left) < RACES and (one := opt_out_next(campaign, dice)):
            left[one[0]] = one[1]
            time.sleep(dice.uniform(0, 0.04))
        for sender in pair:
            sender.stop()
        drain()  # what follows from an opt-out, as its workers would
        Channel.objects.update(min_gap_ms=0, max_gap_ms=0, next_send_at=None)
        finish(senders, [campaign])
        claims = witness.claims()

    late = [claim.phone for claim in claims if claim.phone in left and claim.at > left[claim.phone]]
    too_quick = {claim.phone for claim in claims} & set(left)
    print(f"{len(left)} opt-outs, {len(too_quick)} of them after the claim, {len(claims)} claims")
    assert len(left) >= 50
    assert len(claims) >= 300
    assert [claim.phone for claim in claims if claim.opted_out] == []
    assert late == []
    assert gateway.twice() == []
    # Whoever was claimed first was written to, or left out when its sender gave the claim back; nobody else of them was.
    assert set(left) & set(gateway.phones()) <= too_quick
    skipped = dict(campaign.recipients.filter(state="skipped").values_list("phone", "skip_reason"))
    assert set(skipped.values()) == {SkipReason.OPTED_OUT}
    assert set(skipped) == set(left) - set(gateway.phones())
    assert stats(campaign).sent == len(gateway.hits()) == 500 - len(skipped)
    assert Contact.objects.exclude(opted_out_at=None).count() == len(left)


def test_an_opt_out_on_its_way_into_the_database_is_not_overtaken(in_acme: Organization) -> None:
    channel = connect("http://127.0.0.1:9", "um")
    campaign = lifecycle.resume(campaign_to(people(6), [channel]))
    lease = leases.take(channel.pk, 30)
    assert lease is not None
    order = list(Recipient.objects.order_by("position").values_list("contact_id", "phone"))
    claimed: list[str] = []

    def claim_meanwhile() -> None:
        with activate_organization(in_acme.pk):
            claimed.extend(row.phone for row in claim_as(lease, campaign, 6))
        connection.close()

    with transaction.atomic():
        opt_out(order[2][0], reason="sair", at=now())
        other = threading.Thread(target=claim_meanwhile)
        other.start()
        other.join()  # nobody waits for whom: it passes the contact over
    assert claimed == [phone for n, (_contact, phone) in enumerate(order) if n != 2]
    assert claim_as(lease, campaign, 6) == []


def test_after_a_pause_only_what_was_in_flight_leaves(
    in_acme: Organization, senders: Senders, make_gateway: MakeGateway
) -> None:
    size, names = 300, ("um", "dois")
    gateway = make_gateway(*names, latency_ms=50)
    campaign = campaign_to(people(size), [connect(gateway, name) for name in names])
    with witness_of_claims() as witness:
        lifecycle.resume(campaign)
        pair = [senders.start(connections=4), senders.start(connections=4)]
        until(lambda: gateway.count() >= size * 0.3, "30 % are sent")
        lifecycle.pause(Campaign.objects.get(pk=campaign.pk))
        paused_at, before, flying = database_time(), gateway.count(), in_flight(campaign)
        until(lambda: not in_flight(campaign), "nothing is on its way any more")
        late = [claim for claim in witness.claims() if claim.at > paused_at]
        after = gateway.hits(before)
        settled = gateway.count()
        ends = time.monotonic() + 2
        until(lambda: time.monotonic() > ends, "time has passed")
        assert gateway.count() == settled

    print(f"paused at {before} of {size}: {len(flying)} in flight, {len(after)} sent after, {len(late)} claimed after")
    assert size * 0.3 <= before < size
    assert len(flying) > 0
    # A claim that had begun before the pause may end after it: one for each number at the most, and it is in flight too.
    assert len({claim.token for claim in late}) <= len(names)
    assert {phone_of(hit) for hit in after} <= flying | {claim.phone for claim in late}
    assert stats(campaign).sent == settled < size
    assert count_of(campaign, RecipientState.QUEUED) == size - settled
    lifecycle.resume(Campaign.objects.get(pk=campaign.pk))
    for sender in pair:
        until(lambda: gateway.count() == size, "the rest is sent")
        sender.stop()
    finish(senders, [campaign])
    assert gateway.twice() == []
    assert stats(campaign).sent == len(gateway.hits()) == size


def test_a_pause_holds_from_its_commit_on_for_who_has_not_heard_of_it(in_acme: Organization) -> None:
    channel = connect("http://127.0.0.1:9", "um")
    campaign = lifecycle.resume(campaign_to(people(6), [channel]))
    lease = leases.take(channel.pk, 30)
    assert lease is not None
    assert len(claim_as(lease, campaign, 2)) == 2
    lifecycle.pause(Campaign.objects.get(pk=campaign.pk))
    assert claim_as(lease, campaign, 2) == []
    lifecycle.resume(Campaign.objects.get(pk=campaign.pk))
    assert len(claim_as(lease, campaign, 2)) == 2


def test_cancelling_in_the_middle_leaves_nobody_in_line(
    in_acme: Organization, senders: Senders, make_gateway: MakeGateway
) -> None:
    gateway = make_gateway("um", latency_ms=50)
    campaign = lifecycle.resume(campaign_to(people(200), [connect(gateway, "um")]))
    sender = senders.start(connections=4)
    until(lambda: gateway.count() >= 40, "some are sent")
    lifecycle.cancel(Campaign.objects.get(pk=campaign.pk))
    until(lambda: count_of(campaign, *OPEN) == 0, "nobody is in line or on the way")
    sender.stop()
    figures = stats(campaign)
    assert 40 <= figures.sent < 200
    assert figures.sent == len(gateway.hits())
    assert (figures.pending, figures.unknown, figures.skipped) == (0, 0, 200 - figures.sent)
    assert Campaign.objects.get(pk=campaign.pk).state == CampaignState.CANCELLED
    assert gateway.twice() == []


def test_told_to_end_a_sender_finishes_what_is_under_way_and_gives_the_rest_back(
    in_acme: Organization, senders: Senders, make_gateway: MakeGateway
) -> None:
    size = 300
    gateway = make_gateway("um", "dois", latency_ms=150)
    campaign = lifecycle.resume(campaign_to(people(size), [connect(gateway, name) for name in ("um", "dois")]))
    ended: list[int] = []
    for number in range(1, 5):
        sender = senders.start(connections=8)
        until(lambda: gateway.count() >= 50 * number, "its share is sent")  # noqa: B023
        ended.append(len(in_flight(campaign)))
        seconds = sender.stop()
        assert sender.status == 0
        assert seconds < 20, "longer than its supervisor waits"
        assert in_flight(campaign) == set()
        assert phones_in(campaign, *REACHED) == set(gateway.phones())
        assert not Channel.objects.exclude(lease_until=None).exists()
    finish(senders, [campaign])
    print(f"ended with so many under way: {ended}")
    assert min(ended) > 0
    assert gateway.twice() == []
    assert stats(campaign).sent == len(gateway.hits()) == size
    assert stats(campaign).unknown == 0


def test_told_to_end_while_the_gateway_hangs_a_sender_keeps_its_limit(
    in_acme: Organization, senders: Senders, make_gateway: MakeGateway
) -> None:
    gateway = make_gateway("um", hang=1.0)
    campaign = lifecycle.resume(campaign_to(people(40), [connect(gateway, "um")]))
    sender = senders.start(connections=4, last_sends=2.0)
    until(lambda: gateway.count() >= 4, "the sends hang")
    seconds = sender.stop()
    hung = set(gateway.phones())
    assert sender.status == 0
    assert 2.0 <= seconds < 20
    assert len(hung) >= 4
    assert phones_in(campaign, RecipientState.UNKNOWN) == hung
    assert in_flight(campaign) == set()
    assert not Channel.objects.exclude(lease_until=None).exists()
    gateway.behave(hang=0.0)
    finish(senders, [campaign])
    # What the gateway took and never answered is in doubt, and is not sent again.
    assert phones_in(campaign, RecipientState.UNKNOWN) == hung
    assert Counter(gateway.phones().values()) == {1: 40}
    assert (stats(campaign).sent, stats(campaign).unknown) == (40 - len(hung), len(hung))


def test_a_second_signal_changes_nothing(in_acme: Organization, senders: Senders, make_gateway: MakeGateway) -> None:
    gateway = make_gateway("um", latency_ms=300)
    campaign = lifecycle.resume(campaign_to(people(60), [connect(gateway, "um")]))
    sender = senders.start(connections=8)
    until(lambda: gateway.count() >= 8, "some are sent")
    sender.signal(signal.SIGTERM)
    sender.signal(signal.SIGINT)
    sender.stop()
    assert sender.status == 0
    assert in_flight(campaign) == set()
    assert 8 <= stats(campaign).sent == len(gateway.hits()) < 60
