"""An overload begins once, is told once, makes numbers careful, and ends when there is room to spare."""

from typing import Any

import pytest
from django.core import mail

from accounts.models import AuditEntry, Membership, Organization
from campaigns.models import Overload, Recipient
from campaigns.overload.settings import save_demand_settings
from campaigns.overload.watch import look_at, watch_demand
from campaigns.services import lifecycle
from gateways.models import Channel, ChannelEvent
from gateways.pacing import pace_of
from tests.campaigns.overload.conftest import hours, look
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db


def leave(count: int) -> None:
    """Let so many messages be sent, without using a cap up."""
    rows = list(Recipient.objects.filter(state="queued").order_by("position").values_list("pk", flat=True)[:count])
    Recipient.objects.filter(pk__in=rows).update(state="sent")


def percents() -> dict[str, int | None]:
    return dict(Channel.objects.exclude(provider="simulator").values_list("name", "crowd_percent"))


def test_what_fits_is_no_overload(clock: Any, number: Any, running: Any) -> None:
    running(20, [number(cap=20)])
    assert look() is None
    assert not Overload.objects.exists()


def test_more_than_fits_begins_one(clock: Any, number: Any, running: Any) -> None:
    campaign = running(60, [number(cap=20)])
    row = look()
    assert row is not None
    assert (row.began_at, row.waiting, row.late, row.most_late) == (clock.at, 60, 20, 20)
    assert row.late_campaigns == {str(campaign.pk): 20}


def test_it_is_told_once(clock: Any, ana: Membership, number: Any, running: Any) -> None:
    running(60, [number(cap=20)])
    look()
    look()
    drain()
    assert Overload.objects.count() == 1
    assert AuditEntry.objects.filter(action="demand.exceeded").count() == 1
    assert ChannelEvent.objects.filter(kind="alert", detail="crowded").count() == 1
    assert [letter.to for letter in mail.outbox] == [[ana.user.email]]
    assert "/campanhas/demanda/" in mail.outbox[0].body


@pytest.mark.parametrize("answer", ["never", "itself"])
def test_who_is_not_to_be_asked_gets_no_letter(
    answer: str, clock: Any, ana: Membership, number: Any, running: Any
) -> None:
    save_demand_settings({"help": answer, "window": "day"}, actor=ana)
    running(60, [number(cap=20)])
    look()
    drain()
    assert mail.outbox == []
    assert ChannelEvent.objects.filter(kind="alert", detail="crowded").count() == 1


def test_it_ends_once_with_room_to_spare(clock: Any, number: Any, running: Any) -> None:
    running(60, [number(cap=20)])
    assert look() is not None
    leave(21)
    assert look() is not None, "39 fit, a tenth more would not"
    leave(4)
    assert look() is None
    drain()
    row = Overload.objects.get()
    assert (row.ended_at, row.late, row.most_late) == (clock.at, 0, 20)
    assert AuditEntry.objects.filter(action="demand.fits").count() == 1
    assert ChannelEvent.objects.filter(kind="alert", detail="fits_again").count() == 1


@pytest.mark.parametrize("end", [lifecycle.pause, lifecycle.cancel], ids=["pause", "cancel"])
def test_it_ends_with_the_campaign(end: Any, clock: Any, number: Any, running: Any) -> None:
    campaign = running(60, [number(cap=20)])
    look()
    end(campaign)
    assert look() is None
    assert percents() == {"Recepção": None}


def test_what_was_planned_is_measured_by_its_plan_where_people_want_that(
    clock: Any, ana: Membership, number: Any, running: Any
) -> None:
    save_demand_settings({"help": "ask", "window": "plan"}, actor=ana)
    first = number(cap=20)
    running(60, [first])
    assert look() is None
    running(40, [first], "Aprovada", priority=50)
    assert look() is not None, "the new one goes first, and the other is through later than it was planned"


def test_a_time_of_a_series_has_a_day(
    clock: Any, ana: Membership, number: Any, running: Any, make_campaign: Any
) -> None:
    """Nobody looked at its plan, and one a day would pile up unseen."""
    save_demand_settings({"help": "ask", "window": "plan"}, actor=ana)
    campaign = running(60, [number(cap=20)])
    assert look() is None
    campaign.series = make_campaign(name="Padrão")
    campaign.save()
    assert look() is not None


def test_a_gateway_that_restarts_is_no_overload(clock: Any, number: Any, running: Any) -> None:
    running(20, [number(cap=20)])
    Channel.objects.update(state="disconnected", state_at=clock.at)
    assert look() is None
    clock.go(clock.at + hours(1))
    assert look() is not None


def test_the_gaps_grow_and_go_back(clock: Any, number: Any, running: Any) -> None:
    busy, idle = number(cap=20), number("Outra", cap=20)
    running(60, [busy])
    running(5, [idle], "Pequena")
    usual = pace_of(busy, clock.at).max_gap
    look()
    assert percents() == {"Recepção": 150, "Outra": None}
    busy.refresh_from_db()
    assert pace_of(busy, clock.at).max_gap == usual * 1.5
    assert pace_of(busy, clock.at).daily_cap == 20
    leave(60)
    look()
    assert percents() == {"Recepção": None, "Outra": None}


def test_official_numbers_keep_their_speed(clock: Any, number: Any, running: Any, make_channel: Any) -> None:
    phone = number(cap=20)
    simulator = make_channel("Simulador", gap_ms=MINUTE, daily_limit=5)
    running(60, [phone])
    running(60, [simulator], "Outra")
    look()
    drain()
    assert Channel.objects.get(pk=simulator.pk).crowd_percent is None
    assert Channel.objects.get(pk=phone.pk).crowd_percent


def test_the_sweep_looks_at_each_organization_by_itself(
    clock: Any, carla: Membership, number: Any, running: Any
) -> None:
    running(60, [number(cap=20)])
    assert watch_demand() == 1
    assert set(Overload.objects.values_list("organization__name", flat=True)) == {"Acme"}
    assert watch_demand() == 0


def test_a_campaign_that_has_just_begun_in_the_evening_has_a_day(clock: Any, number: Any, running: Any) -> None:
    clock.go(clock.at + hours(12.5))
    running(60, [number(cap=100)])
    assert look() is None


def test_looking_at_an_organization_without_campaigns_changes_nothing(clock: Any, in_acme: Organization) -> None:
    assert look_at(in_acme.pk) is False


MINUTE = 60_000
