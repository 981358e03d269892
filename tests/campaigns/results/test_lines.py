"""The figures in people and in reais: each thing once, to the last campaign message before it, and every line adds up."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from accounts.models import Membership, Organization
from campaigns.models import Campaign, Recipient
from campaigns.queries.figures import recipients, stats
from campaigns.results.lines import WAYS, results_of
from campaigns.results.tables import line_rows, recipient_rows
from campaigns.services import lifecycle
from core.tenancy import activate_organization
from sdr.models import ModelCall
from tests.campaigns.results.conftest import AFTERNOON, MORNING, World

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def busy(world: World, book_for: Any) -> World:
    """Amounts whose fractions of a cent would be lost if each line were rounded by itself."""
    Recipient.objects.filter(pk__in=[world.rows[0].pk, world.rows[3].pk]).update(replied_at=AFTERNOON)
    world.qualify(0, MORNING + DAY)
    world.qualify(3, AFTERNOON + DAY)
    book_for(0, MORNING + DAY)
    world.pay(0, MORNING + 2 * DAY, 18_001)
    world.pay(0, MORNING + 3 * DAY, 9_999, refunded=1_000)
    world.pay(3, AFTERNOON + DAY, 5_003)
    for number in (0, 1, 3):
        world.think(number, AFTERNOON + DAY, 3_333)
    return world


def test_each_step_counts_people_and_money_is_exact(busy: World) -> None:
    whole = results_of(busy.campaign).whole
    people = whole.people
    steps = (people.total, people.delivered, people.read, people.replied, people.qualified, people.booked, people.paid)
    assert steps == (6, 3, 2, 2, 2, 1, 2)
    # Two of the official number arrived: 0.711110; three talks of 0.003333 each: 0.009999.
    assert (whole.fee_cents, whole.ai_cents, whole.cost_cents) == (71, 1, 72)
    assert (whole.revenue_cents, whole.result_cents) == (18_001 + 8_999 + 5_003, 32_003 - 72)
    assert whole.cents_per_qualified == 36


@pytest.mark.parametrize("way", WAYS)
def test_lines_add_up_to_the_whole_to_the_cent(busy: World, way: str) -> None:
    found = results_of(busy.campaign, way)
    for field in ("fee_cents", "ai_cents", "cost_cents", "revenue_cents", "result_cents"):
        assert sum(getattr(line, field) for line in found.lines) == getattr(found.whole, field)
    for field, value in vars(found.whole.people).items():
        assert sum(getattr(line.people, field) for line in found.lines) == value


def test_lines_are_named_after_wordings_numbers_and_local_hours(busy: World) -> None:
    assert [line.name for line in results_of(busy.campaign, "variante").lines] == ["A", "B"]
    assert [line.name for line in results_of(busy.campaign, "numero").lines][:2] == ["Oficial", "Recepção"]
    assert [(line.name, line.people.sent) for line in results_of(busy.campaign, "hora").lines][:2] == [
        ("9h", 3),
        ("15h", 1),
    ]


def test_the_people_are_those_of_the_cards(busy: World) -> None:
    people, cards = results_of(busy.campaign).whole.people, stats(busy.campaign)
    assert (people.total, people.sent, people.delivered, people.read) == (
        cards.total,
        cards.sent,
        cards.delivered,
        cards.read,
    )
    assert (people.replied, people.failed) == (cards.replied, cards.failed + cards.invalid)


def test_both_tables_add_up_to_the_page_to_the_cent(busy: World) -> None:
    whole = results_of(busy.campaign).whole
    people_headers, people = recipient_rows(busy.campaign, recipients(busy.campaign).order_by("position"))
    rows = list(people)
    sums = [round(sum((row[-3 + index] for row in rows), Decimal(0)) * 100) for index in range(3)]
    assert sums == [whole.fee_cents, whole.ai_cents, whole.revenue_cents] and len(people_headers) == len(rows[0])
    for way in WAYS:
        headers, lines = line_rows(results_of(busy.campaign, way).lines, way)
        table = list(lines)
        assert len(headers) == len(table[0])
        assert sum(row[13] for row in table) * 100 == whole.cost_cents
        assert sum(row[14] for row in table) * 100 == whole.revenue_cents


def test_the_ledger_is_told_once_among_campaigns(busy: World, make_campaign: Any) -> None:
    """The same people get a second campaign: what follows is the second one's, what was before stays the first one's."""
    second: Campaign = lifecycle.start(make_campaign(lists=[busy.campaign.lists.get()], channels=busy.channels))
    later = MORNING + 10 * DAY
    Recipient.objects.filter(campaign=second).update(state="delivered", sent_at=later, channel=busy.channels[1])
    Campaign.objects.filter(pk=second.pk).update(started_at=later - DAY)
    second.refresh_from_db()
    busy.think(0, later + DAY, 40_000)
    busy.pay(1, later + DAY, 700)
    one, two = results_of(busy.campaign).whole, results_of(second).whole
    assert one.people.ai + two.people.ai == ModelCall.objects.aggregate(all=Sum("cost_micros"))["all"] == 49_999
    assert (one.revenue_cents, two.revenue_cents) == (32_003, 700)


def test_what_is_too_late_too_early_or_undone_is_not_counted(world: World, book_for: Any) -> None:
    world.pay(0, MORNING + 31 * DAY, 1_000)
    world.pay(1, MORNING - timedelta(seconds=1), 1_000)
    world.pay(3, AFTERNOON + DAY, 1_000, state="refunded", refunded=1_000)
    booking = book_for(2, MORNING + DAY)
    type(booking).objects.filter(pk=booking.pk).update(state="cancelled")
    whole = results_of(world.campaign).whole
    assert (whole.revenue_cents, whole.people.paid, whole.people.booked) == (0, 0, 0)


def test_the_days_of_the_campaign_decide(world: World) -> None:
    world.pay(0, MORNING + 6 * DAY, 1_000)
    Campaign.objects.update(attribution_days=5)
    assert results_of(world.campaign).whole.revenue_cents == 0
    Campaign.objects.update(attribution_days=7)
    assert results_of(world.campaign).whole.revenue_cents == 1_000


def test_figures_of_one_business_never_hold_money_of_another(
    busy: World, carla: Membership, acme: Organization
) -> None:
    before = results_of(busy.campaign).whole
    with activate_organization(carla.organization_id):
        foreign = World(busy.campaign, busy.rows, busy.channels)
        charge = foreign_charge(foreign)
    assert charge.organization_id != acme.pk
    with activate_organization(acme.pk):
        assert results_of(busy.campaign).whole == before


def foreign_charge(world: World) -> Any:
    """Return a paid charge of the active organization to a contact of its own with the same phone."""
    from_acme = world.rows[0].contact
    own = type(from_acme).objects.create(name="Bia", phone=from_acme.phone, phone_key=from_acme.phone_key)
    world.rows[0].contact = own
    return world.pay(0, MORNING + DAY, 77_700)


def test_a_breakdown_asks_a_fixed_number_of_questions(busy: World, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(4):
        results_of(busy.campaign, "numero")
