"""Chat Portuguese made plain: folded, abbreviations written out, words compared with tolerance for typos."""

import re
from functools import lru_cache

from core.text import fold

SHORT = {
    "vc": "voce", "vcs": "voces", "ce": "voce", "ces": "voces", "hj": "hoje", "hje": "hoje", "amnh": "amanha",
    "amh": "amanha", "qto": "quanto", "qnto": "quanto", "qt": "quanto", "qnt": "quanto", "qtos": "quantos",
    "tb": "tambem", "tbm": "tambem", "pq": "porque", "q": "que", "oq": "o que", "oque": "o que", "n": "nao",
    "nn": "nao", "naum": "nao", "nop": "nao", "td": "tudo", "blz": "beleza", "pra": "para", "p": "para",
    "pro": "para o", "pras": "para as", "pros": "para os", "ta": "esta", "to": "estou", "tou": "estou",
    "tamo": "estamos", "qdo": "quando", "qnd": "quando", "qndo": "quando", "cmg": "comigo", "msm": "mesmo",
    "mto": "muito", "mt": "muito", "mta": "muita", "obg": "obrigado", "obgd": "obrigado", "vlw": "valeu",
    "sab": "sabado", "dom": "domingo", "seg": "segunda", "qua": "quarta", "qui": "quinta", "sex": "sexta",
    "dps": "depois", "aki": "aqui", "kd": "cade", "pfv": "por favor", "pf": "por favor", "pfvr": "por favor",
    "bjs": "beijos", "fds": "fim de semana", "fzr": "fazer", "qro": "quero", "qria": "queria", "qr": "quer",
    "msg": "mensagem", "msgs": "mensagens", "agr": "agora", "s": "sim", "ss": "sim", "eh": "e", "jah": "ja",
    "soh": "so", "tds": "todos", "ngm": "ninguem", "vdd": "verdade", "1a": "primeira", "2a": "segunda",
    "3a": "terca", "4a": "quarta", "5a": "quinta", "6a": "sexta", "insta": "instagram", "face": "facebook",
    "zap": "whatsapp", "hrs": "horas", "hr": "hora", "d": "de", "tlgd": "entendi", "sla": "sei la",
    "glr": "galera", "add": "adicionar", "fcr": "ficar",
}  # fmt: skip
_TOKEN = re.compile(r"[a-z0-9$]+")
_STRETCHED = re.compile(r"([a-z])\1{2,}|(?<=[a-z]{2})([aeiou])\2+\b")
_CLAUSE = re.compile(r"[.!?;,\n\r()]+|\bmas\b|\bporem\b", re.IGNORECASE)


def words_in(text: str) -> frozenset[str]:
    """Return the words of a list written as running text."""
    return frozenset(text.split())


STOP = words_in("""
de da do das dos a o e para com em um uma as os no na por ao
""")
_SOUNDS = (
    ("ch", "x"), ("sh", "x"), ("ph", "f"), ("lh", "li"), ("nh", "ni"), ("qu", "k"),
    ("sc", "s"), ("ce", "se"), ("ci", "si"),
    ("ge", "je"), ("gi", "ji"), ("c", "k"), ("z", "s"), ("y", "i"), ("w", "v"), ("h", ""),
)  # fmt: skip
_DOUBLE = re.compile(r"(.)\1")


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """Return the text folded, stretched letters shortened, chat abbreviations written out, single spaces."""
    folded = _STRETCHED.sub(lambda found: found[1] or found[2], fold(text[:4000]))
    return " ".join(SHORT.get(token, token) for token in _TOKEN.findall(folded))


@lru_cache(maxsize=8192)
def clauses(text: str) -> tuple[str, ...]:
    """Return the plain clauses of a text, cut at punctuation and at "mas"."""
    return tuple(piece for part in _CLAUSE.split(text[:4000]) if (piece := plain(part)))


@lru_cache(maxsize=8192)
def sound(word: str) -> str:
    """Return how a folded word is heard, so that "mexas" and "mechas" are one."""
    for letters, heard in _SOUNDS:
        word = word.replace(letters, heard)
    return _DOUBLE.sub(r"\1", word)


@lru_cache(maxsize=32768)
def alike(one: str, other: str) -> bool:
    """Tell whether two folded words are the same but for spelling, a typo, an ending, or one cut short."""
    if one == other or sound(one) == sound(other):
        return True
    short, long = sorted((one, other), key=len)
    if len(short) < 4:
        return False
    if long.startswith(short) and len(short) >= 5:
        return True
    stem = min(len(short), 6)
    if one[:stem] == other[:stem] and len(long) - len(short) <= 4:
        return True
    return len(short) >= 6 and distance(sound(one), sound(other), 2) <= (2 if len(short) >= 9 else 1)


def distance(one: str, other: str, limit: int) -> int:
    """Return how many letters must change, swaps of neighbours counted once; ``limit`` + 1 when it is more."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, right in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if older and j > 1 and left == other[j - 2] and one[i - 2] == right:
                best = min(best, older[j - 2] + 1)
            row.append(best)
        if min(row) > limit:
            return limit + 1
    return row[-1]


@lru_cache(maxsize=4096)
def content_words(name: str) -> tuple[str, ...]:
    """Return the plain words of a name that carry meaning."""
    return tuple(word for word in plain(name).split() if word not in STOP and len(word) > 1)
