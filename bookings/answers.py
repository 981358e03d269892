"""What a short answer to a message of the agenda means. Longer texts are for people, or for the SDR."""

import re
from enum import StrEnum

from core.text import fold

MOST_WORDS = 6


class Answer(StrEnum):
    CONFIRM = "confirm"
    MOVE = "move"
    CANCEL = "cancel"


_WORDS = re.compile(r"[a-z0-9]+")
_DIGITS = {"1": Answer.CONFIRM, "2": Answer.MOVE, "3": Answer.CANCEL}
_POLITE = {"por", "favor", "obrigado", "obrigada", "o", "a", "meu", "minha", "horario", "consulta", "agendamento", "quero",
           "eu", "gostaria", "de", "pode", "preciso", "oi", "ola", "bom", "boa", "dia", "tarde", "noite", "presenca",
           "opcao", "numero", "para", "pra", "mim", "pf", "pfv", "ta", "tudo", "certo", "sim"}  # fmt: skip
_CONFIRM = {"confirmo", "confirmado", "confirmada", "confirmar", "confirma", "confirmadissimo", "estarei", "irei", "vou",
            "ok", "blz", "beleza", "combinado", "comparecerei", "la", "ai"}  # fmt: skip
_MOVE = {
    "remarcar",
    "remarca",
    "remarque",
    "reagendar",
    "reagenda",
    "mudar",
    "muda",
    "trocar",
    "troca",
    "adiar",
    "outro",
}
_CANCEL = {"cancelar", "cancela", "cancelo", "cancele", "desmarcar", "desmarca", "desmarque", "desisto"}
_NOT_COMING = re.compile(r"\bnao (vou|posso|poderei|irei|consigo|vai dar)\b")
_YES = {"sim"}


def read_answer(text: str) -> Answer | None:
    """Return what a short, plain answer asks for; None for anything that could mean something else."""
    folded = fold(text)
    words = _WORDS.findall(folded)
    if not words or len(words) > MOST_WORDS:
        return None
    digits = [word for word in words if word.isdigit()]
    if digits:
        alone = len(digits) == 1 and all(word.isdigit() or word in _POLITE for word in words)
        return _DIGITS.get(digits[0]) if alone else None
    found = {answer for answer, own in ((Answer.CONFIRM, _CONFIRM), (Answer.MOVE, _MOVE), (Answer.CANCEL, _CANCEL))
             if own & set(words)}  # fmt: skip
    if "nao" in words:
        return Answer.CANCEL if _NOT_COMING.search(" ".join(words)) and Answer.MOVE not in found else None
    if not found and set(words) & _YES and set(words) <= _POLITE:
        return Answer.CONFIRM
    known = _POLITE | _CONFIRM | _MOVE | _CANCEL
    if len(found) == 1 and set(words) <= known:
        return found.pop()
    return Answer.MOVE if Answer.MOVE in found and Answer.CANCEL not in found and set(words) <= known else None


def read_number(text: str, most: int) -> int | None:
    """Return the number that a short answer picks from a list of ``most``; None when it picks none or several."""
    words = _WORDS.findall(fold(text))
    if not words or len(words) > MOST_WORDS:
        return None
    ordinals = {
        "primeiro": 1,
        "primeira": 1,
        "segundo": 2,
        "segunda": 2,
        "terceiro": 3,
        "terceira": 3,
        "quarto": 4,
        "quarta": 4,
    }
    digits = {int(word) for word in words if word.isdigit() and len(word) < 3}
    said = digits or {ordinals[word] for word in words if word in ordinals and word not in {"segunda", "quarta"}}
    if len(said) != 1 or len([word for word in words if word.isdigit()]) > 1:
        return None
    number = said.pop()
    rest = {word for word in words if not word.isdigit() and word not in ordinals}
    return (
        number
        if 1 <= number <= most and rest <= _POLITE | {"opcao", "esse", "essa", "prefiro", "melhor", "vou", "ok"}
        else None
    )
