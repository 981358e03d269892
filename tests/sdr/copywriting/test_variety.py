"""Ten to twenty texts of each kind without a key: all by the rules, all clearly different."""

from itertools import combinations

import pytest

from core.placeholders import render_placeholders
from sdr.contract import Refused
from sdr.copywriting import CopyKind, acceptable, difference, generate_copy, sift, similarity
from sdr.copywriting.checks import TOO_ALIKE
from sdr.copywriting.phrases import CLOSINGS, MIDDLES, OPENINGS
from sdr.copywriting.reasons import reason_of

BUSINESSES = [
    ("Sou dentista em São Paulo. Oferecemos limpeza, clareamento e aparelhos ortodônticos.", "Sorriso Vivo"),
    ("Vendo bolos", ""),
    ("", ""),
    (
        "Oferecemos consultoria financeira para pequenas empresas do interior",
        "Escritório de Contabilidade e Consultoria Irmãos Figueiredo",
    ),
]


@pytest.mark.parametrize("kind", list(CopyKind))
@pytest.mark.parametrize(("context", "name"), BUSINESSES, ids=["dentist", "cakes", "unknown", "long"])
@pytest.mark.parametrize("count", [10, 15, 20])
def test_as_many_as_asked_for_come_and_all_differ(kind: CopyKind, context: str, name: str, count: int) -> None:
    texts = generate_copy(context, "", count=count, business_name=name, kind=kind)
    assert len(texts) == count
    assert all(acceptable(text, context + name) for text in texts)
    assert all(similarity(one, other) < TOO_ALIKE for one, other in combinations(texts, 2))


@pytest.mark.parametrize("kind", list(CopyKind))
def test_twenty_more_differ_from_the_first_twenty(kind: CopyKind) -> None:
    context = BUSINESSES[0][0]
    first = generate_copy(context, "", count=20, kind=kind)
    more = generate_copy(context, "", count=20, kind=kind, than=first)
    assert len(more) == 20
    assert all(difference(text, first) > 1 - TOO_ALIKE for text in more)


def test_the_kinds_say_different_things() -> None:
    said = [set(generate_copy("Vendo bolos", "", count=20, kind=kind)) for kind in CopyKind]
    assert all(not one & other for one, other in combinations(said, 2))


def test_no_part_stands_twice() -> None:
    for row in (OPENINGS, CLOSINGS, *MIDDLES.values()):
        assert len(set(row)) == len(row) == 24
    every = [text for row in MIDDLES.values() for text in row]
    assert len(set(every)) == len(every)


@pytest.mark.parametrize("opening", OPENINGS)
def test_an_opening_reads_well_with_and_without_a_name(opening: str) -> None:
    for values in ({"nome": "Ana Souza"}, {}):
        text = render_placeholders(opening.replace("{who}", "Sou da Acme"), values)
        assert "{" not in text and "  " not in text
        assert text[0].isupper()


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("quer um bolo de cenoura?", "quer um bolo de cenoura?", 1.0, 1.0),
        ("quer um bolo de cenoura?", "Quer um bolo, de CENOURA!", 1.0, 1.0),
        ("quer um bolo de cenoura?", "quer uns bolos de cenouras?", 0.4, 0.9),
        ("quer um bolo de cenoura?", "amanhã abrimos cedo", 0.0, 0.1),
        ("", "", 0.0, 0.0),
        ("😀", "😀", 0.0, 0.0),
    ],
    ids=["same", "case and marks", "endings", "other words", "empty", "signs alone"],
)
def test_likeness_is_measured_in_words_and_in_runs_of_letters(one: str, other: str, least: float, most: float) -> None:
    assert least <= similarity(one, other) <= most
    assert similarity(one, other) == similarity(other, one)


GOOD = "Oi, {nome|tudo bem}!\nFazemos bolos por encomenda."


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("Uma linha só, {nome}", "lines", "2 a 4 linhas"),
        ("Oi {nome}\n" + "x" * 141, "long", "140"),
        ("Oi!\nTudo bem?", "name", "nome"),
        ("Oi {nome}\nHoje com 50% de desconto", "promise", "Promete"),
        ("Oi {nome}\nVeja www.exemplo.com.br", "link", "link"),
        ("Oi {nome}\nSó R$ 99,00", "price", "preço"),
    ],
    ids=["lines", "long", "name", "promise", "link", "price"],
)
def test_a_text_is_refused_with_the_rule_it_breaks(text: str, code: str, words: str) -> None:
    kept, refused = sift([GOOD, text], "")
    assert kept == [GOOD]
    assert refused == [Refused(text, code)]
    assert words in reason_of(refused[0])


def test_a_near_copy_is_refused_with_how_much_is_the_same() -> None:
    near = GOOD.replace("encomenda", "encomendas")
    kept, refused = sift([GOOD, near], "")
    assert kept == [GOOD]
    assert refused[0].code == "alike" and 50 <= refused[0].percent < 100
    assert f"{refused[0].percent}% igual" in reason_of(refused[0])


def test_a_near_copy_of_what_somebody_wrote_is_refused_too() -> None:
    assert sift([GOOD], "", than=[GOOD])[1][0].percent == 100
