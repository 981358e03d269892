import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.formulas import guard_formula, printable, strip_guard
from tests.core.corpus import load


@pytest.mark.parametrize("text", load("formulas.json"))
def test_a_formula_begins_with_an_apostrophe(text: str) -> None:
    assert guard_formula(printable(text)).startswith("'")


def test_the_corpus_has_every_sign_of_the_threat_list() -> None:
    corpus = load("formulas.json")
    assert len(set(corpus)) >= 23
    assert {"=", "+", "-", "@", "\t", "\r", "\n", "\0"} <= {text[0] for text in corpus}


@pytest.mark.parametrize("text", ["Ana", "a=1", "10%", "", "5511999998888", "it's", "'quoted'", "R$ 10", "(11) 99999"])
def test_plain_text_stays_plain(text: str) -> None:
    assert guard_formula(text) == text
    assert strip_guard(text) == text


@given(st.text(max_size=30) | st.text(alphabet="'=+-@\t\r\n \u00a0a", max_size=8))
def test_reading_back_undoes_the_guard_of_every_text(text: str) -> None:
    assert strip_guard(guard_formula(text)) == text


def test_control_characters_and_half_pairs_are_dropped() -> None:
    assert printable("a\0b\x1bc\ud800d\te\nf") == "abcd\te\nf"
