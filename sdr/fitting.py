"""The fit of the score: a logistic regression of scikit-learn whose coefficients can be read as points.

Each criterion is a ladder of levels, each step of a ladder one column: whoever stands on a level has climbed all steps below it. A
coefficient is then what one more step adds, and steps that would take points away are left out until none does. Few leads are held to
the weights in use by leads that nobody has met, judged as those weights judge them; many leads outweigh them.
"""

import math
from collections.abc import Mapping, Sequence

from sklearn.linear_model import LogisticRegression

from sdr.calibration import Sample, points_of
from sdr.scoring import LEVELS, TOP, Rubric

LADDERS = {criterion: sorted(levels, key=lambda level, of=levels: of[level]) for criterion, levels in LEVELS.items()}  # type: ignore[misc]
STEPS = [(criterion, level) for criterion, levels in LADDERS.items() for level in levels]
# How many leads those that nobody has met weigh together.
CAUTION = 20.0
# One point of the rubric, in log-odds: from nothing to everything is six, from surely not to surely hot.
ODDS_OF_A_POINT = 6.0 / TOP
# Hardly any pull to zero: it is the unmet leads that keep the coefficients in their place.
LOOSENESS = 1_000.0
ROUNDS = 200
DIGITS = 4

Row = list[int]


def fit(samples: Sequence[Sample], rubric: Rubric) -> Rubric:
    """Return the weights that tell these hot leads from the others best; the thresholds are left as they are."""
    rows, labels, weights = (
        [_climbed(sample.levels) for sample in samples],
        [int(s.was_hot) for s in samples],
        [1.0] * len(samples),
    )
    imagined = _imagined()
    share = CAUTION / len(imagined)
    for levels in imagined:
        likely = _likely((points_of(levels, rubric) - rubric.thresholds["quente"]) * ODDS_OF_A_POINT)
        rows += [_climbed(levels)] * 2
        labels += [1, 0]
        weights += [share * likely, share * (1 - likely)]
    return _as_points(_rises(rows, labels, weights), rubric)


def _rises(rows: Sequence[Row], labels: Sequence[int], weights: Sequence[float]) -> list[float]:
    """Return what each step adds, in log-odds, none below zero."""
    kept = list(range(len(STEPS)))
    while kept:
        model = LogisticRegression(C=LOOSENESS, solver="newton-cholesky", max_iter=ROUNDS)
        model.fit([[row[step] for step in kept] for row in rows], labels, sample_weight=weights)
        # Rounded: the last digits differ from one processor to the next, and a proposal must not.
        found = {step: round(float(rise), DIGITS) for step, rise in zip(kept, model.coef_[0], strict=True)}
        if min(found.values()) >= 0:
            return [found.get(step, 0.0) for step in range(len(STEPS))]
        kept = [step for step in kept if found[step] >= 0]
    return [0.0] * len(STEPS)


def _imagined() -> list[dict[str, str]]:
    """Return each level once with nothing else known, once with the middle and once with the best of all else."""
    companions: list[dict[str, str]] = [
        {},
        {criterion: ladder[len(ladder) // 2] for criterion, ladder in LADDERS.items()},
        {criterion: ladder[-1] for criterion, ladder in LADDERS.items()},
    ]
    return [{**others, criterion: level} for others in companions for criterion, level in STEPS]


def _climbed(levels: Mapping[str, str]) -> Row:
    """Return one column per step: 1 for those up to the level that was reached."""
    return [
        int(
            levels.get(criterion) in (ladder := LADDERS[criterion])
            and ladder.index(levels[criterion]) >= ladder.index(level)
        )
        for criterion, level in STEPS
    ]


def _likely(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def _as_points(rises: Sequence[float], rubric: Rubric) -> Rubric:
    total = sum(rises)
    if not total:
        return rubric
    weights: dict[str, dict[str, int]] = {criterion: {} for criterion in LADDERS}
    reached = dict.fromkeys(LADDERS, 0.0)
    for (criterion, level), rise in zip(STEPS, rises, strict=True):
        reached[criterion] += rise
        # Rounded down: together the best levels never pass the top.
        weights[criterion][level] = math.floor(reached[criterion] * TOP / total)
    return Rubric(weights, rubric.thresholds)
