from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Organization
from campaigns.jobs import build_missing_audiences, start_due_campaigns, sweep_campaigns
from campaigns.models import Campaign, CampaignState, Recipient
from campaigns.schedules.starts import start_due
from campaigns.sender import claims
from campaigns.services import lifecycle
from conversations.models import Message
from core.clock import now
from core.tenancy import activate_organization

pytestmark = pytest.mark.django_db


def scheduled(make_campaign: Any, late: timedelta, **values: Any) -> Campaign:
    campaign: Campaign = make_campaign(start_at=now() + timedelta(hours=1), **values)
    Campaign.objects.filter(pk=campaign.pk).update(start_at=now() - late)
    return campaign


def test_a_scheduled_campaign_starts_when_its_time_has_come_and_once(in_acme: Organization, make_campaign: Any) -> None:
    campaign = scheduled(make_campaign, timedelta(seconds=1))
    start_due_campaigns()
    start_due_campaigns()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING
    assert Recipient.objects.count() == 3


def test_a_campaign_of_later_waits(in_acme: Organization, make_campaign: Any) -> None:
    campaign = make_campaign(start_at=now() + timedelta(minutes=10))
    start_due_campaigns()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SCHEDULED


def test_a_start_missed_by_hours_asks_first(in_acme: Organization, make_campaign: Any) -> None:
    campaign = scheduled(make_campaign, timedelta(hours=5))
    start_due_campaigns()
    campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_reason) == (CampaignState.PAUSED, "late_start")
    assert not Recipient.objects.exists()
    assert lifecycle.resume(campaign).state == CampaignState.RUNNING
    assert Recipient.objects.filter(state="queued").count() == 3


def test_a_scheduled_campaign_that_cannot_start_pauses_and_says_why(
    in_acme: Organization, make_campaign: Any, make_list: Any
) -> None:
    campaign = scheduled(make_campaign, timedelta(seconds=1), lists=[make_list(0)])
    start_due_campaigns()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.PAUSED
    assert campaign.pause_reason not in {"", "late_start"}


def sending(campaign: Campaign, position: int, seconds: float, **values: Any) -> Any:
    token = uuid4()
    Recipient.objects.filter(campaign=campaign, position=position).update(
        state="sending", claim_token=token, lease_until=now() + timedelta(seconds=seconds), attempts=1,
        channel=campaign.channels.get(), **values,
    )  # fmt: skip
    return token


def test_the_claim_of_a_dead_sender_becomes_unknown_and_is_never_queued(
    in_acme: Organization, make_campaign: Any
) -> None:
    campaign = lifecycle.start(make_campaign(3))
    sending(campaign, 1, seconds=-1)
    sending(campaign, 2, seconds=60)
    sweep_campaigns()
    assert list(Recipient.objects.order_by("position").values_list("state", flat=True)) == [
        "unknown",
        "sending",
        "queued",
    ]
    assert Recipient.objects.get(position=1).error_code == "lease_lapsed"
    assert Message.objects.get().state == "unknown"
    for _ in range(3):
        sweep_campaigns()
    assert Recipient.objects.get(position=1).state == "unknown"


def test_a_dead_send_whose_echo_came_is_sent(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign(1))
    sending(campaign, 1, seconds=-1, external_id="e1")
    sweep_campaigns()
    assert Recipient.objects.get().state == "sent"
    campaign.refresh_from_db()
    assert (campaign.sent_count, campaign.state) == (1, CampaignState.COMPLETED)
    assert Message.objects.get().external_id == "e1"


def test_only_the_holder_may_say_that_it_sent_nothing(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign(2))
    mine, other = sending(campaign, 1, seconds=-1), sending(campaign, 2, seconds=60)
    sweep_campaigns()
    assert claims.give_back(uuid4()) == 0
    assert claims.give_back(mine) == 1
    assert Recipient.objects.values_list("state", "attempts", "channel_id").get(position=1) == ("queued", 0, None)
    assert claims.give_back(other) == 1


def test_a_campaign_with_unknown_sends_completes(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign(1))
    sending(campaign, 1, seconds=-1)
    sweep_campaigns()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.COMPLETED


def test_an_audience_whose_job_was_lost_is_built(
    in_acme: Organization, make_campaign: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "BUILD_AT_ONCE", 0)
    campaign = lifecycle.start(make_campaign(3))
    build_missing_audiences()
    assert Recipient.objects.count() == 0
    Campaign.objects.update(started_at=now() - timedelta(minutes=1))
    build_missing_audiences()
    campaign.refresh_from_db()
    assert (campaign.total, Recipient.objects.count()) == (3, 3)


def test_sweeps_see_every_organization(
    in_acme: Organization, make_organization: Any, make_campaign: Any, make_list: Any
) -> None:
    with activate_organization(make_organization("Bela Flor").pk):
        campaign = lifecycle.start(make_campaign(lists=[make_list(2, first=50)]))
        sending(campaign, 1, seconds=-1)
    assert start_due() == 0
    sweep_campaigns()
    with activate_organization(campaign.organization_id):
        assert Recipient.objects.get(position=1).state == "unknown"
