"""The score of a lead, 0 to 130: a rubric as data, and each point with the message that earned it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sdr.contract import ChatMessage, Fact

LEVELS: dict[str, dict[str, int]] = {
    "urgency": {"week": 40, "month": 30, "quarter": 15, "none": 5},
    "interest": {"asks": 30, "named": 20, "vague": 10},
    "knowledge": {"done": 20, "read": 12, "first": 6},
    "location": {"inside": 20, "travels": 10, "outside": 0},
    "name": {"full": 10, "first": 6},
    "engagement": {"every": 10, "most": 6, "few": 2},
}
THRESHOLDS = {"quente": 90, "morno": 60, "frio": 30}


class RubricError(ValueError):
    """The weights cannot be used."""


@dataclass(frozen=True)
class Rubric:
    """``weights`` is {criterion: {level: points}}; a level that is missing falls back to the default's points."""

    weights: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: LEVELS)
    thresholds: Mapping[str, int] = field(default_factory=lambda: THRESHOLDS)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Rubric":
        """Read stored weights; empty means the default. Raises :class:`RubricError`."""
        if not data:
            return cls()
        weights = {c: {**levels, **data.get("weights", {}).get(c, {})} for c, levels in LEVELS.items()}
        thresholds = {**THRESHOLDS, **data.get("thresholds", {})}
        numbers = [points for levels in weights.values() for points in levels.values()]
        if not all(isinstance(points, int) and 0 <= points <= 130 for points in numbers):
            raise RubricError("points are whole numbers from 0 to 130")
        if not thresholds["quente"] > thresholds["morno"] > thresholds["frio"] > 0:
            raise RubricError("thresholds go down from quente to frio")
        return cls(weights, thresholds)

    def maximum(self, criterion: str) -> int:
        return max(self.weights[criterion].values())

    def temperature(self, total: int) -> str:
        return next((name for name in ("quente", "morno", "frio") if total >= self.thresholds[name]), "muito_frio")


@dataclass(frozen=True)
class Line:
    criterion: str
    points: int
    max: int
    message_id: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Score:
    total: int
    temperature: str
    breakdown: tuple[Line, ...]


def score(facts: Mapping[str, Fact], history: Sequence[ChatMessage], rubric: Rubric | None = None) -> Score:
    """Add up the rubric; what is not known earns nothing."""
    rubric = rubric or Rubric()
    lines = [_line(rubric, name, facts.get(name)) for name in ("urgency", "interest", "knowledge", "location", "name")]
    lines.append(_line(rubric, "engagement", engagement(history)))
    total = sum(line.points for line in lines)
    return Score(total, rubric.temperature(total), tuple(lines))


def _line(rubric: Rubric, criterion: str, fact: Fact | None) -> Line:
    if fact is None:
        return Line(criterion, 0, rubric.maximum(criterion), "", "")
    points = rubric.weights[criterion].get(fact.level, 0)
    return Line(criterion, points, rubric.maximum(criterion), fact.message_id, fact.quote)


def engagement(history: Sequence[ChatMessage]) -> Fact | None:
    """Judge how many of our questions were answered, by the messages between; the last answer is the evidence."""
    asked = answered = 0
    waiting = False
    last: ChatMessage | None = None
    for message in history:
        if message.author == "customer":
            last = message
            answered += waiting
            waiting = False
        elif message.author in {"bot", "human"} and "?" in message.text:
            asked += not waiting
            waiting = True
    if last is None:
        return None
    if waiting and history[-1].author != "customer":
        asked -= 1  # the newest question has had no time to be answered
    if asked <= 0:
        return Fact("few", "few", last.id, last.text[:160])
    share = answered / asked
    level = "every" if share >= 1 else "most" if share >= 0.6 else "few"
    return Fact(level, level, last.id, last.text[:160])
