"""The texts of official templates: what Meta would refuse is said before, and a finished text finds its template."""

import pytest

from gateways.models import MessageTemplate
from gateways.official.texts import filled, fitting, places, problems, value_problem, values_in, wording

GOOD = {
    "name": "lembrete", "header": "Sua consulta", "body": "Oi {{1}}, sua consulta é amanhã às {{2}}. Confirma?", "footer": "Clínica",
    "buttons": ["Confirmar", "Remarcar"], "examples": ["Maria", "15h"],
}  # fmt: skip


def test_a_good_text_has_no_problems() -> None:
    assert problems(**GOOD) == []


@pytest.mark.parametrize(("change", "field"), [
    ({"name": "Boas Vindas"}, "name"), ({"name": "não"}, "name"), ({"name": ""}, "name"),
    ({"body": ""}, "body"), ({"body": "x" * 1025}, "body"), ({"body": "Oi {{2}}, tudo bem?", "examples": ["a"]}, "body"),
    ({"body": "{{1}}, tudo bem?", "examples": ["a"]}, "body"), ({"body": "Tudo bem, {{1}}", "examples": ["a"]}, "body"),
    ({"body": "Oi {{1}} {{2}} tudo?"}, "body"), ({"body": "Oi {{nome}}, tudo?", "examples": []}, "body"),
    ({"body": "Oi {{1}},\n\n\nàs {{2}}."}, "body"), ({"header": "x" * 61}, "header"), ({"header": "Oi {{1}}"}, "header"),
    ({"footer": "x" * 61}, "footer"), ({"buttons": ["a", "b", "c", "d"]}, "buttons"), ({"buttons": ["x" * 26]}, "buttons"),
    ({"buttons": ["a", "a"]}, "buttons"), ({"examples": ["Maria"]}, "examples"), ({"examples": []}, "examples"),
])  # fmt: skip
def test_what_meta_would_refuse_is_said_before(change: dict[str, object], field: str) -> None:
    assert field in {name for name, _words in problems(**(GOOD | change))}  # type: ignore[arg-type]


def test_places_are_filled_in_their_order_and_a_missing_value_leaves_the_place() -> None:
    assert places("{{2}} e {{1}} e {{2}}") == [1, 2]
    assert filled("Oi {{1}}, {{2}}!", ["Ana"]) == "Oi Ana, {{2}}!"


@pytest.mark.parametrize(("body", "text", "values"), [
    ("Oi {{1}}, às {{2}}.", "Oi Maria, às 15h.", ["Maria", "15h"]),
    ("Oi {{1}}, às {{2}}.", "Oi Ana, às nove, às 15h.", ["Ana", "nove, às 15h"]),
    ("Sem lugares (a) [b] .*", "Sem lugares (a) [b] .*", []),
    ("{{1}} e de novo {{1}} fim", "x e de novo x fim", ["x"]),
    ("{{1}} e de novo {{1}} fim", "x e de novo y fim", None),
    ("Oi {{1}}!", "Oi !", None),
    ("Oi {{1}}!", "Oi a\nb!", None),
    ("Oi {{1}}!", "Olá Ana!", None),
])  # fmt: skip
def test_a_finished_text_gives_its_values_back(body: str, text: str, values: list[str] | None) -> None:
    assert values_in(body, text) == values


def test_whatever_values_are_found_make_the_same_message() -> None:
    body, text = "Oi {{1}}, {{2}}, tchau.", "Oi a, b, c, tchau."
    values = values_in(body, text)
    assert values is not None and filled(body, values) == text


def test_the_template_that_says_it_is_found_among_many() -> None:
    rows = [
        MessageTemplate(name="a", language="pt_BR", body="Olá {{1}}!"),
        MessageTemplate(name="b", language="pt_BR", body="Oi {{1}}!"),
    ]
    found = fitting(rows, "Oi Ana!")
    assert found is not None
    assert (found.name, found.components) == ("b", ({"type": "body", "parameters": [{"type": "text", "text": "Ana"}]},))
    assert fitting(rows, "Bom dia") is None


@pytest.mark.parametrize("value", ["", "  ", "a\nb", "a\tb", "a     b", "x" * 301])
def test_a_value_that_meta_would_refuse_is_refused_here(value: str) -> None:
    assert value_problem(value)
    assert not value_problem("Maria")


def test_a_template_becomes_a_campaign_message_with_the_name_in_the_first_place() -> None:
    assert wording(MessageTemplate(body="Oi {{1}}, dia {{2}}.")) == "Oi {nome|tudo bem}, dia {campo_2}."
