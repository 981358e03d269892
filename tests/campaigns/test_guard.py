"""Campaigns pause by themselves when failures rise or people leave."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import translation

from accounts.models import AuditEntry, Membership, Organization
from campaigns.models import Campaign, CampaignGuard, CampaignState, Recipient
from campaigns.queries.guarding import FAILURES, LEAVING, Evidence, evidence_of
from campaigns.queries.waiting import pause_words
from campaigns.services import lifecycle
from campaigns.services.guard import count_who_left, watch_failures
from campaigns.services.sweeps import sweep_sending
from core.clock import now
from core.tenancy import across_organizations
from gateways.models import Channel, ChannelState
from leads.services.contacts import opt_out
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db


@pytest.fixture
def running(in_acme: Organization, make_campaign: Any) -> Campaign:
    return lifecycle.start(make_campaign(100))


def settle(campaign: Campaign, state: str, count: int, **values: Any) -> list[Recipient]:
    """Let the next ones of a campaign come to an end, as the sender writes it."""
    rows = list(Recipient.objects.filter(campaign=campaign, state="queued").order_by("position")[:count])
    sent = state in {"sent", "delivered", "read"}
    Recipient.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=state, sent_at=now() if sent else None, **values
    )
    if sent:
        Campaign.objects.filter(pk=campaign.pk).update(
            sent_count=Recipient.objects.filter(sent_at__isnull=False).count()
        )
    return rows


def watch() -> int:
    with across_organizations():
        return watch_failures()


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


def test_many_failures_pause_the_campaign_with_the_evidence(running: Campaign) -> None:
    settle(running, "sent", 15)
    settle(running, "invalid", 3, error_code="no_whatsapp")
    settle(running, "failed", 2, error_code="131026", error="undeliverable")
    assert watch() == 1
    paused = fresh(running)
    assert (paused.state, paused.pause_reason) == (CampaignState.PAUSED, FAILURES)
    evidence = evidence_of(paused)
    assert evidence is not None
    assert (evidence.bad, evidence.of, evidence.percent, evidence.limit) == (5, 20, 25, 25)
    assert [(count, code) for count, code, _text in evidence.reasons] == [(3, "no_whatsapp"), (2, "131026")]
    assert "5" in pause_words(paused) and "20" in pause_words(paused)
    assert AuditEntry.objects.filter(action="campaign.paused").count() == 1


@pytest.mark.parametrize(("sent", "failed"), [(15, 4), (90, 10), (80, 19)])
def test_too_few_messages_or_too_few_failures_pause_nothing(running: Campaign, sent: int, failed: int) -> None:
    settle(running, "sent", sent)
    settle(running, "failed", failed)
    assert watch() == 0
    assert fresh(running).state == CampaignState.RUNNING


def test_the_sweep_of_the_senders_looks(running: Campaign) -> None:
    settle(running, "failed", 20)
    with across_organizations():
        sweep_sending()
    assert fresh(running).pause_reason == FAILURES


def test_a_resumed_campaign_is_not_paused_by_the_old_failures(running: Campaign) -> None:
    settle(running, "failed", 20)
    assert watch() == 1
    lifecycle.resume(running)
    assert [watch() for _look in range(3)] == [0, 0, 0]
    settle(running, "sent", 19)
    assert watch() == 0
    assert fresh(running).state == CampaignState.RUNNING


def test_new_failures_after_a_resume_pause_it_again_for_themselves(running: Campaign) -> None:
    settle(running, "failed", 20)
    watch()
    lifecycle.resume(running)
    watch()
    settle(running, "sent", 10)
    settle(running, "failed", 12)
    assert watch() == 1
    evidence = evidence_of(fresh(running))
    assert evidence is not None
    assert (evidence.bad, evidence.of) == (12, 22)


def test_a_paused_campaign_is_not_paused_twice(running: Campaign) -> None:
    settle(running, "failed", 30)
    assert [watch(), watch()] == [1, 0]


def test_only_the_window_counts(running: Campaign) -> None:
    settle(running, "failed", 19)
    with time_machine.travel(now() + timedelta(minutes=6), tick=False):
        assert watch() == 0
    with time_machine.travel(now() + timedelta(minutes=67), tick=False):
        settle(running, "sent", 40)
        assert watch() == 0
    with time_machine.travel(now() + timedelta(minutes=125), tick=False):
        settle(running, "sent", 15)
        settle(running, "failed", 4)
        assert watch() == 0


def test_failures_that_the_provider_reports_later_count(running: Campaign) -> None:
    settle(running, "sent", 40)
    assert watch() == 0
    Recipient.objects.filter(campaign=running, position__lte=12).update(state="failed", error_code="131026")
    assert watch() == 1


def test_a_banned_number_is_the_pool_s_matter(running: Campaign) -> None:
    """A standby takes over from it; a pause would stop just that."""
    banned = running.channels.get()
    settle(running, "failed", 20, channel_id=banned.pk)
    Channel.objects.filter(pk=banned.pk).update(state=ChannelState.RESTRICTED)
    assert watch() == 0
    assert fresh(running).state == CampaignState.RUNNING


def test_people_who_leave_pause_it_too(running: Campaign, ana: Membership) -> None:
    rows = settle(running, "delivered", 39)
    for row in rows[:2]:
        opt_out(row.contact_id, reason="sair", at=now())
    drain()
    assert fresh(running).left_count == 2
    assert watch() == 1
    paused = fresh(running)
    assert paused.pause_reason == LEAVING
    assert "2" in pause_words(paused)


def test_who_leaves_long_after_a_message_is_not_put_down_to_it(running: Campaign) -> None:
    (row,) = settle(running, "delivered", 1)
    Recipient.objects.filter(pk=row.pk).update(sent_at=now() - timedelta(days=4))
    count_who_left(row.contact_id)
    assert fresh(running).left_count == 0


def test_a_person_whom_the_provider_calls_gone_left_and_did_not_fail(running: Campaign) -> None:
    settle(running, "sent", 37)
    settle(running, "failed", 3, error_code="131050")
    assert watch() == 1
    assert fresh(running).pause_reason == LEAVING


def test_the_settings_of_the_business_decide(running: Campaign, in_acme: Organization) -> None:
    CampaignGuard.objects.create(organization=in_acme, is_on=False)
    settle(running, "failed", 30)
    assert watch() == 0
    CampaignGuard.objects.update(is_on=True, failure_percent=100)
    settle(running, "sent", 1)
    assert watch() == 0
    CampaignGuard.objects.update(failure_percent=90)
    assert watch() == 1


def test_the_owners_are_told_once(running: Campaign, ana: Membership) -> None:
    settle(running, "failed", 30)
    watch()
    watch()
    drain()
    letters = [letter for letter in mail.outbox if running.name in letter.subject]
    assert len(letters) == 1
    assert letters[0].to == [ana.user.email]


def test_the_page_says_why_and_resumes(running: Campaign, bruno: Membership, login: Any) -> None:
    settle(running, "failed", 30, error_code="no_whatsapp")
    watch()
    client = login(bruno)
    html = client.get(f"/campanhas/{running.pk}/").content.decode()
    assert "Pausou sozinha" in html or "pausou sozinha" in html
    assert "?situacao=failed#recipients" in html
    assert f"/campanhas/{running.pk}/resume/" in html
    client.post(f"/campanhas/{running.pk}/resume/")
    assert fresh(running).state == CampaignState.RUNNING


def test_the_limits_are_for_those_who_manage(ana: Membership, bruno: Membership, login: Any) -> None:
    values = {"is_on": "on", "failure_percent": 40, "leaving_percent": 8, "window_minutes": 30, "minimum": 50}
    assert login(bruno).post("/campanhas/pausa-automatica/", values).status_code == 403
    assert login(ana).post("/campanhas/pausa-automatica/", values).status_code == 302
    assert login(ana).get("/campanhas/pausa-automatica/").status_code == 200
    assert login(ana).post("/campanhas/pausa-automatica/", values | {"failure_percent": 0}).status_code == 422
    with across_organizations():
        assert CampaignGuard.objects.get().failure_percent == 40


def test_one_person_is_no_trend(running: Campaign) -> None:
    (row,) = settle(running, "delivered", 1)
    settle(running, "delivered", 19)
    opt_out(row.contact_id, reason="sair", at=now())
    drain()
    assert fresh(running).left_count == 1
    assert watch() == 0


def test_the_evidence_speaks_of_one_and_of_many() -> None:
    values: dict[str, Any] = {"of": 20, "percent": 5, "limit": 5, "minutes": 60, "at": now(), "reasons": []}
    with translation.override("pt-br"):
        one, two = (Evidence(kind=LEAVING, bad=bad, **values).words for bad in (1, 2))
        assert one.startswith("1 pessoa bloqueou") and two.startswith("2 pessoas bloquearam")
        assert "1 das últimas 20 mensagens falhou" in Evidence(kind=FAILURES, bad=1, **values).words
