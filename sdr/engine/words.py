"""Chat Portuguese made plain: folded, abbreviations written out, words compared with tolerance for typos."""

import re
from difflib import SequenceMatcher
from functools import lru_cache

from core.text import fold

SHORT = {
    "vc": "voce", "vcs": "voces", "hj": "hoje", "amanha": "amanha", "qto": "quanto", "qnto": "quanto", "qt": "quanto", "qnt": "quanto",
    "tb": "tambem", "tbm": "tambem", "pq": "porque", "q": "que", "n": "nao", "nn": "nao", "ñ": "nao", "naum": "nao", "td": "tudo",
    "blz": "beleza", "pra": "para", "pro": "para o", "ta": "esta", "to": "estou", "tou": "estou", "qdo": "quando", "qnd": "quando",
    "cmg": "comigo", "msm": "mesmo", "mto": "muito", "mt": "muito", "obg": "obrigado", "vlw": "valeu", "sab": "sabado",
    "seg": "segunda", "ter": "terca", "qua": "quarta", "qui": "quinta", "sex": "sexta", "dps": "depois", "aki": "aqui", "kd": "cade",
    "pfv": "por favor", "pf": "por favor", "bjs": "beijos", "num": "numero", "fds": "fim de semana", "orcamnto": "orcamento",
}  # fmt: skip
_TOKEN = re.compile(r"[a-z0-9$]+")
STOP = {"de", "da", "do", "a", "o", "e", "para", "com", "em", "um", "uma", "as", "os", "no", "na", "por"}


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Return the text folded, with chat abbreviations written out and single spaces."""
    return " ".join(SHORT.get(token, token) for token in _TOKEN.findall(fold(text)))


def alike(one: str, other: str) -> bool:
    """Tell whether two folded words are the same but for a typo or an ending."""
    if one == other:
        return True
    if min(len(one), len(other)) < 4:
        return False
    stem = min(len(one), len(other), 6)
    if one[:stem] == other[:stem] and abs(len(one) - len(other)) <= 4:
        return True
    return SequenceMatcher(None, one, other).ratio() >= 0.84


def mentions(sentence: str, name: str) -> bool:
    """Tell whether a plain sentence names something of one or more words, typos allowed."""
    wanted = [word for word in plain(name).split() if word not in STOP and len(word) > 2]
    said = sentence.split()
    return bool(wanted) and all(any(alike(word, heard) for heard in said) for word in wanted)
