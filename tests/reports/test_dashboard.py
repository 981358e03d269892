from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Membership, Organization, User
from campaigns.models import Campaign, Recipient
from conversations.models import Conversation
from core.clock import now
from gateways.models import Channel, ChannelState
from leads.models import Contact
from reports.periods import days_of, period_of
from reports.queries import Figure, first_steps, hot_and_waiting, hot_leads, overview, temperatures
from reports.words import Delta, delta, funnel_steps, greatest_loss, widgets
from sdr.models import Qualification, SdrProfile

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]
NOON = datetime(2026, 11, 19, 15, 30, tzinfo=UTC)  # 12h30 of a Thursday in São Paulo


def recipients(states: dict[str, int], at: datetime | None = None, deals: int = 2, **values: object) -> Campaign:
    """Return a running campaign that started, and sent, at a moment."""
    at = at or now()
    campaign: Campaign = Campaign.objects.create(name="C", state="running", started_at=at, closed_deals=deals)
    for state, count in states.items():
        for number in range(count):
            contact = Contact.objects.create(name=f"{state} {number}")
            sent = at if state in {"sent", "delivered", "read"} else None
            Recipient.objects.create(campaign=campaign, contact=contact, state=state, sent_at=sent, **values)
    return campaign


def qualify(name: str = "Mariana", temperature: str = "quente", score: int = 118, **values: Any) -> Qualification:
    contact = Contact.objects.create(name=name, temperature=temperature, score=score)
    found: Qualification = Qualification.objects.create(
        contact=contact, temperature=temperature, score=score, qualified_at=values.pop("qualified_at", now()), **values
    )
    return found


# ---- Figures


def test_the_six_figures_are_exact(in_acme: Organization) -> None:
    recipients(
        {"sent": 4, "delivered": 3, "read": 1, "failed": 1, "invalid": 1, "queued": 5, "unknown": 1, "skipped": 1}
    )
    figures = overview(in_acme, 7)
    assert (figures.messages_sent, figures.active_campaigns, figures.closed_deals) == (8, 1, 2)
    assert (figures.success_rate, figures.conversion_rate) == (80.0, 25.0)
    assert figures.leads_extracted == 17


def test_the_funnel_counts_the_messages_of_the_period(in_acme: Organization) -> None:
    recipients({"sent": 4, "delivered": 3})
    recipients({"read": 2}, deals=1, replied_at=now())
    answered = Recipient.objects.exclude(replied_at=None)[0]
    Qualification.objects.create(contact=answered.contact, qualified_at=now() + timedelta(minutes=1))
    figures = overview(in_acme, 7)
    assert [step.value for step in funnel_steps(figures)] == [9, 5, 2, 2, 1, 3]


def test_who_was_qualified_before_the_message_is_no_result_of_it(in_acme: Organization) -> None:
    recipients({"read": 1}, replied_at=now())
    contact = Recipient.objects.get().contact
    Qualification.objects.create(contact=contact, qualified_at=now() - timedelta(days=1))
    assert overview(in_acme, 7).qualified == 0


def test_what_lies_before_the_period_is_not_counted(in_acme: Organization) -> None:
    recipients({"sent": 3}, at=now() - timedelta(days=8))
    week, month = overview(in_acme, 7), overview(in_acme, 30)
    assert (week.messages_sent, week.closed_deals) == (0, 0)
    assert (month.messages_sent, month.closed_deals) == (3, 2)


@time_machine.travel(NOON, tick=False)
def test_a_message_counts_on_the_day_that_the_clocks_here_show(in_acme: Organization) -> None:
    recipients({"sent": 1}, at=datetime(2026, 11, 19, 2, 59, tzinfo=UTC))  # 23h59 of Wednesday
    recipients({"sent": 1}, at=datetime(2026, 11, 19, 3, 0, tzinfo=UTC))  # midnight
    assert overview(in_acme, 7).sent_course[-2:] == [1, 1]
    assert overview(in_acme, 1).messages_sent == 1


@time_machine.travel(NOON, tick=False)
def test_today_is_told_in_hours(in_acme: Organization) -> None:
    recipients({"sent": 2}, at=NOON - timedelta(hours=2), replied_at=NOON - timedelta(hours=1))
    figures = overview(in_acme, 1)
    assert figures.period.labels[-1] == "12h"
    assert figures.sent_course == [0] * 10 + [2, 0, 0]
    assert figures.answer_course == [0] * 11 + [2, 0]


