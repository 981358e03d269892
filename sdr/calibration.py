"""Weights and thresholds learnt from what sellers say was hot, and whether they are any better than those in use.

A proposal is a rubric like any other: a better level never earns less than a worse one, nothing is negative, and all of it together
stays 130 points. The same leads always give the same proposal. The fit itself is :mod:`sdr.fitting`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType

from sdr.scoring import THRESHOLDS, Rubric

LEAST, LEAST_OF_EACH = 60, 15
# Every third lead only judges; the rules are fitted on the others.
HELD_OUT = 3
# One-sided 5 %: what is better by less may well be chance.
CHANCE = 1.64


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
    found = _with_thresholds(_fitting().fit(fitting, rubric), fitting)
    before, after = quality(rubric, judging), quality(found, judging)
    better = is_better(before, after) and not is_chance(rubric, found, judging)
    return Proposal(found, before, after, len(fitting), len(judging), "" if better else "not_better")


@cache
def _fitting() -> ModuleType:
    # Found when first used: the learning library takes seconds and a hundred megabytes, and only one job a month wants it.
    return import_module("sdr.fitting")


def is_better(before: Quality, after: Quality) -> bool:
    """Tell whether "quente" is truer and no fewer of the hot are missed for it; where it was always true, whether it finds more."""
    truer = after.precision > before.precision or before.precision == after.precision == 1
    return truer and (after.f1 > before.f1 or (after.f1 == before.f1 and after.precision > before.precision))


def is_chance(old: Rubric, new: Rubric, samples: Sequence[Sample]) -> bool:
    """Tell whether the leads on which the two rubrics differ could as well have been won by tossing a coin."""
    won = lost = 0
    for sample in samples:
        was, will = calls_hot(old, sample), calls_hot(new, sample)
        won += will == sample.was_hot != was
        lost += was == sample.was_hot != will
    return won - lost <= CHANCE * math.sqrt(won + lost)


def points_of(levels: Mapping[str, str], rubric: Rubric) -> int:
    return sum(
        rubric.weights[criterion].get(level, 0) for criterion, level in levels.items() if criterion in rubric.weights
    )


def calls_hot(rubric: Rubric, sample: Sample) -> bool:
    return points_of(sample.levels, rubric) >= rubric.thresholds["quente"]


def quality(rubric: Rubric, samples: Sequence[Sample]) -> Quality:
    """Judge the rubric's "quente" on these leads."""
    called = [sample for sample in samples if calls_hot(rubric, sample)]
    right = sum(sample.was_hot for sample in called)
    hot = sum(sample.was_hot for sample in samples)
    return Quality(right / len(called) if called else 0.0, right / hot if hot else 0.0)


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
