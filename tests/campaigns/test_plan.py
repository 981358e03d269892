"""What the plan's limit paused goes on by itself when the limit renews, and for no other reason."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Membership, Organization
from accounts.services.tokens import create_api_token
from billing.models import Plan, Subscription, UsageDay
from campaigns.models import Campaign, CampaignState, Recipient, ScheduleSettings
from campaigns.queries.guarding import FAILURES
from campaigns.queries.waiting import pause_words
from campaigns.services import lifecycle
from campaigns.services.archiving import archive
from campaigns.services.plan import pause_for_plan, resume_renewed
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
# A Tuesday; it is 12 o'clock in São Paulo.
NOON = datetime(2026, 11, 24, 15, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 25, 3, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OFFICE = {"days": [0, 1, 2, 3, 4], "start": "08:00", "end": "18:00"}


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def used_up(in_acme: Organization, make_campaign: Any, clock: Any) -> Campaign:
    """Return a campaign in office hours that stopped at the plan's limit of the day."""
    Plan.objects.update(daily_messages=10, monthly_messages=1_000)
    return held(make_campaign(20, sending_hours=OFFICE))


def held(draft: Campaign, reason: str = "daily_limit", messages: int = 10) -> Campaign:
    campaign = lifecycle.start(draft)
    use_up(campaign, messages=messages)
    pause_for_plan([campaign.pk], reason)
    return fresh(campaign)


def use_up(campaign: Campaign, *, days: int = 0, messages: int = 10) -> None:
    """Write down what was sent on a day after that of :data:`NOON`."""
    day = (NOON + timedelta(days=days)).date()
    UsageDay.objects.create(organization_id=campaign.organization_id, day=day, messages=messages)


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


def resumed() -> int:
    return AuditEntry.objects.filter(action="campaign.resumed").count()


def test_it_is_told_when_it_goes_on(used_up: Campaign) -> None:
    assert (used_up.state, used_up.pause_reason) == (CampaignState.PAUSED, "plan:daily_limit")
    assert used_up.resumes_at == MIDNIGHT + 8 * HOUR
    assert pause_words(used_up) == "As mensagens de hoje do seu plano acabaram. Volta sozinha amanhã às 8h."


def test_it_goes_on_once_the_next_day_within_its_hours(used_up: Campaign, clock: Any) -> None:
    for at in (NOON + HOUR, MIDNIGHT - MINUTE, MIDNIGHT + MINUTE, MIDNIGHT + 8 * HOUR - MINUTE):
        clock.move_to(at)
        assert resume_renewed() == 0
        assert fresh(used_up).state == CampaignState.PAUSED
    clock.move_to(MIDNIGHT + 8 * HOUR)
    assert [resume_renewed(), resume_renewed()] == [1, 0]
    going = fresh(used_up)
    assert (going.state, going.pause_reason, going.resumes_at) == (CampaignState.RUNNING, "", None)
    assert resumed() == 1


def test_quiet_hours_of_its_numbers_count_too(
    in_acme: Organization, make_campaign: Any, make_channel: Any, clock: Any
) -> None:
    Plan.objects.update(daily_messages=10)
    late = [make_channel(name, quiet_start=time(20), quiet_end=time(end)) for name, end in (("Um", 11), ("Dois", 10))]
    assert held(make_campaign(20, channels=late)).resumes_at == MIDNIGHT + 10 * HOUR


def test_days_off_are_left_out(in_acme: Organization, make_campaign: Any, clock: Any) -> None:
    Plan.objects.update(daily_messages=10)
    campaign = held(make_campaign(20, sending_hours=OFFICE | {"days": [1, 4]}))
    assert campaign.resumes_at == MIDNIGHT + timedelta(days=2, hours=8)
    clock.move_to(MIDNIGHT + 9 * HOUR)
    assert resume_renewed() == 0


def test_the_months_limit_waits_for_the_next_month(in_acme: Organization, make_campaign: Any, clock: Any) -> None:
    Plan.objects.update(daily_messages=10, monthly_messages=10)
    campaign = held(make_campaign(20, sending_hours=OFFICE), "monthly_limit")
    assert campaign.pause_reason == "plan:monthly_limit"
    first = datetime(2026, 12, 1, 11, tzinfo=UTC)
    assert campaign.resumes_at == first
    clock.move_to(first - timedelta(days=1))
    assert resume_renewed() == 0
    clock.move_to(first)
    assert resume_renewed() == 1


@pytest.mark.parametrize("reason", ["daily_limit", "monthly_limit", "trial_expired"])
def test_after_an_upgrade_it_goes_on_at_once(
    in_acme: Organization, make_campaign: Any, clock: Any, reason: str
) -> None:
    Plan.objects.update(**{"daily_messages": 10, "monthly_messages": 10 if reason == "monthly_limit" else None})
    if reason == "trial_expired":
        Subscription.objects.update(trial_ends_at=NOON - HOUR)
    campaign = held(make_campaign(20, sending_hours=OFFICE), reason)
    assert campaign.pause_reason == f"plan:{reason}"
    assert (campaign.resumes_at is None) == (reason == "trial_expired")
    clock.shift(HOUR)
    assert resume_renewed() == 0
    Plan.objects.update(daily_messages=100, monthly_messages=100)
    Subscription.objects.update(trial_ends_at=None)
    assert resume_renewed() == 1
    assert fresh(campaign).state == CampaignState.RUNNING


