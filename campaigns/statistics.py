"""What two counts of answers say about two wordings: proper tests, exact where the numbers are small; no database."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, erfc, exp, lgamma, sqrt
from statistics import NormalDist

# Below this many expected in some cell the normal curve is no good guess, and the exact test is used.
SMALL = 10
CONFIDENCE, POWER = 0.95, 0.80
DRAWS = 2_000


@dataclass(frozen=True)
class Sample:
    """``answered`` of ``sent`` people wrote back."""

    sent: int
    answered: int

    @property
    def rate(self) -> float:
        return self.answered / self.sent if self.sent else 0.0


def p_value(one: Sample, other: Sample) -> float:
    """Return how likely a difference at least this large is by chance alone, two-sided."""
    sent, answered = one.sent + other.sent, one.answered + other.answered
    if not one.sent or not other.sent or not answered or answered == sent:
        return 1.0
    smallest = min(one.sent, other.sent) * min(answered, sent - answered) / sent
    return _fisher(one, other) if smallest < SMALL else _normal(one, other)


def _normal(one: Sample, other: Sample) -> float:
    """The pooled two-proportion z test."""
    pooled = (one.answered + other.answered) / (one.sent + other.sent)
    error = sqrt(pooled * (1 - pooled) * (1 / one.sent + 1 / other.sent))
    return erfc(abs(one.rate - other.rate) / error / sqrt(2))


def _fisher(one: Sample, other: Sample) -> float:
    """Fisher's exact test: the sum over all tables with these margins that are at most as likely as ours."""
    sent, answered = one.sent + other.sent, one.answered + other.answered
    possible = range(max(0, answered - other.sent), min(answered, one.sent) + 1)
    logs = [_log_choose(one.sent, k) + _log_choose(other.sent, answered - k) for k in possible]
    whole = _log_choose(sent, answered)
    ours = logs[one.answered - possible[0]]
    return min(1.0, sum(exp(log - whole) for log in logs if log <= ours + 1e-7))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def answers_missing(one: Sample, other: Sample, tests: int = 1) -> int | None:
    """Return about how many more answers would tell two wordings apart, were their rates what they seem to be.

    None where they seem alike, as then no number would. ``tests`` is how many wordings the best is compared with.
    """
    if one.rate == other.rate:
        return None
    curve = NormalDist()
    reach = curve.inv_cdf(1 - (1 - CONFIDENCE) / tests / 2) + curve.inv_cdf(POWER)
    spread = one.rate * (1 - one.rate) + other.rate * (1 - other.rate)
    each = ceil(reach**2 * spread / (one.rate - other.rate) ** 2)
    return max(1, round(each * (one.rate + other.rate)) - one.answered - other.answered)


def chances(samples: Sequence[Sample], seed: str) -> list[float]:
    """Return how likely each wording is the best one, drawn from what may be its true rate (Thompson sampling).

    The same counts and seed give the same numbers.
    """
    dice = random.Random(seed)  # noqa: S311  # chance of a forecast, not secrets
    wins = [0] * len(samples)
    for _draw in range(DRAWS):
        rates = [dice.betavariate(1 + one.answered, 1 + max(0, one.sent - one.answered)) for one in samples]
        wins[rates.index(max(rates))] += 1
    return [won / DRAWS for won in wins]
