"""The plan foresees what is not in line yet: the steps of a sequence, and what begins by itself meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from accounts.models import Membership, Organization
from billing.models import Plan as SoldPlan
from campaigns.models import Campaign, Recipient
from campaigns.preflight.comparing import compare
from campaigns.preflight.plan import Plan
from campaigns.queries.forecast import eta, outlook, plan
from campaigns.schedules import series
from campaigns.sequences.steps import StepDraft, save_steps
from campaigns.services import lifecycle
from core.ids import uuid7
from core.tenancy import activate_organization
from gateways.models import MessageTemplate
from tests.campaigns.preflight.clock import clock_at, dice, work_by
from tests.campaigns.preflight.test_promise import BOUND, OFFICE, assert_kept, number, planned

__all__ = ["dice"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("dice")]

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("America/Sao_Paulo")).astimezone(UTC)
TWO_MORE = [StepDraft(2, ["Lembra, {nome}?"]), StepDraft(5, ["Última."], "hours")]


@pytest.fixture(autouse=True)
def _roomy_plan(in_acme: Organization) -> None:
    SoldPlan.objects.update(daily_messages=None, monthly_messages=None)


def draft_plan(campaign: Campaign, count: int, start: datetime | None = None, sequence: Any = ()) -> Plan:
    """Return what the last step of the wizard would print."""
    found = plan(
        list(campaign.channels.all()), count, campaign.sending_hours, campaign.organization_id, start, campaign_id=campaign.pk,
        sequence=sequence,
    )  # fmt: skip
    assert found is not None
    return found


# ---- Steps


def test_the_sender_keeps_the_printed_calendar_of_a_sequence_that_nobody_ends(
    in_acme: Organization, make_campaign: Any, make_channel: Any
) -> None:
    draft = make_campaign(40, channels=[number(make_channel, "Recepção", 90)], sending_hours=OFFICE)
    save_steps(draft, TWO_MORE, ["replied"])
    with clock_at(MONDAY) as clock:
        before = draft_plan(draft, 40, sequence=TWO_MORE)
        campaign = lifecycle.start(draft)
        found = planned(campaign)
        work_by(clock, in_acme.timezone, campaign)
    assert (before.count, found.count) == (120, 120)
    assert [one.count for one in found.days] == [one.count for one in before.days] == [40, 0, 80]
    assert [sum(found.by_channel(step).values()) for step in found.steps] == [40, 40, 40]
    assert Recipient.objects.filter(campaign=campaign, state="sent").count() == 120
    assert_kept(found, campaign, in_acme.timezone)


def test_steps_wait_for_sending_hours_and_caps_like_all_messages(
    in_acme: Organization, make_campaign: Any, make_channel: Any
) -> None:
    draft = make_campaign(30, channels=[number(make_channel, "Recepção", 25)], sending_hours=OFFICE)
    save_steps(draft, [StepDraft(10, ["Lembra?"], "hours")], ["replied"])
    with clock_at(MONDAY) as clock:
        campaign = lifecycle.start(draft)
        found = planned(campaign)
        work_by(clock, in_acme.timezone, campaign)
    assert [one.count for one in found.days] == [25, 25, 5, 5]
    assert_kept(found, campaign, in_acme.timezone)


def test_a_sequence_under_way_is_foreseen_from_where_everybody_is(
    in_acme: Organization, make_campaign: Any, make_channel: Any
) -> None:
    draft = make_campaign(10, channels=[number(make_channel, "Recepção", 90)])
    save_steps(draft, TWO_MORE, ["replied"])
    with clock_at(MONDAY) as clock:
        campaign = lifecycle.start(draft)
        whole = planned(campaign)
        Recipient.objects.filter(campaign=campaign).update(state="sent", sent_at=MONDAY, channel=draft.channels.get())
        Recipient.objects.filter(campaign=campaign, position__lte=4).update(leads_on=False, stopped="replied")
        clock.go(MONDAY + timedelta(hours=1))
        found = planned(campaign)
    assert (whole.count, found.count) == (30, 12)
    assert found.ends_at is not None
    assert found.ends_at > MONDAY + timedelta(days=2, hours=5)
    assert eta(campaign, MONDAY) is not None


def test_the_promise_is_kept_in_messages_and_the_money_by_step(
    in_acme: Organization, make_campaign: Any, make_channel: Any, settings: Any
) -> None:
    settings.META_FEES = {"MARKETING": 0.35, "UTILITY": 0.04}
    official = make_channel("Oficial", "cloud", config={})
    for name, category, body in (("a", "MARKETING", "Promoção!"), ("b", "UTILITY", "Sua consulta é amanhã.")):
        MessageTemplate.objects.create(
            channel=official, name=name, language="pt_BR", category=category, body=body, status="approved"
        )
    draft = make_campaign(4, body="Promoção!", channels=[official])
    save_steps(draft, [StepDraft(2, ["Sua consulta é amanhã."])], ["replied"])
    campaign = lifecycle.start(draft)
    assert (campaign.promise["people"], campaign.promise["messages"]) == (4, 8)
    assert campaign.promise["fee_micros"] == 4 * 350_000 + 4 * 40_000
    compared = compare(campaign)
    assert compared is not None
    assert (compared.messages.planned, compared.messages.done) == (8, 0)


# ---- What begins meanwhile


def test_a_scheduled_campaign_takes_its_turns_in_the_calendar_as_in_fact(
    in_acme: Organization, make_campaign: Any, make_channel: Any, make_list: Any
) -> None:
    shared = number(make_channel, "Recepção", 200)
    draft = make_campaign(90, channels=[shared])
    with clock_at(MONDAY) as clock:
        make_campaign(
            lists=[make_list(30, first=500)], channels=[shared], name="Logo", start_at=MONDAY + timedelta(hours=1)
        )
        make_campaign(
            lists=[make_list(5, first=700)], channels=[shared], name="Bem depois", start_at=MONDAY + timedelta(days=9)
        )
        campaign = lifecycle.start(draft)
        found = planned(campaign)
        alone = found.starts_at and found.starts_at + 89 * timedelta(seconds=52.5)
        work_by(clock, in_acme.timezone, campaign)
    assert alone is not None and found.ends_at is not None
    assert found.ends_at > alone + timedelta(minutes=15)
    assert [name for name, _at in found.beside] == ["Logo"]
    assert_kept(found, campaign, in_acme.timezone)


def test_a_time_of_a_series_takes_its_turns_too(
    in_acme: Organization, make_campaign: Any, make_channel: Any, make_list: Any
) -> None:
    shared = number(make_channel, "Recepção", 200)
    draft = make_campaign(90, channels=[shared], sending_hours=OFFICE)
    with clock_at(MONDAY) as clock:
        pattern = make_campaign(lists=[make_list(20, first=500)], channels=[shared], name="Todo dia")
        series.repeat(pattern, {"unit": "day", "at": "10:00", "first_on": "2026-11-23"})
        campaign = lifecycle.start(draft)
        found = planned(campaign)
        work_by(clock, in_acme.timezone, campaign)
    assert [one.count for one in found.days] == [90]
    assert [name for name, _at in found.beside] == ["Todo dia"]
    assert_kept(found, campaign, in_acme.timezone)


def test_a_campaign_that_starts_later_is_not_held_up_by_what_is_through_by_then(
    in_acme: Organization, make_campaign: Any, make_channel: Any, make_list: Any
) -> None:
    shared = number(make_channel, "Recepção", 200)
    running = make_campaign(lists=[make_list(30, first=500)], channels=[shared], name="Já anda")
    draft = make_campaign(10, channels=[shared])
    with clock_at(MONDAY):
        lifecycle.start(running)
        start = MONDAY + timedelta(days=1)
        found = draft_plan(draft, 10, start)
    assert found.starts_at is not None and found.ends_at is not None
    assert abs(found.starts_at - start) <= BOUND
    assert found.ends_at - start <= timedelta(minutes=11)
    assert found.days[0].day == start.date()


def test_the_plan_s_messages_are_used_up_by_what_begins_by_other_numbers_as_well(
    in_acme: Organization, make_campaign: Any, make_channel: Any, make_list: Any
) -> None:
    SoldPlan.objects.update(daily_messages=40)
    mine, other = number(make_channel, "Recepção", 200), number(make_channel, "Vendas", 200)
    draft = make_campaign(30, channels=[mine])
    with clock_at(MONDAY) as clock:
        make_campaign(
            lists=[make_list(30, first=500)], channels=[other], name="Outra", start_at=MONDAY + timedelta(seconds=1)
        )
        campaign = lifecycle.start(draft)
        found = planned(campaign)
        assert found.stop is not None
        assert (found.stop.reason, abs(found.stop.left - 10) <= 2) == ("daily_limit", True)
        work_by(clock, in_acme.timezone, campaign)
        assert Campaign.objects.get(pk=campaign.pk).pause_reason == "plan:daily_limit"
        assert abs(found.stop.at - clock.at) <= BOUND
    sent = Recipient.objects.filter(campaign=campaign, state="sent").count()
    assert abs(sent - 20) <= 2


def test_a_sequence_that_the_plan_cannot_hold_stops_where_the_plan_does(
    in_acme: Organization, make_campaign: Any, make_channel: Any
) -> None:
    SoldPlan.objects.update(monthly_messages=50)
    draft = make_campaign(20, channels=[number(make_channel, "Recepção", 200)])
    save_steps(draft, TWO_MORE, ["replied"])
    with clock_at(MONDAY):
        found = planned(lifecycle.start(draft))
    assert found.stop is not None
    assert (found.stop.reason, found.stop.left) == ("monthly_limit", 10)


def test_what_another_business_schedules_is_nothing_to_the_plan(
    in_acme: Organization, carla: Membership, make_campaign: Any, make_channel: Any
) -> None:
    from_here = make_campaign(10, channels=[number(make_channel, "Recepção", 200)])

    with clock_at(MONDAY):
        with activate_organization(carla.organization_id):
            make_campaign(50, start_at=MONDAY + timedelta(minutes=1))
        found = planned(lifecycle.start(from_here))
    assert found.beside == []


# ---- In words


def test_the_wizard_and_the_page_say_how_many_messages_in_how_many_days(
    bruno: Membership, login: Any, in_acme: Organization, make_list: Any, make_channel: Any
) -> None:
    form = {
        "key": str(uuid7()), "name": "Sequência", "lists": [str(make_list(3, first=900).pk)], "variant": ["Oi, {nome}!"],
        "channels": [str(make_channel().pk)], "when": "now", "go": "draft", "step_wait": ["2", "3"], "step_unit": ["days", "days"],
        "step_text_0": ["Lembra?"], "step_text_1": ["Última."], "stops_on": ["replied"],
    }  # fmt: skip
    client: Client = login(bruno)
    shown = client.post("/campanhas/nova/resumo/", form, headers={"HX-Request": "true"}).content.decode()
    client.post("/campanhas/nova/", form)
    page = client.get(f"/campanhas/{Campaign.objects.get().pk}/").content.decode()
    for text in (shown, page):
        assert "Até 9 mensagens em 6 dias." in text
        assert "3 pessoas, 3 etapas" in text
    assert (
        "Até"
        not in client.post("/campanhas/nova/resumo/", {**form, "step_wait": ["x"]}, headers={"HX-Request": "true"})
        .content.decode()
        .split('id="plan"')[1]
    )


def test_what_begins_meanwhile_is_named(
    bruno: Membership, login: Any, in_acme: Organization, make_campaign: Any, make_channel: Any, make_list: Any
) -> None:
    shared = make_channel(gap_ms=60_000)
    draft = make_campaign(30, channels=[shared])
    with clock_at(MONDAY):
        make_campaign(
            lists=[make_list(3, first=500)], channels=[shared], name="Logo", start_at=MONDAY + timedelta(minutes=5)
        )
        page = login(bruno).get(f"/campanhas/{draft.pk}/").content.decode()
    assert "A conta inclui o que começa enquanto isso" in page
    assert "<b>Logo</b> (hoje às 9h05)" in page


def test_the_questions_of_a_plan_do_not_grow_with_what_is_scheduled(
    in_acme: Organization, make_campaign: Any, make_channel: Any, make_list: Any, django_assert_max_num_queries: Any
) -> None:
    shared = number(make_channel, "Recepção", 200)
    draft = make_campaign(30, channels=[shared])
    with clock_at(MONDAY):
        for index in range(6):
            pattern = make_campaign(lists=[make_list(1, first=500 + index)], channels=[shared], name=f"Série {index}")
            series.repeat(pattern, {"unit": "day", "at": f"09:0{index + 1}", "first_on": "2026-11-23"})
        campaign = lifecycle.start(draft)
        outlook(campaign)
        with django_assert_max_num_queries(26):
            outlook(campaign)
