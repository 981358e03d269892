import re

from sdr.contract import BusinessProfile, Fact
from sdr.engine.words import mentions, plain

LIVES = re.compile(r"\b(?:moro|resido|vivo|estou|fico|sou|trabalho)(?: aqui)?(?: n[oa]s?| em| de| d[oa]| perto d[oaeo]+)? (?:bairro |cidade |centro de )?"
                   r"([a-z]{3,}(?: (?:d[aeo]s? )?[a-z]{2,}){0,3})")  # fmt: skip
NEAR = re.compile(r"\b(pertinho|perto (de voces|dai|da clinica|do salao)|aqui perto|do lado|vizinh[oa]|na cidade|aqui mesmo)\b")
TRAVELS = re.compile(r"\b(posso ir ate|vou ate (ai|voces)|nao me importo de ir|me desloco|posso me deslocar|consigo ir)\b")
NO_PLACE = {"interessado", "interessada", "cliente", "paciente", "querendo", "procurando", "precisando", "pesquisando", "olhando", "bem",
            "com", "sem", "muito", "aqui", "livre", "so", "aguardando", "nova", "novo", "em", "uma", "um", "mesmo", "disponivel"}  # fmt: skip


def find_location(text: str, message_id: str, profile: BusinessProfile, *, asked: bool) -> Fact | None:
    """Find where the customer is, against the area that the business serves."""
    sentence = plain(text)
    quote = text.strip()[:160]
    served = [profile.city, *profile.area]
    for place in served:
        if place and mentions(sentence, place):
            return Fact(place, "inside", message_id, quote)
    if TRAVELS.search(sentence):
        return Fact(text.strip()[:80], "travels", message_id, quote)
    if NEAR.search(sentence):
        return Fact(text.strip()[:80], "inside", message_id, quote)
    place = _place(sentence, asked)
    if not place:
        return None
    return Fact(place.title(), "outside" if any(served) else "inside", message_id, quote)


def _place(sentence: str, asked: bool) -> str:
    match = LIVES.search(sentence)
    if match and match[1].split()[0] not in NO_PLACE and not re.search(r"\bsou (a|o) ", match[0]):
        is_place = re.search(r"\b(moro|resido|vivo|sou de|sou d[oa]|estou em|fico em|trabalho)\b", match[0])
        return match[1] if is_place else ""
    bare = re.fullmatch(r"(?:no |na |em |bairro |aqui (?:no|na|em) )?([a-z]{4,}(?: [a-z]{2,}){0,2})", sentence)
    skip = {"sim", "nao", "obrigado", "obrigada", "perfeito", "combinado", "aguardo", "certo", "claro", "isso", "pode"}
    return bare[1] if asked and bare and bare[1].split()[0] not in skip else ""
