"""Which wording is ahead, in words that claim no more than the numbers do."""

from typing import Any

import pytest
from django.utils import translation

from campaigns.models import Variant
from campaigns.queries.verdict import verdict


def rows(*counts: tuple[int, int]) -> list[dict[str, Any]]:
    return [
        {"variant": Variant(label="ABCD"[index]), "sent": sent, "replied": replied}
        for index, (sent, replied) in enumerate(counts)
    ]


@pytest.mark.parametrize(
    ("counts", "words", "label", "is_sure"),
    [
        ([(1000, 80), (1000, 50)], "A é respondida mais que B, com 99% de confiança.", "A", True),
        ([(400, 20), (400, 35)], "B é respondida mais que A, com 95% de confiança.", "B", True),
        ([(1000, 200), (1000, 50)], "A é respondida mais que B, com 99,9% de confiança.", "A", True),
        ([(100, 10), (100, 15)], "Ainda é cedo: B está à frente de A, mas pode ser acaso. Faltam cerca de 150 respostas.", "B", False),
        ([(100, 10), (100, 10)], "A e B são respondidas por igual até aqui.", "", False),
        ([(19, 10), (500, 10)], "Ainda é cedo para dizer qual vai melhor.", "", False),
        ([(20, 19), (20, 0)], "A é respondida mais que B, com 99,9% de confiança.", "A", True),
    ],
    ids=["99", "95", "99,9", "early", "equal", "hardly sent", "small and clear"],
)  # fmt: skip
def test_two_wordings_are_compared_in_words(
    counts: list[tuple[int, int]], words: str, label: str, is_sure: bool
) -> None:
    with translation.override("pt-br"):
        found = verdict(rows(*counts))
    assert found is not None
    assert (found.words, found.label, found.is_sure) == (words, label, is_sure)


def test_the_best_of_several_needs_more_than_the_better_of_two() -> None:
    pair = verdict(rows((400, 20), (400, 35)))
    several = verdict(rows((400, 20), (400, 35), (400, 19), (400, 18)))
    assert pair and several
    assert (pair.is_sure, several.is_sure) == (True, False)


def test_a_single_wording_is_compared_with_nothing() -> None:
    assert verdict(rows((100, 10))) is None


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([(100, 10), (100, 15)], "B foi mais respondida que A, mas pode ser acaso."),
        ([(17, 16), (16, 16)], "Saíram poucas de cada para dizer qual foi melhor."),
    ],
    ids=["chance", "few"],
)
def test_of_a_campaign_that_is_over_nothing_more_is_awaited(counts: list[tuple[int, int]], words: str) -> None:
    with translation.override("pt-br"):
        found = verdict(rows(*counts), is_over=True)
    assert found is not None and found.words == words
