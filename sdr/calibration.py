"""Weights and thresholds learnt from what sellers say was hot: a logistic model whose weights can be read as points.

A better level never earns less than a worse one, nothing is negative, and all of it together stays 130 points, so that the outcome is a
rubric like any other. The same leads always give the same proposal.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sdr.scoring import LEVELS, THRESHOLDS, TOP, Rubric

LEAST, LEAST_OF_EACH = 60, 15
# Every third lead only judges; the rules are fitted on the others.
HELD_OUT = 3
ROUNDS, STEP = 400, 0.5
# How strongly few leads are held to the weights in use, in leads.
CAUTION = 20.0
LADDERS = {criterion: sorted(levels, key=lambda level, of=levels: of[level]) for criterion, levels in LEVELS.items()}  # type: ignore[misc]
STEPS = [(criterion, level) for criterion, levels in LADDERS.items() for level in levels]


@dataclass(frozen=True)
class Sample:
    """What was known of a lead, {criterion: level}, and whether the seller found it hot."""

    levels: Mapping[str, str]
    was_hot: bool


@dataclass(frozen=True)
class Quality:
    """How well "quente" meets what sellers call hot."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def as_dict(self) -> dict[str, float]:
        return {
            "precision": round(100 * self.precision, 1),
            "recall": round(100 * self.recall, 1),
            "f1": round(100 * self.f1, 1),
        }


@dataclass(frozen=True)
class Proposal:
    """``reason`` is empty where the new rubric is better on leads that it was not fitted on: few, one_sided or not_better."""

    rubric: Rubric
    before: Quality
    after: Quality
    fitted: int
    judged: int
    reason: str = ""


def propose(samples: Sequence[Sample], rubric: Rubric) -> Proposal:
    """Fit on two thirds, judge on the third; the order of the samples decides which is which."""
    nothing = Quality(0.0, 0.0)
    if len(samples) < LEAST:
        return Proposal(rubric, nothing, nothing, 0, len(samples), "few")
    hot, cold = [s for s in samples if s.was_hot], [s for s in samples if not s.was_hot]
    if min(len(hot), len(cold)) < LEAST_OF_EACH:
        return Proposal(rubric, nothing, nothing, 0, len(samples), "one_sided")
    judging = [*hot[::HELD_OUT], *cold[::HELD_OUT]]
    fitting = [sample for group in (hot, cold) for place, sample in enumerate(group) if place % HELD_OUT]
    found = fit(fitting, rubric)
    before, after = quality(rubric, judging), quality(found, judging)
    better = after.f1 > before.f1 and after.precision >= before.precision
    return Proposal(found, before, after, len(fitting), len(judging), "" if better else "not_better")


def points_of(levels: Mapping[str, str], rubric: Rubric) -> int:
    return sum(
        rubric.weights[criterion].get(level, 0) for criterion, level in levels.items() if criterion in rubric.weights
    )


def quality(rubric: Rubric, samples: Sequence[Sample]) -> Quality:
    """Judge the rubric's "quente" on these leads."""
    called = [sample for sample in samples if points_of(sample.levels, rubric) >= rubric.thresholds["quente"]]
    right = sum(sample.was_hot for sample in called)
    hot = sum(sample.was_hot for sample in samples)
    return Quality(right / len(called) if called else 0.0, right / hot if hot else 0.0)


def fit(samples: Sequence[Sample], rubric: Rubric) -> Rubric:
    """Return the rubric that tells these hot leads from the others best, not far from the one in use where leads are few."""
    rows = [(_climbed(sample.levels), 1.0 if sample.was_hot else 0.0) for sample in samples]
    start = _rises(rubric)
    scale = 6.0 / TOP
    rises, bias = [rise * scale for rise in start], -rubric.thresholds["quente"] * scale
    held = CAUTION / len(rows)
    for _round in range(ROUNDS):
        slopes, tilt = [0.0] * len(rises), 0.0
        for climbed, label in rows:
            miss = _likely(bias + sum(rises[step] for step in climbed)) - label
            tilt += miss
            for step in climbed:
                slopes[step] += miss
        bias -= STEP * tilt / len(rows)
        rises = [
            max(0.0, rise - STEP * (slopes[step] / len(rows) + held * 0.1 * (rise - start[step] * scale)))
            for step, rise in enumerate(rises)
        ]
    return _with_thresholds(_as_points(rises, rubric), samples)


def _climbed(levels: Mapping[str, str]) -> list[int]:
    """Return the steps of every ladder up to the level that was reached."""
    reached: list[int] = []
    for criterion, ladder in LADDERS.items():
        if (level := levels.get(criterion)) in ladder:
            first = STEPS.index((criterion, ladder[0]))
            reached += range(first, first + ladder.index(level) + 1)
    return reached


def _rises(rubric: Rubric) -> list[float]:
    rises: list[float] = []
    for criterion, ladder in LADDERS.items():
        points = [rubric.weights[criterion][level] for level in ladder]
        rises += [max(0.0, float(high - low)) for low, high in zip([0, *points], points, strict=False)]
    return rises


def _likely(value: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))


def _as_points(rises: Sequence[float], rubric: Rubric) -> Rubric:
    total = sum(rises)
    if not total:
        return rubric
    weights: dict[str, dict[str, int]] = {}
    place = 0
    for criterion, ladder in LADDERS.items():
        reached = 0.0
        weights[criterion] = {}
        for level in ladder:
            reached += rises[place]
            place += 1
            # Rounded down: together the best levels never pass the top.
            weights[criterion][level] = math.floor(reached * TOP / total)
    return Rubric(weights, rubric.thresholds)


def _with_thresholds(rubric: Rubric, samples: Sequence[Sample]) -> Rubric:
    """Put "quente" where precision and recall balance best; the others keep their distance to it."""
    totals = sorted({points_of(sample.levels, rubric) for sample in samples})
    tried = [_limits(total) for total in totals if total >= 3]
    rubrics = [
        Rubric(rubric.weights, limits) for limits in tried if limits["quente"] > limits["morno"] > limits["frio"] > 0
    ]
    return max(rubrics, key=lambda one: (quality(one, samples).f1, one.thresholds["quente"]), default=rubric)


def _limits(hot: int) -> dict[str, int]:
    return {
        name: hot if name == "quente" else round(hot * limit / THRESHOLDS["quente"])
        for name, limit in THRESHOLDS.items()
    }
