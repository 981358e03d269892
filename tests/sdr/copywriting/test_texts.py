from itertools import combinations

import pytest

from core.placeholders import render_placeholders, unknown_placeholders
from sdr.copywriting import acceptable, distinct, generate_copy, services_in, similarity
from sdr.copywriting.checks import TOO_ALIKE
from sdr.copywriting.grammar import MESSAGES

CONTEXT = "Sou dentista em São Paulo. Oferecemos limpeza, clareamento e aparelhos ortodônticos."


@pytest.mark.parametrize(
    ("context", "product"),
    [
        (CONTEXT, ""),
        (CONTEXT, "clareamento"),
        ("", "Plano mensal de musculação"),
        ("", ""),
        ("Vendo bolos", "{nome} \\{x}"),
        ("a" * 5000, "b" * 5000),
    ],
)
def test_texts_keep_to_the_form(context: str, product: str) -> None:
    texts = generate_copy(context, product, business_name="Sorriso Vivo")
    assert len(texts) == 3
    for text in texts:
        assert acceptable(text, f"{context}\n{product}")
        assert unknown_placeholders(text, ["nome"]) == []


@pytest.mark.parametrize("count", [1, 3, 8])
def test_texts_are_clearly_different(count: int) -> None:
    texts = generate_copy(CONTEXT, "", count=count, business_name="Sorriso Vivo")
    assert len(texts) == count
    assert all(similarity(one, other) < TOO_ALIKE for one, other in combinations(texts, 2))


def test_new_texts_differ_from_those_already_written() -> None:
    written = generate_copy(CONTEXT, "", count=4)
    more = generate_copy(CONTEXT, "", count=3, than=written)
    assert more
    assert not set(more) & set(written)


def test_the_same_business_gets_the_same_texts() -> None:
    assert generate_copy(CONTEXT, "") == generate_copy(CONTEXT, "")


def test_the_services_of_the_business_are_named() -> None:
    assert all(
        any(name in text for name in ("limpeza", "clareamento", "aparelhos"))
        for text in generate_copy(CONTEXT, "", count=6)
    )
    assert all("pilates" in text for text in generate_copy("", "", services=["Pilates"]))


@pytest.mark.parametrize("message", MESSAGES)
def test_a_text_reads_well_with_and_without_a_name(message: str) -> None:
    for values in ({"nome": "Ana Souza"}, {}):
        text = render_placeholders(
            message.replace("{who}", "Sou da Acme").replace("{who_lower}", "sou da Acme").replace("{service}", "x"),
            values,
        )
        assert "{" not in text
        assert "  " not in text
        assert not text.startswith((",", "!", "?"))


@pytest.mark.parametrize(
    ("context", "services"),
    [
        (CONTEXT, ["limpeza", "clareamento", "aparelhos ortodônticos"]),
        ("Trabalhamos com IPTU e heranças", ["IPTU", "heranças"]),
        ("Somos uma loja", []),
        ("", []),
    ],
)
def test_services_are_found_in_free_text(context: str, services: list[str]) -> None:
    assert services_in(context) == services


@pytest.mark.parametrize(
    "text",
    [
        "Oi, {nome}! Uma linha só", "Sem nome\naqui", "Oi {nome}\n" + "x" * 141, "{nome}\n1\n2\n3\n4",
        "Oi {nome}\nHoje com 50% de desconto",
        "Oi {nome}\nSó R$ 99,00", "Oi {nome}\nVeja www.exemplo.com.br",
    ],
)  # fmt: skip
def test_a_text_outside_the_form_or_with_a_promise_is_refused(text: str) -> None:
    assert not acceptable(text, "")


def test_the_owner_may_promise() -> None:
    assert acceptable("Oi {nome}\nHoje por R$ 99,00, 10% no Pix", "Vendo a R$ 99,00 e dou 10% no pix")


def test_look_alikes_are_left_out() -> None:
    assert distinct(["oi ana tudo bem", "oi ana tudo certo bem", "quer um bolo?"]) == [
        "oi ana tudo bem",
        "quer um bolo?",
    ]
