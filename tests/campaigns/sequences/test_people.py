"""Of a sequence the funnel counts people and the tables count messages, each says which, and both add up."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Membership
from campaigns.models import Campaign, Recipient
from campaigns.queries.figures import stats
from campaigns.results.lines import WAYS, results_of
from campaigns.results.people import People, people_of
from sdr.models import Qualification
from tests.campaigns.sequences.conftest import DAY, HOUR, MONDAY, deliver, sweep

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(make_sequence: Any, clock: Any) -> Campaign:
    """Of four people one got nothing, one answered the first step, one the second, and one got all three."""
    campaign: Campaign = make_sequence(4)
    channel = campaign.channels.get()
    names = list(campaign.recipients.order_by("position").values_list("contact__name", flat=True))
    Recipient.objects.filter(contact__name=names[0]).update(state="failed", error_code="no_answer", leads_on=False)
    deliver(MONDAY, channel)
    rows = Recipient.objects.filter(campaign=campaign)
    rows.filter(contact__name=names[1]).update(
        state="read", replied_at=MONDAY + HOUR, leads_on=False, stopped="replied"
    )
    rows.filter(contact__name__in=names[2:]).update(state="delivered")
    sweep(clock, MONDAY + 2 * DAY)
    deliver(MONDAY + 2 * DAY, channel)
    rows.filter(step=2).update(state="read")
    rows.filter(step=2, contact__name=names[2]).update(replied_at=MONDAY + 3 * DAY, leads_on=False, stopped="replied")
    sweep(clock, MONDAY + 5 * DAY)
    deliver(MONDAY + 5 * DAY, channel)
    clock.move_to(MONDAY + 6 * DAY)
    return Campaign.objects.get(pk=campaign.pk)


def test_each_person_counts_once_and_each_message_too(told: Campaign) -> None:
    whole, people = results_of(told).whole.people, people_of(told, results_of(told).whole.people)
    assert people == People(total=4, sent=3, delivered=3, read=3, replied=2)
    assert (whole.total, whole.sent, whole.delivered, whole.read, whole.replied, whole.failed) == (7, 6, 5, 3, 2, 1)
    cards = stats(told)
    assert (cards.total, cards.sent, cards.delivered, cards.read, cards.replied) == (7, 6, 5, 3, 2)


def test_what_somebody_did_after_two_steps_is_one_person(told: Campaign) -> None:
    row = told.recipients.filter(step=2).latest("position")
    lead = Qualification.objects.create(contact=row.contact, status="qualificado", score=90)
    Qualification.objects.filter(pk=lead.pk).update(qualified_at=MONDAY + 2 * DAY + HOUR)
    people = people_of(told, results_of(told).whole.people)
    assert (people.qualified, people.booked, people.paid) == (1, 0, 0)


def test_a_campaign_of_one_message_counts_the_same_as_ever(in_acme: Any, make_campaign: Any) -> None:
    campaign = make_campaign()
    whole = results_of(campaign).whole.people
    assert people_of(campaign, whole) is whole


def test_the_page_says_which_is_which(bruno: Membership, login: Any, told: Campaign) -> None:
    page = login(bruno).get(f"/campanhas/{told.pk}/?por=variante").content.decode()
    for words in (
        "6 mensagens enviadas de 7 tentadas, em todas as etapas",
        "de 3 pessoas que receberam;",
        "Aqui cada pessoa conta uma vez",
        "mensagens resolvidas",
        "negócios fechados sobre todas as mensagens",
    ):
        assert words in page


def test_a_campaign_of_one_message_says_nothing_of_that(
    bruno: Membership, login: Any, in_acme: Any, make_campaign: Any, clock: Any
) -> None:
    campaign = make_campaign(2)
    Campaign.objects.filter(pk=campaign.pk).update(state="running", started_at=MONDAY - timedelta(hours=1))
    page = login(bruno).get(f"/campanhas/{campaign.pk}/?por=variante").content.decode()
    assert "Aqui cada pessoa conta uma vez" not in page
    assert "em todas as etapas" not in page


@pytest.mark.parametrize("way", WAYS)
def test_exports_count_messages_and_add_up_to_the_cards(
    bruno: Membership, login: Any, told: Campaign, way: str
) -> None:
    answer = login(bruno).get(f"/campanhas/{told.pk}/resultado.csv?por={way}")
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))[1:]
    cards = stats(told)
    assert [sum(int(row[column]) for row in rows) for column in range(1, 6)] == [
        cards.total, cards.sent, cards.delivered, cards.read, cards.replied,
    ]  # fmt: skip


def test_the_steps_add_up_to_the_cards(bruno: Membership, login: Any, told: Campaign) -> None:
    lines = login(bruno).get(f"/campanhas/{told.pk}/").context["step_lines"]
    cards = stats(told)
    for name in ("sent", "delivered", "read", "replied"):
        assert sum(getattr(line, name) for line in lines) == getattr(cards, name)


def test_the_paper_says_it_too(bruno: Membership, login: Any, told: Campaign) -> None:
    assert login(bruno).get(f"/campanhas/{told.pk}/resultado.pdf").content.startswith(b"%PDF")