@time_machine.travel(NOON, tick=False)
def test_a_week_is_compared_with_the_one_before_up_to_the_same_hour(in_acme: Organization) -> None:
    recipients({"sent": 6}, at=NOON - timedelta(days=1))
    recipients({"sent": 4, "failed": 1}, at=NOON - timedelta(days=8))
    recipients({"sent": 9}, at=NOON - timedelta(days=7) + timedelta(hours=1))
    figures = overview(in_acme, 7).figures
    assert (figures["sent"].value, figures["sent"].before) == (6, 4)
    assert (figures["success"].value, figures["success"].before) == (100.0, 80.0)
    assert (figures["conversion"].value, figures["conversion"].before) == (33.33, 50.0)


@time_machine.travel(NOON, tick=False)
def test_a_campaign_is_active_on_every_day_that_it_was_under_way(in_acme: Organization) -> None:
    Campaign.objects.create(
        name="Antiga", state="completed", started_at=NOON - timedelta(days=5), finished_at=NOON - timedelta(days=3)
    )
    Campaign.objects.create(name="Nova", state="running", started_at=NOON - timedelta(days=1))
    Campaign.objects.create(name="Rascunho", state="draft")
    assert overview(in_acme, 7).figures["active"].course == [0, 1, 1, 1, 0, 1, 1]


def test_a_failure_that_never_left_counts_when_its_campaign_started(in_acme: Organization) -> None:
    recipients({"failed": 1, "invalid": 1}, at=now() - timedelta(days=20))
    assert overview(in_acme, 7).success_rate == 0.0
    recipients({"sent": 1})
    assert overview(in_acme, 7).success_rate == 100.0
    assert overview(in_acme, 30).success_rate == 33.33


def test_figures_of_nothing_are_zeros_without_comparison(in_acme: Organization) -> None:
    figures = overview(in_acme, 30)
    assert [one.value for one in figures.figures.values()] == [0, 0, 0.0, 0, 0, 0.0]
    assert all(widget.delta is None and not widget.course for widget in widgets(figures.figures))


# ---- Words


@pytest.mark.parametrize(
    ("value", "before", "is_rate", "said"),
    [
        (112, 100, False, Delta("up", "12%")),
        (88, 100, False, Delta("down", "12%")),
        (100, 100, False, Delta("flat", "igual")),
        (96.0, 95.4, True, Delta("up", "0,6 p.p.")),
        (1.3, 1.4, True, Delta("down", "0,1 p.p.")),
        (5000, 2, False, Delta("up", "2.500x")),
        (5, None, False, None),
    ],
)
def test_a_change_is_said_in_percent_or_points(
    value: float, before: float | None, is_rate: bool, said: Delta | None
) -> None:
    assert delta(Figure(value, [], before), is_rate) == said


def test_the_greatest_loss_names_its_step(in_acme: Organization) -> None:
    recipients({"read": 10, "delivered": 1, "sent": 1})
    Recipient.objects.filter(pk__in=Recipient.objects.filter(state="read").values("pk")[:2]).update(replied_at=now())
    assert greatest_loss(funnel_steps(overview(in_acme, 7))) == (
        "A maior perda está entre ler e responder: 80% leem e não respondem."
    )


def test_steps_that_nobody_reached_say_nothing(in_acme: Organization) -> None:
    recipients({"sent": 3}, deals=0)
    assert greatest_loss(funnel_steps(overview(in_acme, 7))) == ""


@time_machine.travel(NOON, tick=False)
def test_days_have_names_in_a_week_and_dates_in_a_month() -> None:
    zone = "America/Sao_Paulo"
    assert period_of(7, zone).labels == ["sex 13", "sáb 14", "dom 15", "seg 16", "ter 17", "qua 18", "hoje"]
    assert period_of(30, zone).labels[:2] == ["21/10", "22/10"]


@pytest.mark.parametrize(("text", "days"), [("1", 1), ("90", 90), ("8", 7), ("x", 7), ("-1", 7), (None, 7), ("１", 7)])
def test_an_address_asks_for_one_of_four_periods(text: str | None, days: int) -> None:
    assert days_of(text) == days


# ---- Lists beside the figures


def test_hot_leads_come_with_the_words_that_showed_it(in_acme: Organization) -> None:
    facts = {"urgency": None, "interest": {"value": "clareamento", "quote": "quanto fica o clareamento?"}}
    qualify(facts=facts)
    qualify("Rodrigo", "morno", 70)
    [lead] = hot_leads()
    assert (lead.contact.name, lead.score, lead.quote) == ("Mariana", 118, "quanto fica o clareamento?")


def test_nobody_whose_data_was_erased_is_listed(in_acme: Organization) -> None:
    Contact.objects.filter(pk=qualify().contact_id).update(anonymised_at=now())
    assert hot_leads() == []


