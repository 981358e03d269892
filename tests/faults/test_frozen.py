"""A sender that stands still for longer than its lease while another takes over, and then goes on as if nothing had been."""

import random
import signal
import time
from uuid import uuid4

import pytest

from accounts.models import Organization
from campaigns.models import Campaign, CampaignState, Recipient, RecipientState
from campaigns.sender.claims import Claimed, give_back
from campaigns.sender.outcomes import Settlement, unsent
from campaigns.sender.settling import settle_batch
from campaigns.services import lifecycle
from campaigns.services.sweeps import lapse_claims
from core.clock import now
from core.tenancy import across_organizations
from gateways import leases
from gateways.models import Channel
from tests.faults.conftest import MakeGateway
from tests.faults.scene import REACHED, campaign_to, claim_as, connect, count_of, finish, people, phones_in
from tests.faults.senders import Sender, Senders, until
from tests.faults.test_crashpoints import EXPECTED_POINTS

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

PEOPLE = 30


def freeze(campaign: Campaign, senders: Senders, point: str) -> Sender:
    """Return a sender of this campaign that stopped where it first came to the point."""
    lifecycle.resume(campaign)
    holder = senders.start(freeze_at=point)
    until(holder.is_frozen, f"the sender stands still at {point}")
    lifecycle.pause(Campaign.objects.get(pk=campaign.pk))
    return holder


def nobody_waits(campaigns: list[Campaign]) -> bool:
    ids = [campaign.pk for campaign in campaigns]
    states = [RecipientState.QUEUED, RecipientState.SENDING]
    return not Recipient.objects.filter(campaign_id__in=ids, state__in=states).exists()


def test_senders_frozen_at_every_point_of_a_send_awake_too_late_to_do_harm(
    in_acme: Organization, senders: Senders, make_gateway: MakeGateway
) -> None:
    points = sorted(EXPECTED_POINTS)
    gateway = make_gateway(*points_as_sessions(points), latency_ms=10)
    channels = [connect(gateway, name, gap_ms=20) for name in points_as_sessions(points)]
    campaigns = [
        campaign_to(people(PEOPLE, first=100 * n), [channel], channel.name) for n, channel in enumerate(channels)
    ]
    holders = [freeze(campaign, senders, point) for campaign, point in zip(campaigns, points, strict=True)]
    claimed = {campaign.name: phones_in(campaign, RecipientState.SENDING) for campaign in campaigns}
    before = gateway.count()
    for campaign in campaigns:
        lifecycle.resume(Campaign.objects.get(pk=campaign.pk))
    # Another does all that nobody had claimed; what was claimed is in doubt by then.
    other = senders.start()
    until(lambda: nobody_waits(campaigns), "the other sender has done the rest")
    taken_over = gateway.count() - before
    assert all(holder.is_frozen() for holder in holders)
    in_doubt = {campaign.name: phones_in(campaign, RecipientState.UNKNOWN) for campaign in campaigns}
    for holder in holders:
        holder.signal(signal.SIGCONT)
    for holder in holders:
        holder.stop()
    other.stop()
    finish(senders, campaigns)

    print(f"{len(holders)} frozen, {taken_over} taken over, {sum(map(len, in_doubt.values()))} in doubt")
    assert taken_over > 0
    assert gateway.twice() == []
    assert set(gateway.phones()) == {phone for campaign in campaigns for phone in phones_in(campaign, *REACHED)}
    for campaign in campaigns:
        # Only the dead leave doubts: who awakes says what became of its messages, and of those that it never began.
        assert in_doubt[campaign.name] <= claimed[campaign.name], campaign.name
        assert count_of(campaign, *REACHED) == PEOPLE, campaign.name
        assert Campaign.objects.get(pk=campaign.pk).state == CampaignState.COMPLETED
        assert Campaign.objects.get(pk=campaign.pk).sent_count == PEOPLE


