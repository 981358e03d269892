"""Charts drawn on the server: path data for SVG, while names and figures stay HTML and a table stands behind each chart.

Every coordinate is text with a decimal point, because a template would print a float with the reader's comma.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]

SPARK_HEIGHT, SPARK_TOP = 30.0, 3.0
PLOT = 100.0
INTERVALS = 4
ROUND_STEPS = (1, 2, 2.5, 3, 4, 5, 6, 8, 10)
RIBBON_HEIGHT, RIBBON_THINNEST, RIBBON_THICKEST = 60.0, 2.5, 28.2
MOST_LABELS = 8


@dataclass(frozen=True)
class Series:
    """One line of a chart; ``values`` has one number for each label."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True)
class Step:
    """One step of a funnel."""

    name: str
    value: int


@dataclass(frozen=True)
class Shape:
    """A line and the area under it."""

    line: str
    area: str


@dataclass(frozen=True)
class Ribbon:
    """One step of the drawn funnel; ``rate`` is its share of the step before in percent, None for the first and after an empty one."""

    name: str
    value: int
    rate: float | None
    path: str
    opacity: str


def smooth_path(points: Sequence[Point]) -> str:
    """Return a curve through all points that never swings beyond them (Fritsch and Carlson's monotone cubic)."""
    tangents = _tangents(points)
    parts = [f"M{_at(points[0])}"]
    for i in range(len(points) - 1):
        (x0, y0), (x1, y1) = points[i], points[i + 1]
        third = (x1 - x0) / 3
        first, second = (x0 + third, y0 + tangents[i] * third), (x1 - third, y1 - tangents[i + 1] * third)
        parts.append(f"C{_at(first)} {_at(second)} {_at((x1, y1))}")
    return "".join(parts)


def spark(values: Sequence[float]) -> Shape:
    """Draw values between their own lowest and highest in a box of 100 by 30; equal values are a line in the middle."""
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 1, high + 1
    usable = SPARK_HEIGHT - 2 * SPARK_TOP
    heights = [SPARK_HEIGHT - SPARK_TOP - (value - low) / (high - low) * usable for value in values]
    return _shape(_spread(heights), SPARK_HEIGHT)


def plot(values: Sequence[float], ceiling: float) -> Shape:
    """Draw values from zero to the ceiling in a box of 100 by 100."""
    return _shape(_spread([PLOT - value / ceiling * PLOT for value in values]), PLOT)


def nice_ceiling(highest: float) -> int:
    """Return the top of an axis whose four equal parts are round numbers."""
    part = max(1.0, highest / INTERVALS)
    magnitude = 10 ** math.floor(math.log10(part))
    steps = (step * magnitude for step in ROUND_STEPS if step * magnitude % 1 == 0)
    return int(next(step for step in steps if step >= part)) * INTERVALS


def ribbons(steps: Sequence[Step]) -> list[Ribbon]:
    """Draw a funnel as one tapering ribbon in a box of 100 by 60, a piece for each step."""
    most = max((step.value for step in steps), default=0) or 1
    halves = [RIBBON_THINNEST + (RIBBON_THICKEST - RIBBON_THINNEST) * (step.value / most) ** 0.5 for step in steps]
    width = 100 / max(1, len(steps))
    found = []
    for i, step in enumerate(steps):
        before = steps[i - 1].value if i else 0
        rate = step.value * 100 / before if before else None if i == 0 or step.value else 0.0
        path = _piece(i * width, width, halves[i], halves[min(i + 1, len(steps) - 1)])
        found.append(Ribbon(step.name, step.value, rate, path, f"{0.86**i:.2f}"))
    return found


def thinned(labels: Sequence[str]) -> list[str]:
    """Return at most eight labels at equal distances, the first and the last among them."""
    if len(labels) <= MOST_LABELS:
        return list(labels)
    last = len(labels) - 1
    kept = next((count for count in range(MOST_LABELS - 1, 2, -1) if last % count == 0), MOST_LABELS - 1)
    return [labels[round(i * last / kept)] for i in range(kept + 1)]


def _piece(x: float, width: float, left: float, right: float) -> str:
    middle, bend, end = RIBBON_HEIGHT / 2, x + width / 2, x + width
    top = f"M{_n(x)} {_n(middle - left)}C{_n(bend)} {_n(middle - left)} {_n(bend)} {_n(middle - right)} "
    back = f"V{_n(middle + right)}C{_n(bend)} {_n(middle + right)} {_n(bend)} {_n(middle + left)} "
    return f"{top}{_n(end)} {_n(middle - right)}{back}{_n(x)} {_n(middle + left)}Z"


def _shape(points: Sequence[Point], bottom: float) -> Shape:
    line = smooth_path(points)
    return Shape(line, f"{line}L100 {bottom:g}L0 {bottom:g}Z")


def _spread(heights: Sequence[float]) -> list[Point]:
    if len(heights) == 1:
        heights = [heights[0], heights[0]]
    return [(i * 100 / (len(heights) - 1), y) for i, y in enumerate(heights)]


def _tangents(points: Sequence[Point]) -> list[float]:
    slopes = [(y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in itertools.pairwise(points)]
    inner = [_between(a, b) for a, b in itertools.pairwise(slopes)]
    return [slopes[0], *inner, slopes[-1]]


def _between(before: float, after: float) -> float:
    """Return the harmonic mean of two slopes, or none at a turning point: that keeps the curve within its points."""
    return 0.0 if before * after <= 0 else 2 * before * after / (before + after)


def _at(point: Point) -> str:
    return f"{_n(point[0])} {_n(point[1])}"


def _n(value: float) -> str:
    return f"{round(value, 1):g}"


@dataclass(frozen=True)
class Slice:
    """One part of a ring of which 100 is all: what ``stroke-dasharray`` and ``stroke-dashoffset`` take."""

    name: str
    dash: str
    offset: str


def ring(parts: Sequence[tuple[str, float]]) -> list[Slice]:
    """Draw named values as parts of a ring, in their order; what is nothing has no part."""
    total = sum(value for _name, value in parts)
    found, before = [], 0.0
    for name, value in parts:
        if value:
            share = value * 100 / total
            found.append(Slice(name, f"{_fine(share)} {_fine(100 - share)}", _fine(-before)))
            before += share
    return found


def _fine(value: float) -> str:
    return f"{round(value, 3) + 0.0:g}"
