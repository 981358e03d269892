"""What a message shows beside facts: anger, a wish for a person, an emergency."""

import re

from sdr.contract import Sentiment
from sdr.engine.words import plain

ANGRY = re.compile(r"\b(absurdo|ridicul\w+|palhacada|procon|processar|advogad[oa]|justica|vergonha|pessim\w+|horrivel|lixo|merda|porra|caralho|idiota|"
                   r"golpe|golpista|enganac\w+|denunciar|reclame aqui|que saco|inferno|vou bloquear|falta de respeito|indignad\w+)\b")  # fmt: skip
PERSON = re.compile(r"\b(falar com (um |uma |o |a |algum |alguma )?(atendente|pessoa|humano|alguem|gente|responsavel|dono|dona|gerente|recepcao|medic[oa]|"
                    r"dentista|doutora?)|atendente|atendimento humano|pessoa de verdade|e (um )?robo|voce e (um )?(robo|bot)|nao quero robo|me liga|"
                    r"pode(m)? me ligar)\b")  # fmt: skip
EMERGENCY = re.compile(r"\b(emergencia|sangrando muito|sangramento|nao consigo respirar|falta de ar|desmaie?i|acidente|dor insuportavel|muita dor|"
                       r"inchado|infarto|convuls\w+)\b")  # fmt: skip
POSITIVE = re.compile(r"\b(obrigad[oa]|perfeito|otimo|amei|maravilh\w+|adorei|show|excelente|top|que bom|legal)\b")


def sentiment_of(text: str) -> Sentiment:
    sentence = plain(text)
    letters = [letter for letter in text if letter.isalpha()]
    shouting = len(letters) > 14 and sum(letter.isupper() for letter in letters) / len(letters) > 0.8 and text.count("!") >= 2
    if ANGRY.search(sentence) or shouting:
        return Sentiment.ANGRY
    return Sentiment.POSITIVE if POSITIVE.search(sentence) else Sentiment.CALM


def human_reason(text: str) -> str:
    """Return why a person must take over at once, or an empty text."""
    sentence = plain(text)
    if EMERGENCY.search(sentence):
        return "emergency"
    if sentiment_of(text) is Sentiment.ANGRY:
        return "angry"
    return "wants_human" if PERSON.search(sentence) else ""
