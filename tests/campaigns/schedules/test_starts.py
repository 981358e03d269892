"""A start that was missed is made up for or asked about, as the organization or the campaign says."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection

from accounts.models import Membership, Organization
from campaigns.models import Campaign, Occurrence, Recipient
from campaigns.queries import waiting_note
from campaigns.schedules import series, starts
from campaigns.schedules.settings import save_settings
from campaigns.schedules.starts import start_due
from campaigns.services import lifecycle
from gateways.models import Channel
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON - 3 * HOUR, tick=False) as traveller:
        yield traveller


@pytest.fixture
def campaign(in_acme: Organization, make_campaign: Any, clock: Any) -> Campaign:
    return make_campaign(start_at=NOON)  # type: ignore[no-any-return]


def state_at(clock: Any, campaign: Campaign, at: datetime) -> tuple[str, str]:
    clock.move_to(at)
    start_due()
    campaign.refresh_from_db()
    return campaign.state, campaign.pause_reason


@pytest.mark.parametrize(
    ("hours", "late", "state"),
    [
        (2, timedelta(minutes=119), "running"), (2, timedelta(minutes=121), "paused"), (8, timedelta(hours=7), "running"),
        (8, timedelta(hours=9), "paused"), (0, timedelta(minutes=9), "running"), (0, timedelta(minutes=11), "paused"),
    ],
)  # fmt: skip
def test_the_organization_says_how_late_is_not_too_late(
    campaign: Campaign, clock: Any, hours: int, late: timedelta, state: str
) -> None:
    save_settings(late_hours=hours)
    assert state_at(clock, campaign, NOON + late)[0] == state


def test_the_campaign_has_the_last_word(campaign: Campaign, clock: Any) -> None:
    Campaign.objects.update(late_hours=24)
    assert state_at(clock, campaign, NOON + 20 * HOUR)[0] == "running"


def test_who_manages_is_asked_once_by_email(campaign: Campaign, clock: Any, ana: Membership, bruno: Membership) -> None:
    for _ in range(3):
        assert state_at(clock, campaign, NOON + 5 * HOUR) == ("paused", "late_start")
        drain()
    assert [(letter.to, letter.subject) for letter in mail.outbox] == [
        (["ana@example.com"], "Novembro não saiu no horário")
    ]
    assert f"/campanhas/{campaign.pk}/" in mail.outbox[0].body
    assert not Recipient.objects.exists()


def test_the_answer_sends_it_now(campaign: Campaign, clock: Any) -> None:
    state_at(clock, campaign, NOON + 5 * HOUR)
    assert lifecycle.resume(campaign).state == "running"
    assert Recipient.objects.filter(state="queued").count() == 3


def test_the_answer_cancels_it(campaign: Campaign, clock: Any) -> None:
    state_at(clock, campaign, NOON + 5 * HOUR)
    assert lifecycle.cancel(campaign).state == "cancelled"
    assert not Recipient.objects.exists()


def test_while_no_number_is_connected_it_waits_and_says_so(campaign: Campaign, clock: Any) -> None:
    Channel.objects.update(state="disconnected")
    assert state_at(clock, campaign, NOON)[0] == "scheduled"
    assert len(waiting_note(campaign)) == 1
    Channel.objects.update(state="connected")
    assert state_at(clock, campaign, NOON + HOUR)[0] == "running"
    assert campaign.wait_reason == {}


def test_a_number_that_was_down_for_too_long_asks_as_well(campaign: Campaign, clock: Any) -> None:
    Channel.objects.update(state="disconnected")
    state_at(clock, campaign, NOON)
    assert state_at(clock, campaign, NOON + 3 * HOUR) == ("paused", "late_start")
    Channel.objects.update(state="connected")
    assert state_at(clock, campaign, NOON + 4 * HOUR)[0] == "paused"


# ---- Series


@pytest.fixture
def daily(in_acme: Organization, make_campaign: Any, clock: Any) -> Campaign:
    rule = {"unit": "day", "at": "09:00", "first_on": "2026-11-24"}
    return series.repeat(make_campaign(), rule)


def outcomes() -> list[tuple[int, str]]:
    return [(row.planned_on.day, row.outcome) for row in Occurrence.objects.order_by("planned_on")]


def test_of_the_times_of_a_series_that_were_missed_the_last_is_made_up_for(daily: Campaign, clock: Any) -> None:
    clock.move_to(NOON + timedelta(days=3, hours=1))
    start_due()
    assert outcomes() == [(24, "missed"), (25, "missed"), (26, "missed"), (27, "made")]
    assert daily.runs.get().state == "running"
    daily.refresh_from_db()
    assert daily.start_at == NOON + timedelta(days=4)


def test_a_time_of_a_series_that_is_too_late_is_asked_about_and_the_series_goes_on(
    daily: Campaign, clock: Any, ana: Membership
) -> None:
    clock.move_to(NOON + timedelta(days=1, hours=5))
    start_due()
    drain()
    assert outcomes() == [(24, "missed"), (25, "made")]
    run = daily.runs.get()
    assert (run.state, run.pause_reason) == ("paused", "late_start")
    assert len(mail.outbox) == 1
    clock.move_to(NOON + timedelta(days=2))
    start_due()
    assert [one.state for one in daily.runs.order_by("start_at")] == ["paused", "running"]


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (lambda campaign: lifecycle.unschedule(campaign), "draft"),
        (lambda campaign: lifecycle.schedule(campaign, NOON + 24 * HOUR), "scheduled"),
        (lambda campaign: lifecycle.cancel(campaign), "cancelled"),
    ],
    ids=["taken back", "put off", "cancelled"],
)
def test_what_people_change_while_it_is_due_is_not_started(
    campaign: Campaign, clock: Any, monkeypatch: pytest.MonkeyPatch, change: Any, state: str
) -> None:
    due = starts._due

    def changed_meanwhile(**chosen: Any) -> Any:
        found = due(**chosen)
        if found:
            change(Campaign.objects.get(pk=campaign.pk))
        return found

    monkeypatch.setattr(starts, "_due", changed_meanwhile)
    assert state_at(clock, campaign, NOON + timedelta(minutes=1))[0] == state


def test_while_somebody_changes_a_campaign_its_start_waits(
    campaign: Campaign, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bool] = []
    has_number = starts._has_number

    def looking(one: Campaign) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT xmax <> 0 FROM campaigns_campaign WHERE id = %s", [one.pk])
            looked.append(cursor.fetchone()[0])
        return has_number(one)

    monkeypatch.setattr(starts, "_has_number", looking)
    assert state_at(clock, campaign, NOON + timedelta(minutes=1))[0] == "running"
    assert looked == [True]
