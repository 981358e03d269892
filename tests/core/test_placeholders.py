import time
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.placeholders import (
    END,
    HELD_GREETING,
    WITHIN,
    greeting_at,
    placeholders_in,
    render_placeholders,
    stray_signs,
    unknown_placeholders,
    varies,
)
from tests.core.corpus import load

ANA = {"nome": "ANA MARIA BRAGA", "city": "São Paulo", "plano": "Ouro", "vazio": " "}


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Oi, {nome}!", "Oi, Ana!"),
        ("Oi, {name}!", "Oi, Ana!"),
        ("Oi, {Primeiro nome}!", "Oi, Ana!"),
        ("Oi, {{nome}}!", "Oi, Ana!"),
        ("Oi, { NOME }!", "Oi, Ana!"),
        ("Oi, {nome_completo}!", "Oi, ANA MARIA BRAGA!"),
        ("{cidade} e {city}", "São Paulo e São Paulo"),
        ("Plano {plano|básico}", "Plano Ouro"),
        ("Plano {faixa|básico}", "Plano básico"),
        ("Plano {{faixa|básico}}", "Plano básico"),
        ("Oi {apelido}, tudo bem?", "Oi, tudo bem?"),
        ("Oi {apelido} tudo bem?", "Oi tudo bem?"),
        ("Oi {vazio|pessoal}", "Oi pessoal"),
        ("Oi {apelido|}", "Oi"),
        (r"Use \{nome\}", "Use {nome}"),
        (r"Use \{{nome}\}", "Use {Ana}"),
        ("Sem nada", "Sem nada"),
        ("Dois  espaços e :)", "Dois  espaços e :)"),
        ("Linha\n\n  - item {plano}", "Linha\n\n  - item Ouro"),
        ("chave { solta", "chave { solta"),
        ("{nome", "{nome"),
        ("", ""),
    ],
)
def test_writes_the_message_for_one_person(text: str, sent: str) -> None:
    assert render_placeholders(text, ANA) == sent


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Oi, {nome}!", "Oi!"), ("Olá, {nome}. A clínica", "Olá. A clínica"), ("{nome}, tudo bem?", "Tudo bem?"),
        ("Oi, {nome}, tudo?", "Oi, tudo?"), ("Oi! {nome}, é a Ana", "Oi! É a Ana"), ("Oi, {nome}\nTudo bem?", "Oi,\nTudo bem?"),
        ("Oi!\n{nome}, tudo bem?", "Oi!\nTudo bem?"), ("Oi {nome} ... e aí, ok?", "Oi... e aí, ok?"),
        ("Oi, {nome|pessoal}!", "Oi, pessoal!"),
    ],
)  # fmt: skip
def test_an_empty_value_leaves_no_hole_behind(text: str, sent: str) -> None:
    assert render_placeholders(text, {}) == sent


def test_a_name_that_is_a_phone_gives_way_to_the_fallback() -> None:
    assert render_placeholders("Oi, {nome|tudo bem}?", {"nome": "+55 11 99999-8888"}) == "Oi, tudo bem?"


def test_a_value_is_never_read_as_a_placeholder() -> None:
    values = {"nome": "Ana", "empresa": "{nome} {{nome}} {segredo|x}", "segredo": "s3cret"}
    assert render_placeholders("{empresa}", values) == "{nome} {{nome}} {segredo|x}"


@pytest.mark.parametrize("text", load("placeholders_hostile.json"))
def test_hostile_templates_reach_nothing_but_the_values(text: str) -> None:
    sent = render_placeholders(text, {"nome": "Ana", "outro": "CANARY"})
    assert "CANARY" not in sent
    assert "49" not in sent
    assert len(sent) <= len(text) + 10
    placeholders_in(text)


def test_there_are_at_least_sixty_hostile_templates() -> None:
    assert len(set(load("placeholders_hostile.json"))) >= 60


@given(st.text(alphabet="{}[]|\\\n nome7*.é", max_size=80), st.text(max_size=20))
def test_any_text_and_value_render(text: str, value: str) -> None:
    assert isinstance(render_placeholders(text, {"nome": value}), str)


@given(st.text(max_size=60).filter(lambda text: not set(text) & set("{}\\[]|\ue000\ue001\ue002")))
def test_a_text_without_braces_is_sent_as_it_is(text: str) -> None:
    assert render_placeholders(text, {}) == text.strip()


def test_lists_the_placeholders_with_their_fallbacks() -> None:
    text = r"{nome|tudo bem} {Cidade} {{valor}} \{literal\} {nome}"
    assert placeholders_in(text) == [("nome", "tudo bem"), ("city", None), ("valor", None), ("nome", None)]


def test_reports_each_unknown_placeholder_once() -> None:
    text = "{nome} {nome_completo} {cidade} {Valor da Parcela} {bairro|perto} {bairro}"
    assert unknown_placeholders(text, ["nome", "city"]) == ["valor_da_parcela", "bairro"]
    assert unknown_placeholders(text, ["nome", "cidade", "Valor da parcela", "bairro"]) == []


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("[Oi|Olá]", {"Oi", "Olá"}),
        ("[Oi|Olá], {nome}!", {"Oi, Ana!", "Olá, Ana!"}),
        ("[Oi {nome}|Olá, {apelido|pessoal}]!", {"Oi Ana!", "Olá, pessoal!"}),
        ("[Oi[!|?]|Olá]", {"Oi!", "Oi?", "Olá"}),
        ("Oi[, tudo bem|] {apelido}", {"Oi, tudo bem", "Oi"}),
        (r"\[a\|b\]", {"[a|b]"}),
        ("[1] Sim [2] Não", {"[1] Sim [2] Não"}),
        ("Oi | olá", {"Oi | olá"}),
        ("[Oi|olá", {"[Oi|olá"}),
        ("Oi|olá]", {"Oi|olá]"}),
    ],
)
def test_a_choice_is_one_of_its_texts(text: str, possible: set[str]) -> None:
    assert {render_placeholders(text, ANA, seed=str(number)) for number in range(60)} == possible
    assert render_placeholders(text, ANA) in possible


