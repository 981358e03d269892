"""The rehearsal of a ban, played with the real sender on the Simulator."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Organization
from campaigns import drill as module
from campaigns.drill import play_drills
from core.clock import now
from core.tenancy import across_organizations, activate_organization
from gateways.jobs import run_simulated_contacts
from gateways.models import Channel, DrillState, PoolDrill, PoolIncident, SimulatedHook
from gateways.pool.drills import DrillRunningError, ask_for_drill, finish
from gateways.pool.guard import watch_pools
from sagas.models import OutboxEvent
from tests.campaigns.sending import send_until
from tests.support.jobs import drain


def look() -> PoolDrill:
    with across_organizations():
        return PoolDrill.objects.get()


def crank() -> bool:
    """Do what workers and their clock do, and say whether the rehearsal is over."""
    play_drills()
    watch_pools()
    run_simulated_contacts()
    drain()
    return look().finished_at is not None


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_another_number_goes_on_within_seconds_and_nobody_is_written_to_twice(acme: Organization) -> None:
    with activate_organization(acme.pk):
        ask_for_drill(None)
    drain()
    assert look().state == DrillState.RUNNING
    send_until(crank, seconds=120)
    done = look()
    assert done.sandbox_id
    assert (done.state, done.people, done.duplicates, done.missing) == (DrillState.PASSED, 20, 0, 0)
    assert done.seconds is not None and 0 < done.seconds < 60
    with across_organizations():
        assert not Organization.objects.filter(pk=done.sandbox_id).exists()
        assert not Channel.objects.filter(organization_id=done.sandbox_id).exists()
        assert (
            not PoolIncident.objects.exists()
            and not OutboxEvent.objects.filter(organization_id=done.sandbox_id).exists()
        )


@pytest.mark.django_db
def test_one_that_never_gets_there_fails_and_cleans_up(in_acme: Organization) -> None:
    ask_for_drill(None)
    drain()
    sandbox = look().sandbox_id
    assert sandbox
    with activate_organization(sandbox):
        for phone in ("+5599000000001", "+5599000000002", "+5599000000002", "+5599000000002"):
            channel, body = Channel.objects.first(), {"type": "ack", "state": "sent"}
            SimulatedHook.objects.create(channel=channel, phone=phone, body=body, due_at=now())
    with time_machine.travel(now() + timedelta(minutes=7)):
        play_drills()
    failed = look()
    assert (failed.state, failed.reason, failed.missing) == (DrillState.FAILED, "too_slow", 18)
    assert failed.duplicates == 2, "one of the two who got any got three"
    assert not Organization.objects.filter(pk=sandbox).exists()
    assert Organization.objects.filter(pk=in_acme.pk).exists()


@pytest.mark.django_db
def test_one_at_a_time(in_acme: Organization) -> None:
    ask_for_drill(None)
    with pytest.raises(DrillRunningError):
        ask_for_drill(None)
    assert PoolDrill.objects.count() == 1


@pytest.mark.django_db
def test_one_whose_player_died_holds_up_nobody(in_acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    ask_for_drill(None)
    with time_machine.travel(now() + timedelta(minutes=20)):
        ask_for_drill(None)
    assert PoolDrill.objects.filter(state=DrillState.FAILED, reason="given_up").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("figures", "state"),
    [
        ({"seconds": 4.0}, DrillState.PASSED), ({"seconds": 301.0}, DrillState.FAILED), ({"seconds": None}, DrillState.FAILED),
        ({"seconds": 4.0, "duplicates": 1}, DrillState.FAILED), ({"seconds": 4.0, "missing": 1}, DrillState.FAILED),
    ],
)  # fmt: skip
def test_only_a_clean_one_in_time_has_passed(in_acme: Organization, figures: dict[str, Any], state: str) -> None:
    made = PoolDrill.objects.create(**figures)
    finish(made)
    assert look().state == state


@pytest.mark.django_db
def test_who_manages_starts_it_by_a_button_and_reads_the_seconds(
    ana: Membership, bruno: Membership, login: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_set_up", lambda drill: None)
    url, client = reverse("gateways:pool-drill"), login(ana)
    assert Client().post(url).status_code == 302 and login(bruno).post(url).status_code == 403
    assert client.get(url).status_code == 405
    client.post(url)
    client.post(url)
    made = look()
    assert made.asked_by == str(ana.user)
    made.seconds, made.people = 4.25, 20
    with activate_organization(ana.organization_id):
        finish(made)
    html = client.get(reverse("gateways:pool")).content.decode()
    assert "Outro número continuou depois de 4,3 s" in html or "Outro número continuou depois de 4,2 s" in html
    assert "aprovado" in html
