"""The figures of the dashboard are those of a plain count of the recipients, whatever happened to them."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import Organization
from campaigns.models import SENT_STATES, Campaign, Recipient, RecipientState
from campaigns.services import lifecycle
from campaigns.services.archiving import archive
from campaigns.services.tallying import fold
from core.tenancy import activate_organization
from leads.models import Contact
from leads.services.erasure import anonymise
from reports.periods import DAYS, Period, period_of
from reports.queries import overview, slow
from reports.queries.counts import TRIED, answer_counts, recipient_counts
from tests.campaigns.conftest import make_campaign, make_channel, make_contact, make_list
from tests.support.jobs import drain
from tests.support.redis import forget_keys

__all__ = ["make_campaign", "make_channel", "make_contact", "make_list"]

pytestmark = pytest.mark.django_db
# In São Paulo it is 12h37 of a Thursday: the stretch before ends in the middle of an hour.
AT = datetime(2026, 11, 19, 15, 37, 21, tzinfo=UTC)
ZONE = "America/Sao_Paulo"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


def bucket_of(at: datetime, period: Period) -> datetime | None:
    """Return the bucket of a moment, the period's start for the stretch before, None for a moment that does not count."""
    begin, end = period.before
    local = at.astimezone(period.zone).replace(minute=0, second=0, microsecond=0)
    if at >= period.start:
        return local if period.unit == "hour" else local.replace(hour=0)
    return begin if begin <= at < end else None


def plain_counts(period: Period) -> dict[str, tuple[Counter[datetime], int]]:
    """Return figure → (by bucket, in the stretch before), person by person."""
    found: dict[str, tuple[Counter[datetime], list[int]]] = {
        name: (Counter(), [0]) for name in ("sent", "delivered", "read", "replied", "failed", "invalid")
    }
    for row in Recipient.objects.select_related("campaign"):
        moment = row.sent_at or row.campaign.started_at
        bucket = bucket_of(moment, period) if row.state in TRIED and moment else None
        for name in names_of(row) if bucket else ():
            if moment >= period.start:
                found[name][0][bucket] += 1
            else:
                found[name][1][0] += 1
    return {name: (by_bucket, before[0]) for name, (by_bucket, before) in found.items()}


def names_of(row: Recipient) -> list[str]:
    if row.state not in SENT_STATES:
        return [row.state]
    names = ["sent"] + ["delivered"] * (row.state != "sent") + ["read"] * (row.state == "read")
    return names + ["replied"] * (row.replied_at is not None)


def kept_counts(period: Period) -> dict[str, tuple[Counter[datetime], int]]:
    return {name: (+counts.by_bucket, counts.before) for name, counts in recipient_counts(period).items()}


def plain_answers(period: Period) -> Counter[datetime]:
    moments = Recipient.objects.exclude(replied_at=None).values_list("replied_at", flat=True)
    return Counter(bucket_of(at, period) for at in moments if at >= period.start)


def check() -> None:
    for days in DAYS:
        period = period_of(days, ZONE, AT)
        assert kept_counts(period) == plain_counts(period), days
        assert +answer_counts(period).by_bucket == plain_answers(period), days


def some_moment(chance: random.Random) -> datetime:
    """Return a moment, often near the edges of a period."""
    edge = chance.choice([period_of(days, ZONE, AT).before[1] for days in DAYS] + [AT, AT - timedelta(days=3)])
    return edge - timedelta(seconds=chance.randrange(-4_000, 4_000))


def change(chance: random.Random, campaigns: list[Campaign], channel: Any) -> None:
    campaign = chance.choice(campaigns)
    rows = Recipient.objects.filter(campaign=campaign)
    pks = list(rows.values_list("pk", flat=True))
    some = rows.filter(pk__in=chance.sample(pks, k=min(3, len(pks))))
    match chance.randrange(7):
        case 0:
            some.update(state=chance.choice(SENT_STATES), sent_at=some_moment(chance), channel=channel)
        case 1:
            some.update(state=chance.choice(["failed", "invalid"]), error_code="131026")
        case 2:
            some.update(state=chance.choice(["failed", "invalid"]), error_code="no_answer", sent_at=None)
        case 3:
            some.update(replied_at=some_moment(chance))
        case 4:
            some.update(state=chance.choice(RecipientState.values))
        case 5:
            some.update(replied_at=None)
        case _:
            some.filter(position__gt=14).delete()


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_dashboard_says_what_a_plain_count_says(
    in_acme: Organization, make_campaign: Any, make_channel: Any, make_list: Any, clock: Any, seed: int
) -> None:
    chance, channel = random.Random(seed), make_channel()
    campaigns = [
        lifecycle.start(make_campaign(lists=[make_list(20, first=100 * number)], channels=[channel]))
        for number in range(3)
    ]
    for number, campaign in enumerate(campaigns):
        Campaign.objects.filter(pk=campaign.pk).update(started_at=AT - timedelta(days=number * 6, minutes=10))
    for step in range(25):
        change(chance, campaigns, channel)
        if step % 8 == 0:
            fold(1)
        check()


def test_nor_does_anything_differ_when_campaigns_and_people_go(
    in_acme: Organization, make_campaign: Any, make_channel: Any, make_list: Any, clock: Any
) -> None:
    chance, channel = random.Random(9), make_channel()
    campaigns = [
        lifecycle.start(make_campaign(lists=[make_list(10, first=100 * number)], channels=[channel]))
        for number in range(3)
    ]
    for _step in range(12):
        change(chance, campaigns, channel)
    anonymise(Contact.objects.order_by("created_at")[0], actor=None)
    drain()
    check()
    archive(lifecycle.pause(campaigns[0]))
    check()
    lifecycle.cancel(campaigns[1])
    check()
    lifecycle.delete(Campaign.objects.get(pk=campaigns[1].pk))
    check()
    fold(1)
    check()


def test_a_foreign_business_counts_for_nothing(
    in_acme: Organization, carla: Any, make_campaign: Any, clock: Any
) -> None:
    with activate_organization(carla.organization_id):
        lifecycle.start(make_campaign(3))
        Recipient.objects.update(state="read", sent_at=AT, replied_at=AT)
    period = period_of(7, ZONE, AT)
    assert recipient_counts(period)["sent"].total == 0
    assert answer_counts(period).total == 0


def test_a_large_business_sees_of_when_the_slow_figures_are(
    in_acme: Organization, make_list: Any, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow, "MANY_CONTACTS", 3)
    forget_keys()
    make_list(4)
    assert (overview(in_acme, 7).leads_extracted, overview(in_acme, 7).slow_at) == (4, AT)
    make_list(2, first=50)
    clock.shift(timedelta(minutes=2))
    stale = overview(in_acme, 7)
    assert (stale.leads_extracted, stale.slow_at) == (4, AT)
    drain()
    fresh = overview(in_acme, 7)
    assert (fresh.leads_extracted, fresh.slow_at) == (6, AT + timedelta(minutes=2))


def test_a_small_business_sees_them_of_now(in_acme: Organization, make_list: Any, clock: Any) -> None:
    make_list(4)
    assert (overview(in_acme, 7).leads_extracted, overview(in_acme, 7).slow_at) == (4, None)
