"""The score of a lead, 0 to 130: a rubric as data, and each point with the message that earned it."""

import re
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
TOP = 130
REFUSES = re.compile(
    r"\b(prefiro n[aã]o|n[aã]o (quero|vou) (dizer|falar|informar|responder)|n[aã]o interessa|n precisa|"
    r"n[aã]o precisa)\b",
    re.I,
)


class RubricError(ValueError):
    """The weights cannot be used."""


def _refuse_unknown(given: Any, known: Mapping[str, Any]) -> None:
    if not isinstance(given, Mapping) or set(given) - set(known):
        raise RubricError("unknown criterion or level")


@dataclass(frozen=True)
class Rubric:
    """``weights`` is {criterion: {level: points}}; a level that is missing falls back to the default's points."""

    weights: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: LEVELS)
    thresholds: Mapping[str, int] = field(default_factory=lambda: THRESHOLDS)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Rubric":
        """Read stored weights; empty means the default. Raises :class:`RubricError`."""
        if not isinstance(data, Mapping):
            raise RubricError("a rubric is an object")
        given, limits = data.get("weights", {}), data.get("thresholds", {})
        _refuse_unknown(given, LEVELS)
        _refuse_unknown(limits, THRESHOLDS)
        for criterion, levels in given.items():
            _refuse_unknown(levels, LEVELS[criterion])
        weights = {criterion: {**levels, **given.get(criterion, {})} for criterion, levels in LEVELS.items()}
        rubric = cls(weights, {**THRESHOLDS, **limits})
        rubric.check()
        return rubric

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Return what :meth:`from_json` reads."""
        return {"weights": {c: dict(levels) for c, levels in self.weights.items()}, "thresholds": dict(self.thresholds)}

    def check(self) -> None:
        """Raise :class:`RubricError` when the weights or thresholds make no sense."""
        points = [points for levels in self.weights.values() for points in levels.values()]
        if not all(type(number) is int and 0 <= number <= TOP for number in (*points, *self.thresholds.values())):
            raise RubricError("points are whole numbers from 0 to 130")
        if sum(map(self.maximum, self.weights)) > TOP:
            raise RubricError("the best levels together give more than 130 points")
        hot, warm, cold = (self.thresholds[name] for name in THRESHOLDS)
        if not hot > warm > cold > 0:
            raise RubricError("thresholds go down from quente to frio")

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
    level: str = ""

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
    return Line(criterion, points, rubric.maximum(criterion), fact.message_id, fact.quote, fact.level)


def engagement(history: Sequence[ChatMessage]) -> Fact | None:
    """Judge how many of our questions were answered; the last answer is the evidence.

    A refusal is no answer. The newest question counts only once something came after it.
    """
    asked = answered = 0
    waiting = False
    last: ChatMessage | None = None
    for message in history:
        if message.author == "customer":
            answers = waiting and not REFUSES.search(message.text)
            last = message if answers or last is None else last
            answered += answers
            waiting = False
        elif message.author in {"bot", "human"} and "?" in message.text:
            asked += not waiting
            waiting = True
    if last is None:
        return None
    level = _engagement_level(answered, asked - waiting)
    return Fact(level, level, last.id, last.text[:160])


def _engagement_level(answered: int, asked: int) -> str:
    if asked <= 0:
        return "few"
    share = answered / asked
    return "every" if share >= 1 else "most" if share >= 0.6 else "few"
