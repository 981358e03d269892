"""Two sides of one form, joined by what each has changed."""

from typing import Any

import pytest

from core.merging import marks_of, merge

DRAWN = {"name": "Clara", "seconds": 8, "services": [{"name": "Limpeza", "price_cents": 100}]}


@pytest.mark.parametrize(
    ("current", "typed", "values", "conflicts"),
    [
        ({}, {"name": "Bia"}, {"name": "Bia"}, []),
        ({"seconds": 9}, {"name": "Bia"}, {"name": "Bia", "seconds": 9}, []),
        ({"name": "Bia"}, {}, {"name": "Bia"}, []),
        ({"name": "Bia"}, {"name": "Bia"}, {"name": "Bia"}, []),
        ({"name": "Lia"}, {"name": "Bia"}, {"name": "Bia"}, ["name"]),
        ({"services": []}, {"services": []}, {"services": []}, []),
        ({"services": []}, {"seconds": 7}, {"services": [], "seconds": 7}, []),
        ({"name": "Lia", "seconds": 1}, {"name": "Bia", "seconds": 2}, {"name": "Bia", "seconds": 2}, ["name", "seconds"]),
    ],
)  # fmt: skip
def test_each_side_keeps_what_it_alone_changed(
    current: dict[str, Any], typed: dict[str, Any], values: dict[str, Any], conflicts: list[str]
) -> None:
    found = merge(marks_of(DRAWN), DRAWN | current, DRAWN | typed)
    assert found.values == DRAWN | values
    assert found.conflicts == conflicts


def test_without_marks_the_typed_values_win() -> None:
    found = merge("", DRAWN | {"name": "Lia"}, DRAWN | {"name": "Bia"})
    assert (found.values["name"], found.conflicts) == ("Bia", [])


@pytest.mark.parametrize("odd", ["x", ":", "name", "name: seconds:", "é:ü \x00:1"])
def test_odd_marks_do_no_harm(odd: str) -> None:
    found = merge(odd, DRAWN, DRAWN | {"name": "Bia"})
    assert found.values == DRAWN | {"name": "Bia"}


def test_the_order_of_keys_is_no_change() -> None:
    one = {"services": [{"a": 1, "b": 2}]}
    other = {"services": [{"b": 2, "a": 1}]}
    assert marks_of(one) == marks_of(other)
