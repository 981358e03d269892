import random

import pytest

from sdr.calibration import LEAST, Quality, Sample, is_better, is_chance, points_of, propose, quality
from sdr.fitting import fit
from sdr.scoring import LEVELS, TOP, Rubric


def judged(count: int, hot: "tuple[str, ...]" = ("location",), seed: int = 7) -> list[Sample]:
    """Leads of a business whose sellers look at these criteria alone: near means hot."""
    best = {criterion: max(levels, key=lambda level, of=levels: of[level]) for criterion, levels in LEVELS.items()}  # type: ignore[misc]
    dice = random.Random(seed)
    leads = [{criterion: dice.choice([*levels, ""]) for criterion, levels in LEVELS.items()} for _ in range(count)]
    found = [{name: level for name, level in lead.items() if level} for lead in leads]
    return [Sample(levels, all(levels.get(name) == best[name] for name in hot)) for levels in found]


def test_what_sellers_look_at_weighs_more_and_judges_unseen_leads_better() -> None:
    found = propose(judged(400), Rubric())
    assert found.reason == ""
    assert found.after.f1 > found.before.f1 + 0.2
    assert found.after.precision >= found.before.precision
    assert found.rubric.maximum("location") > Rubric().maximum("location")
    assert found.judged + found.fitted == 400


def test_a_proposal_is_a_rubric_like_any_other() -> None:
    rubric = propose(judged(300, ("urgency", "interest")), Rubric()).rubric
    assert Rubric.from_json(rubric.as_json()) == rubric
    assert sum(map(rubric.maximum, rubric.weights)) <= TOP
    for criterion, levels in LEVELS.items():
        ladder = sorted(levels, key=lambda level, of=levels: of[level])  # type: ignore[misc]
        points = [rubric.weights[criterion][level] for level in ladder]
        assert points == sorted(points)


def test_the_same_leads_give_the_same_proposal() -> None:
    samples = judged(200)
    assert propose(samples, Rubric()) == propose(samples, Rubric())


def test_a_rubric_that_is_right_already_is_left_alone() -> None:
    rubric = Rubric()
    samples = [Sample(one.levels, points_of(one.levels, rubric) >= rubric.thresholds["quente"]) for one in judged(400)]
    found = propose(samples, rubric)
    assert found.before == Quality(1.0, 1.0)
    assert found.reason == "not_better"


def test_words_at_random_are_seldom_taken_for_a_lesson() -> None:
    dice = random.Random(11)
    proposals = [
        propose([Sample(one.levels, dice.random() < 0.4) for one in judged(240, seed=business)], Rubric())
        for business in range(30)
    ]
    assert sum(found.reason == "" for found in proposals) <= 3


@pytest.mark.parametrize("seed", range(6))
def test_five_hundred_leads_make_quente_truer_or_nothing_is_proposed(seed: int) -> None:
    dice = random.Random(seed)
    samples = []
    for _lead in range(500):
        levels = {criterion: dice.choice([*names, ""]) for criterion, names in LEVELS.items()}
        # What these sellers look at: the place, then the hurry; every twentieth word is a slip.
        worth = {"inside": 60}.get(levels["location"], 0) + {"week": 40, "month": 30}.get(levels["urgency"], 0)
        samples.append(
            Sample({name: level for name, level in levels.items() if level}, (worth >= 60) != (dice.random() < 0.05))
        )
    found = propose(samples, Rubric())
    assert found.reason == "" and found.after.precision > found.before.precision
    assert found.after.f1 > found.before.f1


def test_sellers_who_want_the_opposite_give_no_weight_below_zero() -> None:
    samples = [Sample(one.levels, not one.was_hot) for one in judged(400, ("urgency",))]
    rubric = fit(samples, Rubric())
    points = [points for levels in rubric.weights.values() for points in levels.values()]
    assert min(points) >= 0
    assert rubric.maximum("urgency") < Rubric().maximum("urgency")


def test_what_nobody_was_keeps_about_the_weight_that_it_had() -> None:
    # All leads are known alike but for the place, which decides three times of four: of the rest there is nothing to learn.
    levels = {"urgency": "month", "interest": "named", "knowledge": "read", "name": "first", "engagement": "most"}
    samples = [
        Sample({**levels, "location": place}, (place == "inside") != (number % 8 < 2))
        for number, place in enumerate(("inside", "outside") * 100)
    ]
    rubric = fit(samples, Rubric())
    assert rubric.maximum("location") > 20
    assert rubric.maximum("urgency") > rubric.maximum("interest") > rubric.maximum("knowledge") > rubric.maximum("name")


@pytest.mark.parametrize(
    ("before", "after", "better"),
    [
        (Quality(0.5, 0.5), Quality(0.6, 0.5), True), (Quality(0.5, 0.5), Quality(0.5, 0.9), False),
        (Quality(0.5, 0.9), Quality(0.9, 0.1), False), (Quality(1, 0.3), Quality(1, 0.8), True),
        (Quality(1, 0.8), Quality(1, 0.8), False), (Quality(1, 0.8), Quality(0.9, 1), False), (Quality(0, 0), Quality(0.4, 0.4), True),
    ],
)  # fmt: skip
def test_better_is_truer_without_missing_more(before: Quality, after: Quality, better: bool) -> None:
    assert is_better(before, after) is better


def test_a_lead_or_two_may_be_chance() -> None:
    rubric, strict = Rubric(), Rubric(thresholds={"quente": 120, "morno": 60, "frio": 30})
    cold = Sample({"urgency": "week", "interest": "asks", "knowledge": "done"}, was_hot=False)
    assert is_chance(rubric, rubric, [cold] * 50)
    assert is_chance(rubric, strict, [cold] * 2)
    assert not is_chance(rubric, strict, [cold] * 3)
    assert is_chance(strict, rubric, [cold] * 50)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [([], "few"), (judged(LEAST - 1), "few"), ([Sample({"name": "full"}, True)] * 200, "one_sided")],
    ids=["none", "few", "one-sided"],
)
def test_too_little_is_refused(samples: list[Sample], reason: str) -> None:
    found = propose(samples, Rubric())
    assert (found.reason, found.rubric) == (reason, Rubric())


def test_few_leads_move_the_weights_less_than_many() -> None:
    def moved(count: int) -> int:
        rubric = fit(judged(count), Rubric())
        return sum(
            abs(rubric.weights[c][level] - points) for c, levels in LEVELS.items() for level, points in levels.items()
        )

    assert moved(30) < moved(3000) * 2


def test_quality_of_nobody_is_nothing() -> None:
    assert quality(Rubric(), []) == Quality(0.0, 0.0)
