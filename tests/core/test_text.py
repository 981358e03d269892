import pytest

from core.text import first_name, fold, search_text, slug_key, truncate


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
