"""What a sender gives back after its campaign has ended must not wait there for ever."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Organization
from campaigns.models import Campaign, CampaignState, Recipient
from campaigns.sender.claims import Claimed, Wish, claim, give_back
from campaigns.sender.outcomes import unsent
from campaigns.sender.settling import settle_batch
from campaigns.services import lifecycle
from campaigns.services.sweeps import complete_done, lapse_claims
from core.clock import now
from core.tenancy import across_organizations
from gateways import leases

pytestmark = pytest.mark.django_db

GiveBack = Callable[[Campaign, list[Claimed]], int]


def settle_as_unsent(campaign: Campaign, rows: list[Claimed]) -> int:
    channel = campaign.channels.get()
    return len(settle_batch(campaign.organization_id, channel.pk, [unsent(row) for row in rows]))


def give_the_claim_back(_campaign: Campaign, rows: list[Claimed]) -> int:
    return give_back(rows[0].token)


both_ways = pytest.mark.parametrize("back", [settle_as_unsent, give_the_claim_back])


@pytest.fixture
def claimed(in_acme: Organization, make_campaign: Any) -> tuple[Campaign, list[Claimed]]:
    """A running campaign of which two of three recipients are claimed."""
    campaign = lifecycle.start(make_campaign(3))
    channel = campaign.channels.get()
    lease = leases.take(channel.pk, 30)
    assert lease is not None
    wish = Wish(
        organization_id=in_acme.pk, channel_id=channel.pk, lease=lease.token, campaigns=[campaign.pk], count=2, cap=None,
        today=now().date(), gaps=[0.0, 0.0], ahead=0.15, greeting="Boa tarde",
    )  # fmt: skip
    rows, _delay = claim(wish)
    assert len(rows) == 2
    return campaign, rows


def states(campaign: Campaign) -> list[tuple[str, str]]:
    return sorted(Recipient.objects.filter(campaign=campaign).values_list("state", "skip_reason"))


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


@both_ways
def test_in_a_campaign_that_runs_it_waits_in_line(claimed: tuple[Campaign, list[Claimed]], back: GiveBack) -> None:
    campaign, rows = claimed
    assert back(campaign, rows) == 2
    assert states(campaign) == [("queued", "")] * 3
    assert fresh(campaign).state == CampaignState.RUNNING


@both_ways
def test_in_a_paused_campaign_it_waits_for_its_resumption(
    claimed: tuple[Campaign, list[Claimed]], back: GiveBack
) -> None:
    campaign, rows = claimed
    lifecycle.pause(campaign)
    assert back(campaign, rows) == 2
    assert states(campaign) == [("queued", "")] * 3
    assert fresh(campaign).state == CampaignState.PAUSED


@both_ways
def test_in_a_cancelled_campaign_it_is_left_out(claimed: tuple[Campaign, list[Claimed]], back: GiveBack) -> None:
    campaign, rows = claimed
    lifecycle.cancel(campaign)
    assert back(campaign, rows) == 2
    assert states(campaign) == [("skipped", "cancelled")] * 3
    assert fresh(campaign).state == CampaignState.CANCELLED


@both_ways
def test_a_completed_campaign_goes_on_with_it(claimed: tuple[Campaign, list[Claimed]], back: GiveBack) -> None:
    campaign, rows = claimed
    Recipient.objects.filter(state="queued").update(state="sent")
    Recipient.objects.filter(state="sending").update(lease_until=now())
    with across_organizations():
        assert lapse_claims() == 2
        assert complete_done() == 1
    assert back(campaign, rows) == 2
    assert states(campaign) == [("queued", "")] * 2 + [("sent", "")]
    assert (fresh(campaign).state, fresh(campaign).finished_at) == (CampaignState.RUNNING, None)
