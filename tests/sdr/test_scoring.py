import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from sdr.contract import ChatMessage, Fact
from sdr.scoring import LEVELS, Rubric, RubricError, engagement, score

NOW = datetime(2026, 11, 18, 14, tzinfo=UTC)
AUTHORS = {"c": "customer", "b": "bot", "h": "human", "k": "campaign"}
BEST = {"urgency": "week", "interest": "asks", "knowledge": "done", "location": "inside", "name": "full"}


def talk(*lines: str) -> list[ChatMessage]:
    return [ChatMessage(f"m{i}", AUTHORS[line[0]], line[2:], NOW) for i, line in enumerate(lines)]


def facts(**levels: str) -> dict[str, Fact]:
    return {name: Fact("x", level, f"id-{name}", f"said {name}") for name, level in levels.items()}


def test_the_best_lead_has_130_points() -> None:
    result = score(facts(**BEST), talk("b Qual é o seu nome?", "c Ana"))
    assert (result.total, result.temperature) == (130, "quente")
    assert sum(line.max for line in result.breakdown) == 130


def test_nothing_known_is_nothing_earned() -> None:
    result = score({}, [])
    assert (result.total, result.temperature) == (0, "muito_frio")
    assert all(line.points == 0 and line.message_id == "" for line in result.breakdown)


@pytest.mark.parametrize(
    ("criterion", "level", "points"),
    [
        ("urgency", "week", 40), ("urgency", "month", 30), ("urgency", "quarter", 15), ("urgency", "none", 5),
        ("interest", "asks", 30), ("interest", "named", 20), ("interest", "vague", 10),
        ("knowledge", "done", 20), ("knowledge", "read", 12), ("knowledge", "first", 6),
        ("location", "inside", 20), ("location", "travels", 10), ("location", "outside", 0),
        ("name", "full", 10), ("name", "first", 6),
    ],
)  # fmt: skip
def test_a_level_earns_its_points_and_names_its_message(criterion: str, level: str, points: int) -> None:
    result = score(facts(**{criterion: level}), [])
    line = next(line for line in result.breakdown if line.criterion == criterion)
    assert (line.points, line.message_id, line.reason) == (points, f"id-{criterion}", f"said {criterion}")
    assert result.total == points


@pytest.mark.parametrize(
    ("total", "temperature"),
    [(130, "quente"), (90, "quente"), (89, "morno"), (60, "morno"), (59, "frio"), (30, "frio"), (29, "muito_frio"), (0, "muito_frio")],
)  # fmt: skip
def test_temperatures_change_at_their_thresholds(total: int, temperature: str) -> None:
    assert Rubric().temperature(total) == temperature


@pytest.mark.parametrize(
    ("lines", "level"),
    [
        (["b Nome?", "c Ana", "b Quando?", "c hoje"], "every"),
        (["b Nome?", "c Ana", "b Quando?", "c hoje", "b Onde?"], "every"),
        (["b Nome?", "c Ana", "b Quando?", "c hoje", "b Onde?", "c prefiro não dizer"], "most"),
        (["b Nome?", "c prefiro não falar", "b Quando?", "c hoje"], "few"),
        (["b Nome?", "c Ana", "c Silva", "h Quando?", "c hoje"], "every"),
        (["b Nome?", "b Quando?", "c hoje"], "every"),
        (["c oi"], "few"),
        (["k Quer saber mais?", "c quero"], "few"),
    ],
)
def test_engagement_is_the_share_of_answered_questions(lines: Sequence[str], level: str) -> None:
    found = engagement(talk(*lines))
    assert found is not None
    assert found.level == level


def test_engagement_names_the_last_answer_as_evidence() -> None:
    found = engagement(talk("b Nome?", "c Ana", "b Quando?", "c hoje", "b Onde?", "c prefiro não dizer"))
    assert found is not None
    assert (found.message_id, found.quote) == ("m3", "hoje")


def test_silence_has_no_engagement() -> None:
    assert engagement(talk("b Oi! Nome?")) is None


def test_a_level_that_is_no_level_earns_nothing() -> None:
    assert score({"urgency": Fact("x", "sideways", "m1")}, []).total == 0


def test_own_weights_count_and_survive_storage() -> None:
    rubric = Rubric.from_json({"weights": {"urgency": {"week": 20}}, "thresholds": {"quente": 100}})
    stored = Rubric.from_json(json.loads(json.dumps(rubric.as_json())))
    result = score(facts(**BEST), talk("b Nome?", "c Ana"), stored)
    assert (result.total, result.temperature) == (110, "quente")
    assert stored.weights["interest"] == LEVELS["interest"]


def test_an_empty_setting_is_the_default() -> None:
    assert Rubric.from_json({}).as_json() == Rubric().as_json()


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"weights": []},
        {"weights": {"luck": {"high": 3}}},
        {"weights": {"urgency": {"yesterday": 3}}},
        {"weights": {"urgency": 4}},
        {"weights": {"urgency": {"week": -1}}},
        {"weights": {"urgency": {"week": 131}}},
        {"weights": {"urgency": {"week": 4.5}}},
        {"weights": {"urgency": {"week": True}}},
        {"weights": {"urgency": {"week": "40"}}},
        {"weights": {"urgency": {"week": 41}}},
        {"thresholds": {"hot": 90}},
        {"thresholds": {"quente": 60}},
        {"thresholds": {"frio": 0}},
        {"thresholds": {"morno": "60"}},
        {"thresholds": {"quente": 131}},
    ],
)
def test_a_rubric_that_makes_no_sense_is_refused(data: Any) -> None:
    with pytest.raises(RubricError):
        Rubric.from_json(data)