def test_a_person_always_gets_the_same_choices() -> None:
    text = "[a|b|c][d|e|f][g|h|i]"
    assert render_placeholders(text, {}, seed="ana") == render_placeholders(text, {}, seed="ana")
    assert len({render_placeholders(text, {}, seed=str(number)) for number in range(400)}) == 27


def test_choices_are_even() -> None:
    counts = [
        sum(render_placeholders("[a|b|c]", {}, seed=str(number)) == one for number in range(3_000)) for one in "abc"
    ]
    assert all(850 < count < 1_150 for count in counts)


def test_choices_nest_so_deep_and_no_deeper() -> None:
    deep = "[a|" * 40 + "b" + "]" * 40
    assert isinstance(render_placeholders(deep, {}, seed="x"), str)
    assert isinstance(render_placeholders("[a|" * 5_000, {}, seed="x"), str)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("{saudacao}, {nome}!", "Bom dia, Ana!"),
        ("{saudação}! Tudo bem?", "Bom dia! Tudo bem?"),
        ("Oi, {nome}, {saudacao}!", "Oi, Ana, bom dia!"),
        ("Oi, {nome}!\n{saudacao}.", "Oi, Ana!\nBom dia."),
        ("{greeting}", "Bom dia"),
    ],
)
def test_the_greeting_has_a_small_letter_within_a_sentence(text: str, sent: str) -> None:
    assert render_placeholders(text, ANA | {"saudacao": "Bom dia"}) == sent


def test_a_greeting_of_a_later_hour_keeps_its_place() -> None:
    held = ANA | {"saudacao": HELD_GREETING}
    assert render_placeholders("{saudacao}, {nome}", held) == f"{HELD_GREETING}, Ana"
    assert render_placeholders("Oi, {saudacao}", held) == f"Oi, {WITHIN}{END}"


@pytest.mark.parametrize(
    ("hour", "greeting"),
    [(0, "Boa noite"), (4, "Boa noite"), (5, "Bom dia"), (11, "Bom dia"), (12, "Boa tarde"), (18, "Boa noite")],
)
def test_greets_by_the_clock(hour: int, greeting: str) -> None:
    assert greeting_at(datetime(2026, 3, 2, hour, 30)) == greeting  # a local time


def test_nobody_smuggles_the_sign_of_the_greeting() -> None:
    sent = render_placeholders(f"{HELD_GREETING}{{plano}}", {"plano": f"Ouro{WITHIN}"})
    assert sent == "Ouro"


def test_tells_whether_a_message_varies() -> None:
    assert varies("Oi {nome}")
    assert varies("[Oi|Olá]")
    assert not varies(r"Oi [amigo] \{nome\}")


def test_lists_the_placeholders_of_every_choice() -> None:
    assert placeholders_in("[Oi {nome}|Olá [{cidade}|{bairro|aqui}]]") == [
        ("nome", None),
        ("city", None),
        ("bairro", "aqui"),
    ]
    assert unknown_placeholders("{saudacao} [{nome}|{bairro}]", ["nome"]) == ["bairro"]


def test_a_long_hostile_text_is_read_to_its_end() -> None:
    hostile = (
        "{" * 200_000,
        "{a|" * 60_000,
        "\\{" * 100_000,
        "{nome" * 40_000,
        "a " * 100_000 + "{x}",
        "[" * 90_000,
        "[a|" * 60_000,
    )
    began = time.process_time()
    for text in hostile:
        render_placeholders(text, {})
    assert time.process_time() - began < 60  # what is not linear takes hours


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Oi, {nome|você}! {{cidade}} [oi|[olá|opa]]", []),
        ("Oi, {nome", ["{nome"]),
        ("Oi, nome}!", ["nome}"]),
        ("[nome], tudo bem?", ["[nome]"]),
        ("[oi|olá, tudo bem?", ["[oi|olá, tudo bem?"]),
        ("oi|olá] tudo bem", ["oi|olá]"]),
        ("{}", ["{}"]),
        ("\\{nome\\} e \\[oi\\]", []),
        ("[a|[b|[c|[d|[deep|f]]]]]", ["[deep|f]"]),
        ("😀 {nome 😀\nfim", ["{nome 😀"]),
        ("", []),
    ],
    ids=[
        "fine",
        "open",
        "close",
        "no choice",
        "open choice",
        "close choice",
        "nothing",
        "meant",
        "deep",
        "emojis",
        "empty",
    ],
)
def test_names_the_signs_that_are_sent_as_they_stand(text: str, found: list[str]) -> None:
    assert stray_signs(text) == found
    assert not found or "deep" in text or any(sign in render_placeholders(text, {}) for sign in "{}[]")


@given(st.text(alphabet="{}[]|\\ a\n", max_size=60))
def test_any_text_is_looked_through_for_signs(text: str) -> None:
    assert all(stray_signs(text))
