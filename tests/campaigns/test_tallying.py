"""The counts that pages read are those of the recipients at every moment, however they change."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Sum

from accounts.models import Organization
from campaigns.models import AnswerTally, Campaign, Recipient, RecipientState, SkipReason, Tally
from campaigns.queries.figures import stats, tally
from campaigns.services import lifecycle
from campaigns.services.drafts import VariantDraft
from campaigns.services.tallying import fold

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
Place = tuple[Any, ...]


def counted(campaign: Campaign) -> dict[Place, tuple[int, int]]:
    """Return the counts as the recipients say them: (people, answered) by place."""
    people: Counter[Place] = Counter()
    replied: Counter[Place] = Counter()
    for row in Recipient.objects.filter(campaign=campaign):
        reason = {"skipped": row.skip_reason, "failed": row.error_code, "invalid": row.error_code}.get(row.state, "")
        hour = row.sent_at and row.sent_at.replace(minute=0, second=0, microsecond=0)
        place = (row.variant_id, row.channel_id, row.state, reason, hour)
        people[place] += 1
        replied[place] += row.replied_at is not None
    return {place: (count, replied[place]) for place, count in people.items()}


def kept(campaign: Campaign) -> dict[Place, tuple[int, int]]:
    rows = Tally.objects.filter(campaign=campaign).values_list("variant_ref", "channel_ref", "state", "reason", "hour")
    found = {row[:5]: (row[5], row[6]) for row in rows.annotate(Sum("people"), Sum("replied"))}
    return {place: counts for place, counts in found.items() if counts != (0, 0)}


def answered(campaign: Campaign) -> dict[datetime, int]:
    """Return the answers by the hour as the recipients say them."""
    moments = Recipient.objects.filter(campaign=campaign).exclude(replied_at=None).values_list("replied_at", flat=True)
    return dict(Counter(at.replace(minute=0, second=0, microsecond=0) for at in moments))


def kept_answers(campaign: Campaign) -> dict[datetime, int]:
    rows = AnswerTally.objects.filter(campaign=campaign).values_list("hour").annotate(count=Sum("people"))
    return dict(rows.exclude(count=0))


def change(chance: random.Random, campaign: Campaign, channels: list[Any]) -> None:
    """Do to some recipients at once what senders, receipts, people and erasures do."""
    rows = Recipient.objects.filter(campaign=campaign)
    some = rows.filter(pk__in=chance.sample(list(rows.values_list("pk", flat=True)), k=min(3, rows.count())))
    at = NOON + timedelta(minutes=chance.randrange(400))
    state = chance.choice(RecipientState.values)
    match chance.randrange(6):
        case 0:
            some.update(state=state, sent_at=at, channel=chance.choice(channels))
        case 1:
            some.update(state="failed", error_code=chance.choice(["131026", "no_answer", ""]), replied_at=None)
        case 2:
            some.update(replied_at=at)
        case 3:
            some.update(state="skipped", skip_reason=chance.choice([SkipReason.OPTED_OUT, SkipReason.CANCELLED]))
        case 4:
            some.update(body="Outro", phone="")
        case _:
            some.filter(position__gt=20).delete()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_counts_are_those_of_the_recipients(
    in_acme: Organization, make_campaign: Any, make_channel: Any, seed: int
) -> None:
    chance, channels = random.Random(seed), [make_channel("Um"), make_channel("Dois")]
    variants = [VariantDraft("Oi!"), VariantDraft("Olá, {nome}!")]
    campaign = lifecycle.start(make_campaign(24, variants=variants, channels=channels))
    for step in range(40):
        change(chance, campaign, channels)
        if step % 9 == 0:
            fold(1)
        assert kept(campaign) == counted(campaign)
        assert kept_answers(campaign) == answered(campaign)
    fold(1)
    assert kept(campaign) == counted(campaign)
    assert kept_answers(campaign) == answered(campaign)
    assert sum(part.people for part in tally(campaign)) == Recipient.objects.count()


def test_what_is_undone_was_never_counted(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign(3))
    with pytest.raises(RuntimeError), transaction.atomic():
        Recipient.objects.update(state="sent", sent_at=NOON)
        assert stats(campaign).sent == 3
        raise RuntimeError
    assert (stats(campaign).sent, stats(campaign).pending) == (0, 3)


def test_folding_leaves_one_row_a_place_and_no_empty_one(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign(5))
    for row in Recipient.objects.all():
        Recipient.objects.filter(pk=row.pk).update(state="sending")
        Recipient.objects.filter(pk=row.pk).update(state="sent", sent_at=NOON)
    assert Tally.objects.count() > 5
    fold(1_000)
    assert Tally.objects.count() > 5, "so few are left alone"
    fold(1)
    assert [(row.state, row.people, row.folded) for row in Tally.objects.all()] == [("sent", 5, True)]
    fold(0)
    assert stats(campaign).sent == 5


def test_a_deleted_campaign_leaves_no_counts(in_acme: Organization, make_campaign: Any, make_list: Any) -> None:
    lists = [make_list(3)]
    by_page, by_cascade = (lifecycle.start(make_campaign(lists=lists)) for _number in range(2))
    Recipient.objects.update(state="read", sent_at=NOON, replied_at=NOON)
    lifecycle.pause(by_page)
    lifecycle.delete(by_page)
    assert not any(model.objects.filter(campaign=by_page.pk).exists() for model in (Tally, AnswerTally))
    by_cascade.delete()
    fold()
    assert not any(model.objects.exists() for model in (Tally, AnswerTally))


def test_answers_that_came_before_they_were_counted_are_counted_once(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign(6))
    rows = list(Recipient.objects.order_by("position"))
    for number, row in enumerate(rows[:4]):
        Recipient.objects.filter(pk=row.pk).update(replied_at=NOON + timedelta(minutes=25 * number))
    AnswerTally.objects.all().delete()
    # Of these one came, and one was taken back, when the triggers counted already.
    Recipient.objects.filter(pk=rows[4].pk).update(replied_at=NOON)
    Recipient.objects.filter(pk=rows[0].pk).update(replied_at=None)
    migration = import_module("campaigns.migrations.0019_answers_before")
    for _run in range(2):
        migration.count_before(apps, SimpleNamespace(connection=connection))
        assert kept_answers(campaign) == answered(campaign) == {NOON: 3, NOON + timedelta(hours=1): 1}


def test_a_change_that_moves_nobody_adds_no_row(in_acme: Organization, make_campaign: Any) -> None:
    lifecycle.start(make_campaign(3))
    before = Tally.objects.count()
    Recipient.objects.update(body="Outro texto", attempts=2)
    assert Tally.objects.count() == before
