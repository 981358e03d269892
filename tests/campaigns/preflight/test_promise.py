"""O-02: what the plan prints is what the sender does."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Organization
from billing.models import Plan as SoldPlan
from campaigns.models import Campaign, CampaignState, Recipient
from campaigns.preflight.plan import Plan
from campaigns.queries.forecast import outlook
from campaigns.services import lifecycle
from core.clock import local
from gateways.models import Channel, ChannelState
from tests.campaigns.preflight.clock import clock_at, dice, send_by

__all__ = ["dice"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("dice")]

FRIDAY = datetime(2026, 11, 20, 16, 20, tzinfo=ZoneInfo("America/Sao_Paulo")).astimezone(UTC)
OFFICE = {"days": [0, 1, 2, 3, 4], "start": "09:00", "end": "17:30"}
# Gaps are random: over so many messages their sum strays this far from the mean.
BOUND = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _roomy_plan(in_acme: Organization) -> None:
    SoldPlan.objects.update(daily_messages=None, monthly_messages=None)


def number(make_channel: Any, name: str, cap: int, **values: Any) -> Channel:
    """A phone's number with the usual gaps of 45 to 60 seconds."""
    channel: Channel = make_channel(name, "evolution", config={}, daily_limit=cap, **values)
    Channel.objects.filter(pk=channel.pk).update(min_gap_ms=None, max_gap_ms=None)
    channel.refresh_from_db()
    return channel


def planned(campaign: Campaign) -> Plan:
    found = outlook(campaign)
    assert found is not None
    return found


def done_by_hour(campaign: Campaign, zone: str) -> Counter[tuple[Any, datetime]]:
    rows = Recipient.objects.filter(campaign=campaign).exclude(sent_at=None).values_list("channel_id", "sent_at")
    return Counter((pk, local(at, zone).replace(minute=0, second=0, microsecond=0)) for pk, at in rows)


def moments(plan: Plan, channel: Channel) -> list[datetime]:
    found: list[datetime] = []
    for one in plan.hours:
        if one.channel_id == channel.pk:
            step = (one.last_at - one.first_at) / max(1, one.count - 1)
            found += [one.first_at + step * n for n in range(one.count)]
    return found


def assert_kept(plan: Plan, campaign: Campaign, zone: str) -> None:
    """Each number sends in each hour what is printed, give or take two, and each message leaves within the bound."""
    done = done_by_hour(campaign, zone)
    told = {(one.channel_id, one.hour): one.count for one in plan.hours}
    assert {key: done[key] - told.get(key, 0) for key in {*done, *told} if abs(done[key] - told.get(key, 0)) > 2} == {}
    for channel in Channel.objects.all():
        rows = Recipient.objects.filter(campaign=campaign, channel=channel).exclude(sent_at=None)
        real = list(rows.order_by("sent_at").values_list("sent_at", flat=True))
        for expected, at in zip(moments(plan, channel), real, strict=False):
            assert abs(expected - at) <= BOUND
    last = Recipient.objects.filter(campaign=campaign).order_by("-sent_at").values_list("sent_at", flat=True)[0]
    assert plan.ends_at is not None
    assert abs(plan.ends_at - last) <= BOUND


def test_the_sender_keeps_the_printed_calendar_over_caps_hours_and_a_weekend(
    in_acme: Organization, make_campaign: Any, make_channel: Any
) -> None:
    numbers = [number(make_channel, "Recepção", 60), number(make_channel, "Vendas", 25)]
    draft = make_campaign(190, channels=numbers, sending_hours=OFFICE)
    with clock_at(FRIDAY) as clock:
        campaign = lifecycle.start(draft)
        plan = planned(campaign)
        send_by(clock, in_acme.timezone, campaign)
    assert plan.count == sum(one.count for one in plan.hours) == 190
    assert [one.count for one in plan.days] == [85, 0, 0, 85, 20]
    assert plan.by_channel().keys() == {one.pk for one in numbers}
    assert_kept(plan, campaign, in_acme.timezone)