def points_as_sessions(points: list[str]) -> list[str]:
    return [point.replace(".", "-") for point in points]


def test_freezing_at_random_moments_writes_to_nobody_twice(
    in_acme: Organization, senders: Senders, make_gateway: MakeGateway
) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    dice = random.Random(seed)
    gateway = make_gateway("um", "dois", latency_ms=20)
    channels = [connect(gateway, name, gap_ms=50) for name in ("um", "dois")]
    campaign = lifecycle.resume(campaign_to(people(300), channels))
    pair = [senders.start(channel_lease=0.5), senders.start(channel_lease=0.5)]
    frozen = 0
    while count_of(campaign, RecipientState.QUEUED) and frozen < 6:
        victim = pair[frozen % 2]
        time.sleep(dice.uniform(0.05, 0.4))
        victim.signal(signal.SIGSTOP)
        had = gateway.count()
        ends = time.monotonic() + 0.8  # longer than the lease of a number
        until(lambda: time.monotonic() > ends, "the lease has lapsed")  # noqa: B023
        until(lambda: gateway.count() > had or nobody_waits([campaign]), "the other goes on")  # noqa: B023
        victim.signal(signal.SIGCONT)
        frozen += 1
    for sender in pair:
        sender.stop()
    finish(senders, [campaign])
    assert frozen == 6
    assert gateway.twice() == []
    assert set(gateway.phones()) == phones_in(campaign, *REACHED)
    assert count_of(campaign, *REACHED) == 300


# ---- The writes of somebody whose time is over --------------------------------------------------------------------------


def lapse() -> None:
    Recipient.objects.filter(state=RecipientState.SENDING).update(lease_until=now())
    with across_organizations():
        assert lapse_claims() > 0


def settle(campaign: Campaign, channel: Channel, rows: list[Settlement]) -> list[Settlement]:
    return settle_batch(campaign.organization_id, channel.pk, rows)


def sent(row: Claimed, external_id: str) -> Settlement:
    return Settlement(row, RecipientState.SENT, external_id, at=now())


def test_every_write_of_a_holder_whose_time_is_over_is_refused(in_acme: Organization) -> None:
    channel = connect("http://127.0.0.1:9", "um")
    campaign = lifecycle.resume(campaign_to(people(6), [channel]))
    old = leases.take(channel.pk, 30)
    assert old is not None
    stale = claim_as(old, campaign)
    assert len(stale) == 3
    Channel.objects.update(lease_until=now())
    new = leases.take(channel.pk, 30)
    assert new is not None

    # The number is no longer its own: it cannot hold it, claim through it or give it away.
    assert not leases.renew(old, 30)
    assert claim_as(old, campaign) == []
    leases.release(old)
    assert leases.renew(new, 30)

    # Its claims lapsed, a person had them sent again, and the new holder has them: their end is not its to write.
    lapse()
    assert lifecycle.confirm_all_unknown(Campaign.objects.get(pk=campaign.pk), "resend") == 3
    fresh = {row.id: row for row in claim_as(new, campaign, 6)}
    assert {row.id for row in stale} < set(fresh)
    before = list(Recipient.objects.order_by("pk").values())
    assert settle(campaign, channel, [sent(row, f"late-{row.phone}") for row in stale]) == []
    assert settle(campaign, channel, [unsent(row) for row in stale]) == []
    assert give_back(stale[0].token) == 0
    assert list(Recipient.objects.order_by("pk").values()) == before

    # The same with the right token is taken, once.
    mine = [sent(fresh[row.id], f"id-{row.phone}") for row in stale]
    assert len(settle(campaign, channel, mine)) == 3
    assert settle(campaign, channel, mine) == []
    assert settle(campaign, channel, [replace_token(row) for row in mine]) == []
    assert count_of(campaign, RecipientState.SENT) == 3


def replace_token(row: Settlement) -> Settlement:
    return row._replace(claimed=row.claimed._replace(token=uuid4()))
