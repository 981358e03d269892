from datetime import UTC, datetime

import pytest

from sdr.contract import Fact
from sdr.engine.facts.interest import find_interest, merge_interest
from sdr.engine.facts.knowledge import find_knowledge
from sdr.engine.facts.location import find_location
from sdr.engine.facts.name import find_name
from sdr.engine.facts.urgency import find_urgency
from sdr.labelled import PROFILES

WEDNESDAY = datetime(2026, 11, 18, 14, tzinfo=UTC)
DENTIST, ONLINE = PROFILES["dentist"], PROFILES["online"]
TAKEN = frozenset({"campinas", "cambui", "santos", "limpeza", "clareamento", "valinhos", "vitoria"})


def name(text: str, *, asked: bool = False) -> str:
    found = find_name(text, "m1", asked=asked, taken=TAKEN)
    return found.value if found else ""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Oi! sou a Mariana Teixeira", "Mariana Teixeira"), ("meu nome é joão", "João"),
        ("Me chamo Ana Paula e quero limpeza", "Ana Paula"),
        ("aqui é o João Pedro", "João Pedro"), ("pode me chamar de Dani", "Dani"), ("quem fala é a Lu", "Lu"),
        ("Thiago Nunes aqui", "Thiago Nunes"),
        ("meu nome eh carlos de souza", "Carlos de Souza"), ("MEU NOME É MARIA JOSÉ", "Maria José"), ("sou o Zé", "Zé"),
        ("Aqui é a Márcia da Padaria Central", "Márcia"), ("me chamo Vitória", "Vitória"),
        ("Sou Renata Lopes", "Renata Lopes"),
    ],
)  # fmt: skip
def test_an_introduction_gives_the_name(text: str, value: str) -> None:
    assert name(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Fernanda Souza", "Fernanda Souza"), ("é a Bia", "Bia"), ("wesley", "Wesley"), ("Carlos.", "Carlos"),
        ("Letícia, prazer", "Letícia"),
        ("Thiago Nunes aqui", "Thiago Nunes"), ("Vanessa!!", "Vanessa"), ("oi, é o Marcelo", "Marcelo"),
        ("carol e vc?", "Carol"),
        ("Dani kkk", "Dani"), ("Sueli M. Andrade", "Sueli M Andrade"), ("Kauã", "Kauã"), ("D'Ávila", "D'Ávila"),
        ("Bruna 😊", "Bruna"),
    ],
)  # fmt: skip
def test_a_bare_name_answers_our_question(text: str, value: str) -> None:
    assert name(text, asked=True) == value


@pytest.mark.parametrize("text", ["Fernanda Souza", "Carlos", "Letícia"])
def test_a_bare_name_that_nobody_asked_for_is_none(text: str) -> None:
    assert name(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "oi", "Bom dia", "boa tarde!", "clareamento", "Campinas", "santos", "sim", "não", "ok", "nao sei",
        "prefiro não dizer", "n precisa",
        "quero limpeza", "sou advogada", "sou de Valinhos", "sou nova aqui", "sou cliente", "sou mãe do Pedro",
        "aqui é da empresa", "kkkk", "aff",
        "👍", "", "123", "amanhã", "sexta", "depois te falo", "sou interessada", "quanto custa?", "é caro",
        "é urgente", "é pra minha mãe",
    ],
)  # fmt: skip
@pytest.mark.parametrize("asked", [True, False])
def test_what_is_no_name_is_not_taken_for_one(text: str, asked: bool) -> None:
    assert name(text, asked=asked) == ""


@pytest.mark.parametrize(
    ("text", "value", "level"),
    [
        ("quanto fica o clareamento?", "Clareamento", "asks"), ("qto custa limpesa", "Limpeza", "asks"),
        ("quero por um implante", "Implante", "named"),
        ("não quero clareamento, quero implante", "Implante", "named"),
        ("clareamento não, implante", "Implante", "named"),
        ("nao quero clareamento quero implante", "Implante", "named"),
        ("não é limpeza, é canal", "Tratamento de canal", "named"),
        ("IMPLANTE", "Implante", "named"), ("clariamento", "Clareamento", "named"),
        ("quero marcar limpeza sábado", "Limpeza", "asks"),
        ("quero clarear os dentes", "Clareamento", "named"), ("tenho interesse", "", "vague"),
        ("qual o valor?", "", "vague"),
        ("vcs fazem botox?", "botox", "vague"), ("implantess", "Implante", "named"),
    ],
)  # fmt: skip
def test_a_wish_is_matched_to_the_services(text: str, value: str, level: str) -> None:
    found = find_interest(text, "m1", DENTIST)
    assert found is not None
    assert (found.value, found.level) == (value, level)


@pytest.mark.parametrize(
    "text", ["oi", "bom dia", "não, é pra minha mãe", "sou a Ana", "moro no Cambuí", "não quero clareamento", "👍", ""]
)
def test_no_wish_is_no_interest(text: str) -> None:
    assert find_interest(text, "m1", DENTIST) is None


def test_a_plain_yes_takes_what_was_offered() -> None:
    found = find_interest("quero sim", "m2", DENTIST, offered="Clareamento")
    assert found is not None
    assert (found.value, found.level) == ("Clareamento", "named")


def test_without_a_list_of_services_the_words_of_the_customer_count() -> None:
    found = find_interest("preciso de contabilidade", "m1", PROFILES["dentist"].__class__())
    assert found is not None
    assert (found.value, found.level) == ("contabilidade", "named")


def test_a_price_asked_later_lifts_the_service_named_before() -> None:
    old = Fact("Limpeza", "named", "m1", "queria limpeza")
    new = Fact("", "vague", "m3", "quanto custa?")
    assert merge_interest(old, new) == Fact("Limpeza", "asks", "m3", "quanto custa?")