def test_an_upgrade_at_night_moves_what_is_told(used_up: Campaign, clock: Any) -> None:
    clock.move_to(NOON + 9 * HOUR)
    Plan.objects.update(daily_messages=None)
    assert resume_renewed() == 0
    assert fresh(used_up).resumes_at == MIDNIGHT + 8 * HOUR


def test_what_a_person_pauses_stays_paused(used_up: Campaign, ana: Membership, clock: Any) -> None:
    lifecycle.pause(used_up, actor=ana)
    kept = fresh(used_up)
    assert (kept.state, kept.pause_reason, kept.resumes_at) == (CampaignState.PAUSED, "", None)
    clock.move_to(MIDNIGHT + 9 * HOUR)
    assert resume_renewed() == 0
    assert fresh(used_up).state == CampaignState.PAUSED


def test_a_pause_by_a_person_is_not_taken_over_by_the_plan(
    in_acme: Organization, make_campaign: Any, clock: Any
) -> None:
    Plan.objects.update(daily_messages=10)
    campaign = lifecycle.pause(lifecycle.start(make_campaign(20)))
    use_up(campaign)
    pause_for_plan([campaign.pk], "daily_limit")
    clock.move_to(MIDNIGHT + 9 * HOUR)
    assert resume_renewed() == 0
    assert fresh(campaign).pause_reason == ""


@pytest.mark.parametrize("end", [archive, lifecycle.cancel], ids=["archived", "cancelled"])
def test_what_was_given_up_stays_so(used_up: Campaign, clock: Any, end: Any) -> None:
    end(used_up)
    clock.move_to(MIDNIGHT + 9 * HOUR)
    assert resume_renewed() == 0
    assert fresh(used_up).state != CampaignState.RUNNING


def test_a_sender_that_asked_before_midnight_pauses_nothing_after_it(used_up: Campaign, clock: Any) -> None:
    clock.move_to(MIDNIGHT + 8 * HOUR)
    assert resume_renewed() == 1
    pause_for_plan([used_up.pk], "daily_limit")
    assert fresh(used_up).state == CampaignState.RUNNING


def test_what_failed_meanwhile_stops_it_before_anything_leaves(used_up: Campaign, clock: Any) -> None:
    clock.move_to(NOON + HOUR)
    bad = Recipient.objects.filter(campaign=used_up).order_by("position")[:20].values("pk")
    Recipient.objects.filter(pk__in=list(bad.values_list("pk", flat=True))).update(
        state="failed", error_code="131026", sent_at=NOON
    )
    Campaign.objects.update(sent_count=20)
    clock.move_to(MIDNIGHT + 8 * HOUR)
    assert resume_renewed() == 0
    stopped = fresh(used_up)
    assert (stopped.state, stopped.pause_reason, stopped.resumes_at) == (CampaignState.PAUSED, FAILURES, None)


def test_switched_off_it_waits_for_a_person(
    used_up: Campaign, ana: Membership, login: Any, clock: Any, in_acme: Organization
) -> None:
    client, settings = login(ana), reverse("campaigns:schedule-settings")
    assert 'name="resumes_with_plan"' in client.get(settings).content.decode()
    assert client.post(settings, {"late_hours": "2"}).status_code == 302
    assert ScheduleSettings.objects.get().resumes_with_plan is False
    off = fresh(used_up)
    assert off.resumes_at is None
    assert pause_words(off).endswith("Retome quando o limite renovar ou troque de plano.")
    clock.move_to(MIDNIGHT + 9 * HOUR)
    assert resume_renewed() == 0
    assert client.post(settings, {"late_hours": "2", "resumes_with_plan": "on"}).status_code == 302
    assert fresh(used_up).state == CampaignState.RUNNING


def test_the_page_says_when_and_lets_people_decide(used_up: Campaign, ana: Membership, login: Any) -> None:
    client: Client = login(ana)
    page = client.get(f"/campanhas/{used_up.pk}/").content.decode()
    assert "Volta sozinha amanhã às 8h." in page
    assert 'href="/configuracoes/plano/"' in page
    client.post(f"/campanhas/{used_up.pk}/pause/")
    page = client.get(f"/campanhas/{used_up.pk}/").content.decode()
    assert "Volta sozinha" not in page
    assert fresh(used_up).state == CampaignState.PAUSED


def test_programs_read_when_and_keep_it_paused(used_up: Campaign) -> None:
    _row, token = create_api_token("Programa")
    program = Client(headers={"Authorization": f"Bearer {token}"})
    told = program.get(f"/api/v1/campaigns/{used_up.pk}").json()
    assert datetime.fromisoformat(told["resumes_at"]) == used_up.resumes_at
    assert "Volta sozinha" in told["pause_reason"]
    kept = program.post(f"/api/v1/campaigns/{used_up.pk}/pause").json()
    assert (kept["state"], kept["resumes_at"], kept["pause_reason"]) == ("paused", None, "")


def test_owners_are_told_by_letter_and_not_every_day(used_up: Campaign, ana: Membership, clock: Any) -> None:
    drain()
    assert [letter.subject for letter in mail.outbox] == ["Novembro pausou sozinha"]
    assert "Volta sozinha amanhã às 8h." in mail.outbox[0].body
    assert "/configuracoes/plano/" in mail.outbox[0].body
    for day in range(1, 8):
        clock.move_to(NOON + timedelta(days=day))
        resume_renewed()
        use_up(used_up, days=day)
        pause_for_plan([used_up.pk], "daily_limit")
        drain()
    assert len(mail.outbox) == 1
