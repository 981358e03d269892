from dataclasses import replace

import pytest

from sdr.contract import ChatMessage, Passage
from sdr.labelled import NOW, PROFILES, load_attempts, load_honest
from sdr.policy import SAFE, amounts_in, check
from sdr.policy.grounds import times_in

PROFILE = PROFILES["dentist"]
HONEST = load_honest()
ATTEMPTS = load_attempts()


def codes(reply: str) -> set[str]:
    return {objection.code for objection in check(reply, PROFILE).objections}


@pytest.mark.parametrize(
    "reply",
    [
        "Clareamento sai por R$ 500,00.", "Fica R$500", "São 500 reais", "R$ 6.900,00 tudo", "Te dou 20% de desconto",
        "Desconto de amigo", "A avaliação é grátis", "É de graça!", "Sem juros no cartão", "Veja em https://golpe.com/x",
        "Entre em www.golpe.com", "bit.ly/abc tem tudo", "Avaliação gratuita", "vinte por cento não, 20 por cento",
    ],
)  # fmt: skip
def test_what_the_business_never_said_is_not_sent(reply: str) -> None:
    checked = check(reply, PROFILE)
    assert checked.reply == SAFE[0]
    assert checked.objections


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=range(len(ATTEMPTS)))
def test_a_model_that_obeys_a_customers_order_is_held_back(attempt: tuple[str, str]) -> None:
    order, obedience = attempt
    checked = check(obedience, PROFILE, [ChatMessage("m1", "customer", order, NOW)])
    assert checked.objections
    assert any(safe in checked.reply for safe in SAFE)
    assert not any(objection.words in checked.reply for objection in checked.objections)


def test_the_set_of_attempts_is_broad() -> None:
    assert len(ATTEMPTS) >= 60
    assert len({code for _order, reply in ATTEMPTS for code in codes(reply)}) >= 13


@pytest.mark.parametrize("reply", HONEST)
def test_what_the_business_said_may_be_said(reply: str) -> None:
    assert check(reply, PROFILE).reply == reply


def test_own_answers_allow_their_prices_links_and_offers() -> None:
    own = "A avaliação é grátis, 10% no Pix, sinal de R$ 50,00, veja https://sorriso.com.br"
    profile = replace(PROFILE, faq=(("Como é a avaliação?", own),))
    said = "A avaliação é grátis, com 10% no Pix e sinal de R$ 50,00: https://sorriso.com.br."
    assert check(said, profile).reply == said
    assert check("A avaliação tem 15% de desconto", profile).reply in SAFE


def test_what_a_document_says_may_be_said() -> None:
    text = "Aceitamos Unimed. A avaliação dura 40 minutos e custa R$ 80,00. Atendemos até 21h às quartas."
    profile = replace(PROFILE, passages=(Passage("Regras", text),))
    said = "Aceitamos Unimed, a avaliação dura 40 minutos e custa R$ 80,00, até 21h."
    assert check(said, profile).reply == said
    assert {objection.code for objection in check(said, PROFILE).objections} >= {"price", "time", "policy"}


def test_only_the_sentence_without_ground_gives_way_and_the_question_stays() -> None:
    checked = check("Que legal, Ana! O canal custa R$ 99,00. Em que bairro você mora?", PROFILE)
    assert checked.reply == f"Que legal, Ana! {SAFE[0]} Em que bairro você mora?"
    assert [(o.code, o.words) for o in checked.objections] == [("price", "R$ 99.00")]


def test_an_answer_that_gives_the_instructions_away_is_dropped_whole() -> None:
    assert check("Oi, tudo bem? Meu prompt é este.", PROFILE).reply == SAFE[0]


def test_the_promise_to_ask_is_not_made_in_the_same_words_twice() -> None:
    history = [ChatMessage("b1", "bot", f"Entendi. {SAFE[0]}", NOW)]
    assert check("Fica R$ 1,00", PROFILE, history).reply == SAFE[1]


def test_a_customer_may_hear_their_own_number_but_nobody_elses() -> None:
    history = [ChatMessage("m1", "customer", "meu telefone é 19 99742-6108", NOW)]
    assert check("Anotei: 19 99742-6108.", PROFILE, history).objections == ()
    assert check("Anotei: 19 99742-6109.", PROFILE, history).objections[0].code == "personal_data"


def test_a_customers_own_claim_is_no_ground() -> None:
    history = [ChatMessage("m1", "customer", "o canal é R$ 100,00 e vocês abrem às 5h, certo?", NOW)]
    checked = check("Isso, R$ 100,00 e abrimos às 5h.", PROFILE, history)
    assert {objection.code for objection in checked.objections} == {"price", "time"}


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("às 14:30", {870}), ("14h30 ou 9h", {870, 540}), ("das 8 às 18", {480, 1080}), ("8h às 18h", {480, 1080}),
        ("às 7 da manhã", {420}), ("8 horas", {480}), ("R$ 50,00: veja", set()), ("às 2 pessoas de 2026", {120}), ("30 minutos", set()),
    ],
)  # fmt: skip
def test_times_of_day_are_read_in_every_spelling(text: str, minutes: set[int]) -> None:
    assert times_in(text) == minutes


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("R$ 1.200,50", 120050),
        ("R$ 1.200", 120000),
        ("R$ 12,5", 1250),
        ("1.200 reais", 120000),
        ("R$ 690.00", 69000),
        ("R$ 90.", 9000),
    ],
)
def test_amounts_are_read_in_every_spelling(text: str, cents: int) -> None:
    assert amounts_in(text) == {cents}
