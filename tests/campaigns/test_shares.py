"""Who gets which wording while a campaign runs: by weight, by the answers so far, or the one that was chosen."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Membership, Organization, User
from campaigns.errors import CampaignStateError
from campaigns.models import Campaign, Recipient, Split
from campaigns.services import lifecycle, shares
from campaigns.services.drafts import VariantDraft
from campaigns.services.recipients import Decision, confirm_unknown
from campaigns.services.shares import LEAST_SENT, RIPE, WHOLE, shares_of, shift, shift_shares, use_only
from campaigns.statistics import Sample
from core.tenancy import activate_organization
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]
TWO = [VariantDraft("A para {nome}"), VariantDraft("B para {nome}")]


@pytest.fixture
def running(in_acme: Organization, make_campaign: Any) -> Callable[..., Campaign]:
    def make(count: int = 400, split: str = Split.AUTOMATIC, **values: Any) -> Campaign:
        return lifecycle.start(make_campaign(count, variants=values.pop("variants", TWO), split=split, **values))

    return make


def sent(campaign: Campaign, rates: dict[str, float], each: int, ago: timedelta = 2 * RIPE) -> None:
    """Let ``each`` of every wording have left, of whom a part has answered."""
    at = timezone.now() - ago
    for label, rate in rates.items():
        ids = list(mine(campaign).filter(variant__label=label, state="queued").values_list("pk", flat=True)[:each])
        assert len(ids) == each
        Recipient.objects.filter(pk__in=ids).update(state="sent", sent_at=at, attempts=1)
        Recipient.objects.filter(pk__in=ids[: round(each * rate)]).update(replied_at=at)


def mine(campaign: Campaign) -> Any:
    return Recipient.objects.filter(campaign=campaign).order_by("position")


def in_line(campaign: Campaign) -> Counter[str]:
    return Counter(mine(campaign).filter(state="queued").values_list("variant__label", flat=True))


def texts(campaign: Campaign, **chosen: Any) -> dict[UUID, tuple[str, UUID]]:
    rows = mine(campaign).filter(**chosen).values_list("pk", "body", "variant_id")
    return {pk: (body, variant_id) for pk, body, variant_id in rows}


# ---- The shares themselves


def test_nothing_moves_before_each_was_sent_often_enough() -> None:
    assert shares_of([Sample(LEAST_SENT - 1, 40), Sample(5_000, 0)], "x") == [0, 0]
    assert shares_of([Sample(LEAST_SENT, 40), Sample(LEAST_SENT, 0)], "x") != [0, 0]
    assert shares_of([Sample(5_000, 100)], "x") == [0]


@pytest.mark.parametrize("count", [2, 3, 7, 20])
def test_shares_add_up_and_nobody_starves(count: int) -> None:
    found = shares_of([Sample(200, 60), *[Sample(200, 2)] * (count - 1)], "x")
    assert sum(found) == WHOLE
    assert found[0] > 850
    assert min(found) >= int(100 / count)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_best_of_three_is_found_on_simulated_people(seed: int) -> None:
    dice = random.Random(seed)
    rates, counts = [0.04, 0.06, 0.14], [[0, 0], [0, 0], [0, 0]]
    for _round in range(20):
        found = shares_of([Sample(*one) for one in counts], "x")
        weights = found if any(found) else [1, 1, 1]
        for arm in dice.choices(range(3), weights, k=150):
            counts[arm][0] += 1
            counts[arm][1] += dice.random() < rates[arm]
    final = shares_of([Sample(*one) for one in counts], "x")
    assert final[2] > 900
    assert counts[2][0] > 2 * (counts[0][0] + counts[1][0])


# ---- In a campaign


def test_weights_are_honoured(running: Callable[..., Campaign]) -> None:
    campaign = running(800, Split.WEIGHTS, variants=[VariantDraft("A", 3), VariantDraft("B", 1)])
    found = in_line(campaign)
    # 800 draws with p = 3/4: six standard deviations are 74.
    assert abs(found["A"] - 600) < 74 and found["A"] + found["B"] == 800


def test_more_people_get_what_is_answered_more(running: Callable[..., Campaign]) -> None:
    campaign = running()
    sent(campaign, {"A": 0.02, "B": 0.4}, 60)
    frozen = texts(campaign, state="sent")
    assert shift(campaign.pk) > 0
    campaign.refresh_from_db()
    found = in_line(campaign)
    assert sum(campaign.shares.values()) == WHOLE
    assert found["B"] > 0.85 * sum(found.values()) and found["A"] > 0
    assert texts(campaign, state="sent") == frozen
    for label in "AB":
        assert all(
            body.startswith(f"{label} para Pessoa")
            for body, _v in texts(campaign, state="queued", variant__label=label).values()
        )


def test_a_second_round_with_the_same_answers_changes_nothing(running: Callable[..., Campaign]) -> None:
    campaign = running()
    sent(campaign, {"A": 0.02, "B": 0.4}, 60)
    shift(campaign.pk)
    before = texts(campaign)
    assert shift(campaign.pk) == 0
    assert texts(campaign) == before


def test_too_few_sent_or_too_fresh_moves_nothing(running: Callable[..., Campaign]) -> None:
    campaign = running()
    sent(campaign, {"A": 0.0, "B": 0.5}, LEAST_SENT - 10)
    sent(campaign, {"A": 0.0, "B": 0.5}, 30, ago=timedelta(minutes=1))
    before = texts(campaign)
    assert shift(campaign.pk) == 0
    assert texts(campaign) == before
    campaign.refresh_from_db()
    assert campaign.shares == {}


def test_by_weight_answers_move_nothing(running: Callable[..., Campaign]) -> None:
    campaign = running(split=Split.WEIGHTS)
    sent(campaign, {"A": 0.0, "B": 0.5}, 60)
    before = texts(campaign)
    shift_shares()
    assert texts(campaign) == before


@pytest.mark.parametrize(
    "claimed",
    [{"state": "sending", "attempts": 1}, {"attempts": 1}, {"next_attempt_at": timezone.now()}, {"state": "unknown"}],
    ids=["leaving", "tried", "tries again", "in doubt"],
)
def test_what_was_ever_claimed_keeps_its_text(running: Callable[..., Campaign], claimed: dict[str, Any]) -> None:
    campaign = running()
    sent(campaign, {"A": 0.02, "B": 0.4}, 60)
    ids = list(mine(campaign).filter(state="queued", variant__label="A").values_list("pk", flat=True)[:50])
    Recipient.objects.filter(pk__in=ids).update(**claimed)
    before = texts(campaign, pk__in=ids)
    assert shift(campaign.pk) > 0
    assert texts(campaign, pk__in=ids) == before


def test_a_claim_in_the_middle_of_a_round_wins(
    running: Callable[..., Campaign], monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = running()
    sent(campaign, {"A": 0.02, "B": 0.4}, 60)
    ids = list(mine(campaign).filter(state="queued", variant__label="A").values_list("pk", flat=True)[:50])
    before = texts(campaign, pk__in=ids)
    word = shares._write

    def late(one: Campaign, rows: Any) -> int:
        Recipient.objects.filter(pk__in=ids).update(state="sending", attempts=1)  # between the look and the writing
        return word(one, rows)

    monkeypatch.setattr(shares, "_write", late)
    shift(campaign.pk)
    assert texts(campaign, pk__in=ids) == before


def test_a_round_that_dies_half_way_is_finished_by_the_next(
    running: Callable[..., Campaign], monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = running()
    sent(campaign, {"A": 0.02, "B": 0.4}, 60)
    monkeypatch.setattr(shares, "BATCH", 20)
    word = shares._write
    done: list[int] = []

    def dies(one: Campaign, rows: Any) -> int:
        if len(done) == 3:
            raise SystemExit
        done.append(word(one, rows))
        return done[-1]

    monkeypatch.setattr(shares, "_write", dies)
    with pytest.raises(SystemExit):
        shift(campaign.pk)
    monkeypatch.setattr(shares, "_write", word)
    assert shift(campaign.pk) > 0
    whole = texts(campaign)
    campaign.refresh_from_db()
    assert shift(campaign.pk) == 0 and texts(campaign) == whole
    found = in_line(campaign)
    assert found["B"] > 0.85 * sum(found.values())


def test_somebody_who_would_get_an_empty_text_keeps_the_other(
    running: Callable[..., Campaign], make_list: Any, make_contact: Any
) -> None:
    people = [make_contact(number, "x") for number in range(200)]
    for one in people:
        one.name = ""
        one.save()
    campaign = running(variants=[VariantDraft("A"), VariantDraft("B")], lists=[make_list(contacts=people)])
    variant = campaign.variants.get(label="B")
    variant.body = "{nome}"
    variant.save()
    use_only(campaign, variant)
    drain()
    assert set(in_line(campaign)) == {"A", "B"}
    assert all(body for body, _variant in texts(campaign, state="queued").values())


def test_a_round_asks_few_questions_whatever_the_size(
    running: Callable[..., Campaign], django_assert_max_num_queries: Any
) -> None:
    campaign = running(600)
    sent(campaign, {"A": 0.02, "B": 0.4}, 60)
    with django_assert_max_num_queries(20):
        shift(campaign.pk)


# ---- The winner alone


def test_the_chosen_one_goes_to_everybody_in_line(running: Callable[..., Campaign], bruno: Membership) -> None:
    campaign = running(100, Split.WEIGHTS)
    sent(campaign, {"A": 0.1, "B": 0.1}, 10)
    frozen = texts(campaign, state="sent")
    use_only(campaign, campaign.variants.get(label="A"), actor=bruno)
    drain()
    assert set(in_line(campaign)) == {"A"}
    assert texts(campaign, state="sent") == frozen
    assert AuditEntry.objects.filter(action="campaign.variant_chosen").count() == 1


def test_a_lost_bell_of_the_choice_is_made_up_for(running: Callable[..., Campaign]) -> None:
    campaign = running(100, Split.WEIGHTS)
    Campaign.objects.filter(pk=campaign.pk).update(shares={str(campaign.variants.get(label="B").pk): WHOLE})
    shift_shares()
    assert set(in_line(campaign)) == {"B"}


def test_an_unconfirmed_one_sent_again_keeps_its_words(running: Callable[..., Campaign]) -> None:
    campaign = running(40, Split.WEIGHTS)
    doubtful = mine(campaign).filter(variant__label="A").first()
    Recipient.objects.filter(pk=doubtful.pk).update(state="unknown", attempts=1)
    doubtful.refresh_from_db()
    confirm_unknown(doubtful, Decision.RESEND)
    use_only(campaign, campaign.variants.get(label="B"))
    drain()
    doubtful.refresh_from_db()
    assert (doubtful.state, doubtful.variant.label, doubtful.body[:1]) == ("queued", "A", "A")


def test_nobody_in_line_any_more_is_refused(running: Callable[..., Campaign]) -> None:
    campaign = running(3)
    lifecycle.cancel(campaign)
    with pytest.raises(CampaignStateError):
        use_only(campaign, campaign.variants.get(label="A"))


def test_the_button_of_the_report_chooses(bruno: Membership, login: Login, running: Callable[..., Campaign]) -> None:
    campaign = running(60)
    client, path = login(bruno), f"/campanhas/{campaign.pk}/"
    page = client.get(path).content.decode()
    assert page.count("Usar só esta") == 2
    variant = campaign.variants.get(label="B")
    answer = client.post(f"{path}variacoes/{variant.pk}/usar/")
    assert answer["Location"] == path
    page = client.get(path).content.decode()
    assert page.count("Usar só esta") == 1
    drain()
    assert set(in_line(campaign)) == {"B"}


def test_a_viewer_and_another_business_choose_nothing(
    vera: Membership, carla: Membership, login: Login, running: Callable[..., Campaign], in_acme: Organization
) -> None:
    campaign = running(3)
    path = f"/campanhas/{campaign.pk}/variacoes/{campaign.variants.get(label='A').pk}/usar/"
    assert login(vera).post(path).status_code == 403
    assert login(carla).post(path).status_code == 404
    with activate_organization(in_acme.pk):
        assert Campaign.objects.get(pk=campaign.pk).shares == {}


def test_a_wording_of_another_campaign_is_none(
    bruno: Membership, login: Login, running: Callable[..., Campaign], make_campaign: Any
) -> None:
    campaign, other = running(3), make_campaign(3, lists=[_first_list()])
    answer = login(bruno).post(f"/campanhas/{campaign.pk}/variacoes/{other.variants.get().pk}/usar/")
    assert answer.status_code == 404


def _first_list() -> Any:
    return Campaign.objects.first().lists.first()


def test_a_round_that_began_before_a_wording_was_chosen_changes_nothing_after_it(running: Any) -> None:
    campaign = running()
    sent(campaign, {"A": 0.5, "B": 0.05}, LEAST_SENT)
    shift(campaign.pk)
    before = Campaign.objects.get(pk=campaign.pk)
    use_only(campaign, campaign.variants.get(label="B"))
    drain()
    assert set(in_line(campaign)) == {"B"}
    assert shares.reword(before, before.total) == 0
    assert set(in_line(campaign)) == {"B"}
