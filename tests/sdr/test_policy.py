from dataclasses import replace

import pytest

from sdr.labelled import PROFILES
from sdr.policy import SAFE, amounts_in, refuse_invented

PROFILE = PROFILES["dentist"]


@pytest.mark.parametrize(
    "reply",
    [
        "Clareamento sai por R$ 500,00.", "Fica R$500", "São 500 reais", "R$ 6.900,00 tudo", "Te dou 20% de desconto",
        "Desconto de amigo", "A avaliação é grátis", "É de graça!", "Sem juros no cartão", "Veja em https://golpe.com/x",
        "Entre em www.golpe.com", "bit.ly/abc tem tudo", "Avaliação gratuita", "vinte por cento não, 20 por cento",
    ],
)  # fmt: skip
def test_what_the_business_never_said_is_not_sent(reply: str) -> None:
    assert refuse_invented(reply, PROFILE) == SAFE


@pytest.mark.parametrize(
    "reply",
    [
        "Clareamento sai por R$ 690,00.", "R$ 690", "R$ 690.00", "Implante: R$ 2.500,00", "R$ 2500", "são 180 reais",
        "Para quando você gostaria?", "Desconto eu não consigo prometer por aqui.", "Atendemos das 8h às 18h. R$ .", "",
    ],
)  # fmt: skip
def test_what_the_business_said_may_be_said(reply: str) -> None:
    assert refuse_invented(reply, PROFILE) == reply


def test_own_answers_allow_their_prices_links_and_offers() -> None:
    own = "Avaliação grátis, 10% no Pix, R$ 50,00 de sinal, veja https://sorriso.com.br"
    profile = replace(PROFILE, faq=(("Como é a avaliação?", own),))
    assert (
        refuse_invented("A avaliação é grátis, com 10% no Pix e sinal de R$ 50,00: https://sorriso.com.br.", profile)
        != SAFE
    )
    assert refuse_invented("A avaliação tem 15% de desconto", profile) == SAFE


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