def test_who_belongs_to_a_number_waits_for_it_in_the_calendar_too(
    in_acme: Organization, make_campaign: Any, make_channel: Any
) -> None:
    quick, slow = number(make_channel, "Recepção", 60), number(make_channel, "Vendas", 20)
    draft = make_campaign(60, channels=[quick, slow], sending_hours=OFFICE)
    with clock_at(FRIDAY) as clock:
        campaign = lifecycle.start(draft)
        Recipient.objects.filter(campaign=campaign, position__lte=35).update(channel=slow, pinned=True)
        plan = planned(campaign)
        send_by(clock, in_acme.timezone, campaign)
    assert plan.by_channel() == {quick.pk: 25, slow.pk: 35}
    assert_kept(plan, campaign, in_acme.timezone)


def test_two_campaigns_take_turns_in_the_calendar_as_in_fact(
    in_acme: Organization, make_campaign: Any, make_channel: Any, make_list: Any
) -> None:
    shared = number(make_channel, "Recepção", 200)
    first, second = (
        make_campaign(lists=[make_list(40, first=first)], channels=[shared], name=name)
        for first, name in ((0, "Primeira"), (500, "Segunda"))
    )
    with clock_at(FRIDAY) as clock:
        lifecycle.start(first)
        mine = lifecycle.start(second)
        plan = planned(mine)
        send_by(clock, in_acme.timezone, mine)
    assert_kept(plan, mine, in_acme.timezone)


def test_a_campaign_of_higher_priority_goes_first(
    in_acme: Organization, make_campaign: Any, make_channel: Any, make_list: Any
) -> None:
    shared = number(make_channel, "Recepção", 200)
    urgent = make_campaign(lists=[make_list(30, first=500)], channels=[shared], name="Urgente", priority=5)
    usual = make_campaign(lists=[make_list(10)], channels=[shared])
    with clock_at(FRIDAY) as clock:
        lifecycle.start(urgent)
        mine = lifecycle.start(usual)
        plan = planned(mine)
        send_by(clock, in_acme.timezone, mine)
    assert plan.starts_at is not None
    assert plan.starts_at > FRIDAY + timedelta(minutes=20)
    assert_kept(plan, mine, in_acme.timezone)


def test_the_plan_of_the_business_stops_the_calendar_where_it_stops_the_sender(
    in_acme: Organization, make_campaign: Any, make_channel: Any
) -> None:
    SoldPlan.objects.update(daily_messages=30)
    draft = make_campaign(50, channels=[number(make_channel, "Recepção", 200)], sending_hours={})
    with clock_at(FRIDAY) as clock:
        campaign = lifecycle.start(draft)
        plan = planned(campaign)
        assert plan.stop is not None
        assert (plan.stop.reason, plan.stop.left) == ("daily_limit", 20)
        send_by(clock, in_acme.timezone, campaign)
        paused = Campaign.objects.get(pk=campaign.pk)
        assert (paused.state, paused.pause_reason) == (CampaignState.PAUSED, "plan:daily_limit")
        assert abs(plan.stop.at - clock.at) <= BOUND
    assert [one.count for one in plan.days] == [30, 20]


def test_when_a_number_dies_the_plan_is_printed_again_with_the_difference(
    in_acme: Organization, make_campaign: Any, make_channel: Any
) -> None:
    one, other = number(make_channel, "Recepção", 60), number(make_channel, "Vendas", 60)
    draft = make_campaign(100, channels=[one, other], sending_hours=OFFICE)
    with clock_at(FRIDAY) as clock:
        campaign = lifecycle.start(draft)
        before = planned(campaign)
        send_by(clock, in_acme.timezone, campaign, until=FRIDAY + timedelta(minutes=10))
        Channel.objects.filter(pk=other.pk).update(state=ChannelState.RESTRICTED)
        after = planned(campaign)
        send_by(clock, in_acme.timezone, campaign)
    assert before.ends_at is not None
    assert after.ends_at is not None
    assert after.ends_at > before.ends_at + timedelta(hours=12)
    assert set(after.by_channel()) == {one.pk}
    last = Recipient.objects.filter(campaign=campaign).order_by("-sent_at").values_list("sent_at", flat=True)[0]
    assert abs(after.ends_at - last) <= BOUND
