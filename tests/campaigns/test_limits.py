"""The plan's messages of the day and the month are exact to the message, however many senders work at once."""

import asyncio
import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from accounts.models import AuditEntry, Membership, Organization
from billing.models import Plan, UsageDay
from billing.services import release_messages, reserve_messages
from campaigns.models import Campaign, CampaignState, Recipient
from campaigns.queries.waiting import pause_words
from campaigns.sender.engine import Engine
from campaigns.services import lifecycle
from campaigns.services.plan import pause_for_plan, resume_renewed
from core.clock import local, now
from core.tenancy import across_organizations, activate_organization, current_organization_id
from tests.campaigns.sending import Provider, install

pytestmark = pytest.mark.django_db(transaction=True)

SENDERS = 8
PATIENCE_SECONDS = 90.0


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    return install(monkeypatch)


def quiet() -> bool:
    with across_organizations():
        running = Campaign.objects.filter(state=CampaignState.RUNNING).exists()
        return not running and not Recipient.objects.filter(state="sending").exists()


def send_by_many(count: int) -> None:
    """Let so many senders, each with a loop and connections of its own, work until no campaign runs any more."""
    over = threading.Event()

    async def one() -> None:
        engine = Engine(4)
        running = asyncio.create_task(engine.run())
        while not over.is_set():
            await asyncio.sleep(0.05)
        engine.stop()
        await running

    def sender() -> None:
        try:
            asyncio.run(one())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        working = [pool.submit(sender) for _sender in range(count)]
        try:
            waited = threading.Event()
            for _look in range(int(PATIENCE_SECONDS * 10)):
                if quiet():
                    break
                waited.wait(0.1)
        finally:
            over.set()
        for one_of_them in working:
            one_of_them.result()
    gc.collect()


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"daily_messages": 73, "monthly_messages": None}, "plan:daily_limit"),
        ({"daily_messages": None, "monthly_messages": 73}, "plan:monthly_limit"),
    ],
    ids=["day", "month"],
)
def test_eight_senders_together_send_what_the_plan_allows_and_not_one_more(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider, limits: Any, reason: str
) -> None:
    Plan.objects.update(**limits, messages_per_minute=None)
    numbers = [make_channel(f"Número {n}") for n in range(SENDERS)]
    campaign = lifecycle.start(make_campaign(200, channels=numbers))
    send_by_many(SENDERS)
    paused = Campaign.objects.get(pk=campaign.pk)
    assert (paused.state, paused.pause_reason) == (CampaignState.PAUSED, reason)
    assert len(provider.sent) == len(set(provider.phones)) == 73
    assert paused.sent_count == 73
    assert Recipient.objects.filter(campaign=campaign, state="queued").count() == 127
    assert sum(UsageDay.objects.values_list("messages", flat=True)) == 73
    assert pause_words(paused)


def test_after_a_change_of_plan_the_rest_goes_on_where_it_stopped(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    Plan.objects.update(daily_messages=10, monthly_messages=None, messages_per_minute=None)
    campaign = lifecycle.start(make_campaign(30, channels=[make_channel("Um"), make_channel("Dois")]))
    send_by_many(2)
    assert len(provider.sent) == 10
    Plan.objects.update(daily_messages=25)
    lifecycle.resume(Campaign.objects.get(pk=campaign.pk))
    send_by_many(2)
    assert len(provider.sent) == len(set(provider.phones)) == 25
    assert Campaign.objects.get(pk=campaign.pk).pause_reason == "plan:daily_limit"


def all_at_once(*work: Callable[[], Any]) -> list[Any]:
    """Run functions at the same moment, each on a connection of its own and inside the organization."""
    barrier, organization_id = threading.Barrier(len(work)), current_organization_id()

    def run(function: Callable[[], Any]) -> Any:
        try:
            with activate_organization(organization_id):
                barrier.wait()
                return function()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def test_after_an_upgrade_it_goes_on_by_itself_once_and_eight_senders_send_the_rest_of_the_plan(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    Plan.objects.update(daily_messages=40, monthly_messages=None, messages_per_minute=None)
    numbers = [make_channel(f"Número {n}") for n in range(SENDERS)]
    campaign = lifecycle.start(make_campaign(120, channels=numbers))
    send_by_many(SENDERS)
    assert len(provider.sent) == 40
    Plan.objects.update(daily_messages=90)
    assert sum(all_at_once(*[resume_renewed] * SENDERS)) == 1
    assert AuditEntry.objects.filter(action="campaign.resumed", actor=None).count() == 1
    send_by_many(SENDERS)
    assert len(provider.sent) == len(set(provider.phones)) == 90
    again = Campaign.objects.get(pk=campaign.pk)
    assert (again.state, again.pause_reason) == (CampaignState.PAUSED, "plan:daily_limit")
    assert again.resumes_at is not None
    assert sum(all_at_once(*[resume_renewed] * SENDERS)) == 0


def test_a_persons_pause_at_the_same_moment_has_the_last_word(
    in_acme: Organization, ana: Membership, make_campaign: Any, make_channel: Any, make_list: Any
) -> None:
    Plan.objects.update(daily_messages=10, monthly_messages=None)
    numbers, people = [make_channel("Um")], make_list(3)
    for turn in range(6):
        campaign = lifecycle.start(make_campaign(lists=[people], channels=numbers))
        UsageDay.objects.all().delete()
        reserve_messages(in_acme.pk, 10, at=now())
        pause_for_plan([campaign.pk], "daily_limit")
        UsageDay.objects.all().delete()
        went_on, *_others = all_at_once(resume_renewed, lambda one=campaign: lifecycle.pause(one, actor=ana))
        kept = Campaign.objects.get(pk=campaign.pk)
        assert (kept.state, kept.pause_reason, kept.resumes_at) == (CampaignState.PAUSED, "", None), turn
        assert went_on in {0, 1}
        assert resume_renewed() == 0


def test_reservations_of_eight_connections_add_up_to_the_limit(in_acme: Organization) -> None:
    Plan.objects.update(daily_messages=1_000, monthly_messages=1_500)
    at = now()
    yesterday = local(at, in_acme.timezone).date() - timedelta(days=1)
    barrier = threading.Barrier(SENDERS)

    def take(seed: int) -> int:
        got = 0
        try:
            barrier.wait()
            for turn in range(60):
                asked = 1 + (seed * 7 + turn) % 9
                granted = reserve_messages(in_acme.pk, asked, at=at).granted
                unused = granted // 3
                release_messages(in_acme.pk, unused, day=local(at, in_acme.timezone).date())
                got += granted - unused
        finally:
            connection.close()
        return got

    with ThreadPoolExecutor(SENDERS) as pool:
        total = sum(pool.map(take, range(SENDERS)))
    assert total <= 1_000
    assert sum(UsageDay.objects.exclude(day=yesterday).values_list("messages", flat=True)) == total
    assert reserve_messages(in_acme.pk, 5_000, at=at).granted == 1_000 - total
    assert reserve_messages(in_acme.pk, 1, at=at).granted == 0