def test_a_new_service_replaces_the_old_one() -> None:
    old, new = Fact("Limpeza", "asks", "m1", "limpeza?"), Fact("Implante", "named", "m3", "na verdade implante")
    assert merge_interest(old, new) == new


def test_a_vague_word_takes_nothing_away() -> None:
    old = Fact("Limpeza", "named", "m1", "limpeza")
    assert merge_interest(old, Fact("", "vague", "m3", "tenho interesse")) == old


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("hj", "week"), ("amanhã cedo", "week"), ("essa semana ainda", "week"), ("o qto antes", "week"),
        ("é urgente", "week"), ("sexta", "week"),
        ("dia 25", "week"), ("dia 24/11", "week"), ("quarta que vem", "week"), ("daqui 3 dias", "week"),
        ("até sábado", "week"), ("pra logo", "week"),
        ("sexta que vem", "month"), ("semana que vem", "month"), ("dia 28", "month"), ("esse mês", "month"),
        ("daqui 15 dias", "month"),
        ("até o fim do mês", "month"), ("em duas semanas", "month"),
        ("mês que vem", "quarter"), ("uns 2 meses", "quarter"), ("dezembro", "quarter"),
        ("depois das férias", "quarter"), ("no natal", "quarter"),
        ("10/01", "quarter"), ("em fevereiro", "quarter"),
        ("sem pressa", "none"), ("só pesquisando", "none"), ("mais pra frente", "none"), ("um dia desses", "none"),
        ("ano que vem", "none"),
        ("daqui 6 meses", "none"), ("em maio", "none"), ("qdo der", "none"),
    ],
)  # fmt: skip
def test_a_time_is_counted_from_now(text: str, level: str) -> None:
    found = find_urgency(text, "m1", WEDNESDAY, asked=True)
    assert found is not None
    assert found.level == level


@pytest.mark.parametrize(
    "text",
    [
        "oi",
        "bom dia",
        "vcs abrem sábado?",
        "fiz faz 2 meses",
        "treino há 3 anos",
        "moro em Natal",
        "sou o Marco",
        "a cada 6 meses",
        "dia 45",
        "",
    ],
)
def test_other_times_are_no_urgency(text: str) -> None:
    assert find_urgency(text, "m1", WEDNESDAY, asked=False) is None


def test_a_date_that_does_not_exist_harms_nothing() -> None:
    assert find_urgency("99/99 ou 31/02", "m1", WEDNESDAY, asked=True) is None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("já fiz", "done"), ("faço sempre", "done"), ("já fiz orçamento em outro lugar", "done"),
        ("comparei preços", "done"), ("treino faz 5 anos", "done"),
        ("pesquisei em 3 clínicas", "done"), ("ja coloquei um", "done"), ("uso há anos", "done"),
        ("vi uns vídeos", "read"), ("pesquisei um pouco", "read"), ("uma amiga fez", "read"),
        ("vi no insta", "read"), ("nunca fiz mas li bastante", "read"),
        ("só vi no tiktok", "read"), ("já ouvi falar", "read"),
        ("primeira vez", "first"), ("nunca fiz", "first"), ("1a vez", "first"), ("do zero", "first"),
        ("não conheço", "first"),
    ],
)  # fmt: skip
def test_experience_has_three_levels(text: str, level: str) -> None:
    found = find_knowledge(text, "m1", asked=False)
    assert found is not None
    assert found.level == level


@pytest.mark.parametrize(("text", "level"), [("sim", "done"), ("já", "done"), ("n", "first"), ("ainda não", "first")])
def test_yes_and_no_count_only_as_an_answer(text: str, level: str) -> None:
    asked = find_knowledge(text, "m1", asked=True)
    assert asked is not None
    assert asked.level == level
    assert find_knowledge(text, "m1", asked=False) is None


@pytest.mark.parametrize(
    "text", ["já paguei", "já marquei", "já falei", "já estou indo", "nunca me responderam", "quero já", "oi"]
)
def test_what_is_no_experience_is_none(text: str) -> None:
    assert find_knowledge(text, "m1", asked=False) is None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("moro no Cambuí", "inside"), ("sou de campinas mesmo", "inside"), ("cambui", "inside"),
        ("aqui perto", "inside"), ("pertinho", "inside"),
        ("a gente mora em barao geraldo", "inside"), ("no taquaral", "inside"), ("moro no cambuii", "inside"),
        ("sou de Valinhos", "outside"), ("moro longe", "outside"), ("Jundiaí", "outside"),
        ("não sou de campinas", "outside"), ("falo de Americana", "outside"),
        ("sou de Valinhos mas posso ir até aí", "travels"), ("não sou de campinas mas posso ir até aí", "travels"),
        ("moro em SP, vou até vocês", "travels"),
    ],
)  # fmt: skip
def test_a_place_is_held_against_the_area(text: str, level: str) -> None:
    found = find_location(text, "m1", DENTIST, asked=True)
    assert found is not None
    assert found.level == level


@pytest.mark.parametrize("text", ["sim", "não sei", "obrigada", "", "👍", "prefiro não dizer", "oi"])
def test_what_is_no_place_is_none(text: str) -> None:
    assert find_location(text, "m1", DENTIST, asked=True) is None


@pytest.mark.parametrize("text", ["sou a Ana", "estou com dor", "sou cliente", "quero limpeza", "Aline dos Santos"])
def test_ordinary_talk_is_no_place(text: str) -> None:
    assert find_location(text, "m1", PROFILES["salon"], asked=False, busy=True) is None


def test_where_no_area_is_set_every_place_is_served() -> None:
    found = find_location("Manaus", "m1", ONLINE, asked=True)
    assert found is not None
    assert found.level == "inside"