def test_a_hot_lead_waits_until_somebody_takes_the_conversation(bruno: Membership, in_acme: Organization) -> None:
    channel = Channel.objects.create(
        name="Recepção", provider="simulator", state=ChannelState.CONNECTED, organization=in_acme
    )
    thread = Conversation.objects.create(contact=qualify().contact, channel=channel)
    assert hot_and_waiting() == 1
    Conversation.objects.filter(pk=thread.pk).update(assigned_to=bruno)
    assert hot_and_waiting() == 0


def test_the_qualified_spread_over_four_temperatures(in_acme: Organization) -> None:
    qualify(score=120)
    qualify(score=100)
    qualify("Rodrigo", "frio", 50)
    qualify("Antigo", "morno", 70, qualified_at=now() - timedelta(days=40))
    found = temperatures(period_of(7, "America/Sao_Paulo"))
    assert (found.total, found.mean, found.most) == (3, 90.0, 2)
    assert found.rows == [("quente", 2), ("morno", 0), ("frio", 1), ("muito_frio", 0)]


def test_the_first_steps_follow_each_other(in_acme: Organization) -> None:
    assert first_steps().next == "contacts"
    Contact.objects.create(name="Mariana")
    assert first_steps().next == "sdr"
    SdrProfile.objects.create(organization=in_acme, services=[{"name": "Limpeza", "price_cents": None}])
    assert (first_steps().next, first_steps().is_new) == ("campaign", True)
    Campaign.objects.create(name="C", state="running", started_at=now())
    assert (first_steps().next, first_steps().is_new) == ("number", False)


# ---- Pages


def test_a_new_business_sees_zeros_and_its_first_steps(ana: Membership, login: Login) -> None:
    page = login(ana).get("/inicio/").content.decode()
    assert "Primeiros passos" in page
    assert page.count('<span class="stat-value">0') == 6
    assert 'data-variant="primary" href="/leads/importar/"' in page


def test_after_the_first_campaign_the_steps_are_gone(ana: Membership, login: Login, in_acme: Organization) -> None:
    recipients({"read": 2, "sent": 1})
    page = login(ana).get("/inicio/").content.decode()
    assert "Primeiros passos" not in page
    assert "Ver os números em tabela" in page
    assert page.count('class="spark"') >= 3


def test_the_page_refreshes_a_fragment_of_itself(ana: Membership, login: Login) -> None:
    fragment = login(ana).get("/inicio/?p=30", headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip().startswith('<div id="widgets"')
    assert 'hx-get="/inicio/?p=30"' in fragment


def test_a_viewer_is_offered_no_campaign_to_write(vera: Membership, login: Login) -> None:
    assert "Nova campanha" not in login(vera).get("/inicio/").content.decode()


def test_names_of_customers_are_never_markup(ana: Membership, login: Login, in_acme: Organization) -> None:
    qualify("<script>alert(1)</script>", facts={"urgency": {"quote": "<b>hoje</b>"}})
    page = login(ana).get("/inicio/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;b&gt;hoje" in page


def test_who_is_no_member_logs_in_first(client: Client) -> None:
    assert client.get("/inicio/").status_code == 302


def test_the_api_says_the_same_as_the_page(ana: Membership, login: Login, in_acme: Organization) -> None:
    recipients({"sent": 2})
    assert login(ana).get("/api/dashboard/overview").json() == {
        "leads_extracted": 2, "messages_sent": 2, "success_rate": 100.0, "active_campaigns": 1, "closed_deals": 2,
        "conversion_rate": 100.0,
    }  # fmt: skip


def test_another_business_counts_nothing_of_it(carla: Membership, login: Login, in_acme: Organization) -> None:
    recipients({"sent": 2})
    qualify("Mariana")
    assert login(carla).get("/api/dashboard/overview").json()["messages_sent"] == 0
    assert "Mariana" not in login(carla).get("/inicio/").content.decode()


@pytest.mark.parametrize("period", ["1", "7", "30", "90", "nonsense", "-1"])
def test_every_period_opens(period: str, vera: Membership, login: Login) -> None:
    assert login(vera).get(f"/inicio/?p={period}").status_code == 200


def test_the_page_costs_the_same_queries_however_much_there_is(
    ana: Membership, login: Login, in_acme: Organization, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for _ in range(3):
        recipients({"sent": 2, "read": 1}, replied_at=now())
        qualify()
    client = login(ana)
    client.get("/inicio/")
    with django_assert_max_num_queries(28):
        client.get("/inicio/")
