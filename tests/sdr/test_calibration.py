import random

import pytest

from sdr.calibration import LEAST, Quality, Sample, fit, points_of, propose, quality
from sdr.scoring import LEVELS, TOP, Rubric

DICE = random.Random(7)


def lead() -> dict[str, str]:
    return {criterion: DICE.choice([*levels, ""]) for criterion, levels in LEVELS.items()}


def judged(count: int, hot: "tuple[str, ...]" = ("location",)) -> list[Sample]:
    """Leads of a business whose sellers look at these criteria alone: near means hot."""
    best = {criterion: max(levels, key=lambda level, of=levels: of[level]) for criterion, levels in LEVELS.items()}  # type: ignore[misc]
    found = [{name: level for name, level in lead().items() if level} for _ in range(count)]
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


def test_words_at_random_change_nothing() -> None:
    samples = [Sample(one.levels, DICE.random() < 0.5) for one in judged(300)]
    found = propose(samples, Rubric())
    assert found.reason == "not_better" or found.after.precision >= found.before.precision


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
