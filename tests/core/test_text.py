import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import (
    first_name,
    fold,
    placeholders_in,
    render_placeholders,
    search_text,
    slug_key,
    truncate,
    unknown_placeholders,
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
    ("name", "called"),
    [
        ("Ana Maria", "Ana"),
        ("JOÃO DA SILVA", "João"),
        ("joão", "João"),
        ("McDonald", "McDonald"),
        ("Dra. Paula Reis", "Paula"),
        ("dr paulo", "Paulo"),
        ("Sr. Antônio", "Antônio"),
        ("Dona Maria", "Maria"),
        ("Dona", "Dona"),
        ("🌸 Bia 🌸", "Bia"),
        ("D'Ávila Souza", "D'Ávila"),
        ("Ana-Clara Lima", "Ana-Clara"),
        ("+55 11 99999-8888", ""),
        ("...", ""),
        ("", ""),
        ("  \t ", ""),
    ],
)
def test_calls_a_person_by_the_first_name(name: str, called: str) -> None:
    assert first_name(name) == called


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


@given(st.text(alphabet="{}|\\\n nome7*.é", max_size=80), st.text(max_size=20))
def test_any_text_and_value_render(text: str, value: str) -> None:
    assert isinstance(render_placeholders(text, {"nome": value}), str)


@given(st.text(max_size=60).filter(lambda text: not set(text) & set("{}\\")))
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
    ("text", "folded"), [("São João", "sao joao"), ("ÇÃO", "cao"), ("straße", "strasse"), ("ﬁm", "fim"), ("", "")]
)
def test_folds_accents_and_case(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_search_text_is_folded_words() -> None:
    assert search_text("  São  João ", "", "Plano\nOURO") == "sao joao plano ouro"


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("Data de Início", "data_de_inicio"),
        ("  E-mail ", "e_mail"),
        ("%%%", ""),
        ("a" * 90, "a" * 60),
        ("João & Cia", "joao_cia"),
    ],
)
def test_makes_a_key_of_a_label(label: str, key: str) -> None:
    assert slug_key(label) == key


@pytest.mark.parametrize(
    ("text", "length", "short"),
    [
        ("curto", 10, "curto"),
        ("exatamente", 10, "exatamente"),
        ("uma frase que passa", 15, "uma frase que…"),
        ("palavraenormesemespaco", 10, "palavraen…"),
        ("abc", 1, "…"),
    ],
)
def test_cuts_between_words(text: str, length: int, short: str) -> None:
    assert truncate(text, length) == short


def test_a_hundred_thousand_messages_take_about_a_second() -> None:
    people = [{"nome": f"Ana {i}", "city": "Rio"} for i in range(1_000)]
    text = "Oi, {nome|tudo bem}! Aqui é da Sorriso Vivo em {cidade}. Posso te ajudar, {nome}?"
    began = time.process_time()
    for _round in range(100):
        for person in people:
            render_placeholders(text, person)
    assert time.process_time() - began < 4


def test_a_long_hostile_text_is_read_in_linear_time() -> None:
    began = time.process_time()
    for text in ("{" * 200_000, "{a|" * 60_000, "\\{" * 100_000, "{nome" * 40_000, "a " * 100_000 + "{x}"):
        render_placeholders(text, {})
    assert time.process_time() - began < 5
