import pytest

from sdr.contract import BusinessProfile, ChatMessage, Sentiment, Turn
from sdr.engine.emojis import EMOJI, sober, warmed
from sdr.engine.local import LocalModel
from sdr.labelled import NOW, PROFILES
from sdr.services.asking import hold_to_policy


def reply_to(*texts: str) -> str:
    history = [ChatMessage(f"m{n}", "bot" if n % 2 else "customer", text, NOW) for n, text in enumerate(texts)]
    return LocalModel().answer(PROFILES["dentist"], history, {}, NOW).reply


@pytest.mark.parametrize(
    ("texts", "smiles"),
    [
        (["oi! adorei o trabalho de vocês, quero clareamento"], True),
        (["oi, quero clareamento 🥰"], True),
        (["oi, quero clareamento"], False),
        (["oi, quero clareamento", "Que bom! 😊 Qual é o seu nome?", "Ana, perfeito!"], False),
        (["quero clareamento mas já é a terceira vez que mando mensagem, que demora 😡"], False),
    ],
    ids=["glad", "with one", "plain", "not twice", "annoyed"],
)
def test_a_smile_for_who_is_glad_and_none_for_who_is_not(texts: list[str], smiles: bool) -> None:
    assert bool(EMOJI.search(reply_to(*texts))) is smiles


@pytest.mark.parametrize(
    ("reply", "left"),
    [
        ("Entendo! 😊 Para quando?", "Entendo! Para quando?"), ("👍🏽 Certo ❤️", "Certo"), ("Sem nada.", "Sem nada."), ("😊", ""),
        ("R$ 10,00 às 9h – ok", "R$ 10,00 às 9h – ok"),
    ],
)  # fmt: skip
def test_emojis_are_taken_out_and_nothing_else(reply: str, left: str) -> None:
    assert sober(reply) == left


@pytest.mark.parametrize(
    ("sentiment", "reply"), [("annoyed", "Desculpa pela demora."), ("positive", "Desculpa pela demora. 😊")]
)
def test_a_model_smiles_at_nobody_who_is_annoyed(sentiment: str, reply: str) -> None:
    line = ChatMessage("m1", "customer", "quero clareamento", NOW)
    turn = Turn("Desculpa pela demora. 😊", sentiment=Sentiment(sentiment))
    assert hold_to_policy(turn, BusinessProfile(), [line]).reply == reply


def test_nothing_to_say_stays_nothing() -> None:
    assert warmed("", Sentiment.POSITIVE, ["oba"], []) == ""
