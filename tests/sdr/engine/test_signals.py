import pytest

from sdr.contract import Intent, Sentiment
from sdr.engine.replies import asked_fact
from sdr.engine.replies.questions import QUESTIONS
from sdr.engine.signals import asks_price, asks_time, human_reason, read_signals, sentiment_of
from sdr.engine.words import alike, plain


@pytest.mark.parametrize(
    "text",
    ["isso é um absurdo", "VOU NO PROCON", "vcs são uns palhaços", "vou processar vocês", "que falta de respeito",
     "CADÊ A RESPOSTA???? NINGUÉM FALA!!",
     "péssimo atendimento", "isso é golpe", "vou acionar meu advogado", "vai se ferrar"],
)  # fmt: skip
def test_anger_calls_a_person(text: str) -> None:
    assert human_reason(text) == "angry"
    assert sentiment_of(text) is Sentiment.ANGRY


@pytest.mark.parametrize(
    "text",
    ["quero falar com um atendente", "posso falar com alguém?", "atendente", "vc é um robô?", "me liga",
     "quero falar com uma pessoa de verdade",
     "chama o gerente", "nao quero robo"],
)  # fmt: skip
def test_a_wish_for_a_person_is_heard(text: str) -> None:
    assert human_reason(text) == "wants_human"


@pytest.mark.parametrize(
    "text",
    ["não consigo respirar", "tá sangrando muito", "é uma emergência", "meu cachorro foi atropelado", "rosto inchado"],
)
def test_an_emergency_comes_before_all(text: str) -> None:
    assert human_reason(text) == "emergency"


@pytest.mark.parametrize(
    "text",
    ["QUERO MARCAR AMANHÃ!!", "tenho vergonha do meu sorriso", "meu cabelo tá horrível", "to com dor",
     "preciso de um advogado", "quanto custa?", "BOM DIA",
     "meu dente tá péssimo", "oi", "", "estou com pressa!!", "falar com vocês é fácil"],
)  # fmt: skip
def test_ordinary_talk_needs_no_person(text: str) -> None:
    assert human_reason(text) == ""


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("amei, obrigada!", Sentiment.POSITIVE),
        ("aff já falei isso", Sentiment.ANNOYED),
        ("quero limpeza", Sentiment.CALM),
    ],
)
def test_moods_are_told_apart(text: str, mood: Sentiment) -> None:
    assert sentiment_of(text) is mood


@pytest.mark.parametrize(
    "text", ["quanto custa?", "qto fica", "valor?", "preço", "QUAL O VALOR", "tem como parcelar?", "quanto é"]
)
def test_a_price_question_is_seen(text: str) -> None:
    assert asks_price(text)


@pytest.mark.parametrize(
    "text", ["o quanto antes", "já fiz orçamento em outro lugar", "quanto tempo demora?", "comparei preços", "oi"]
)
def test_what_asks_no_price_is_left_alone(text: str) -> None:
    assert not asks_price(text)


@pytest.mark.parametrize(
    "text", ["tem horário amanhã?", "quero agendar", "que horas abre?", "atende sábado?", "tem vaga"]
)
def test_a_time_question_is_seen(text: str) -> None:
    assert asks_time(text)


@pytest.mark.parametrize(
    ("texts", "intent"),
    [(["oi"], Intent.GREETING), (["oi", "qto custa?"], Intent.PRICE), (["tem horário?"], Intent.BOOKING),
     (["Ana"], Intent.ANSWER),
     (["aceita convênio?"], Intent.QUESTION), (["me liga"], Intent.PERSON), (["que absurdo"], Intent.COMPLAINT)],
)  # fmt: skip
def test_a_burst_has_one_intent(texts: list[str], intent: Intent) -> None:
    assert read_signals(texts).intent is intent


@pytest.mark.parametrize(("text", "fact"), [(text, fact) for fact, texts in QUESTIONS.items() for text in texts])
def test_our_own_questions_are_recognised(text: str, fact: str) -> None:
    assert asked_fact(f"Certo! {text}") == fact


@pytest.mark.parametrize(
    ("one", "other"),
    [("limpesa", "limpeza"), ("mexas", "mechas"), ("clariamento", "clareamento"), ("musculaçao", "musculacao")],
)
def test_spelling_is_forgiven(one: str, other: str) -> None:
    assert alike(plain(one), other)


@pytest.mark.parametrize(
    ("one", "other"), [("corte", "porta"), ("dor", "cor"), ("gato", "rato"), ("hoje", "hotel"), ("canal", "casal")]
)
def test_other_words_stay_other_words(one: str, other: str) -> None:
    assert not alike(one, other)


def test_chat_is_written_out() -> None:
    assert plain("Oiiii, vc tb faz hj? pq n") == "oi voce tambem faz hoje porque nao"


def test_a_huge_message_costs_little() -> None:
    assert len(plain("a b " * 100_000)) <= 4000
