"""Plain-letter search, and the placeholders of messages.

Grammar of a message: ``{key}`` and ``{key|fallback}``; two braces on each side mean the same, as other tools write
them. ``\\{`` and ``\\}`` are braces to be sent. Anything else stands for itself; nothing is ever evaluated.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache

_PLACEHOLDER = re.compile(
    r"\\([{}])"
    r"|\{\{([^{}|\\\n]{1,60})(?:\|([^{}\\\n]{0,120}))?\}\}"
    r"|\{([^{}|\\\n]{1,60})(?:\|([^{}\\\n]{0,120}))?\}"
)
_SPACES = re.compile(r"(?<=\S)[ \t]{2,}")
_BEFORE_MARK = re.compile(r"[ \t]+([,.!?;:])")
_NOT_KEY = re.compile(r"[^a-z0-9]+")
_WORD = re.compile(r"[^\W\d_][\w'’.-]*")
_TITLES = frozenset(["dr", "dra", "sr", "sra", "srta", "prof", "profa", "eng", "seu", "dona", "d"])
ALIASES = {
    "name": "nome",
    "first_name": "nome",
    "primeiro_nome": "nome",
    "full_name": "nome_completo",
    "cidade": "city",
    "telefone": "phone",
    "e_mail": "email",
}
NAME, WHOLE_NAME = "nome", "nome_completo"

Part = str | tuple[str, str | None]


def fold(text: str) -> str:
    """Return the text in lower case without accents, as searched for and compared."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


def search_text(*parts: str) -> str:
    """Return what a search looks through: the parts folded, one space between words."""
    return " ".join(fold(" ".join(parts)).split())


def slug_key(label: str) -> str:
    """Return the key under which a column or attribute is known: folded, words joined by underscores."""
    return _NOT_KEY.sub("_", fold(label)).strip("_")[:60].rstrip("_")


def truncate(text: str, length: int) -> str:
    """Return at most ``length`` characters, cut between words where there is a gap in the last third."""
    if len(text) <= length:
        return text
    cut = text[: max(0, length - 1)]
    gap = cut.rfind(" ")
    return (cut[:gap] if gap > length * 2 // 3 else cut).rstrip(" ,.;:") + "…"


def first_name(name: str) -> str:
    """Return how to address a person: the first word that is a name, without title, with a capital.

    A phone or an emoji in the place of a name is none.
    """
    words = _WORD.findall(name)
    titled = [word for word in words if fold(word).rstrip(".") not in _TITLES]
    word: str = (titled or words or [""])[0].rstrip(".-")
    return word.capitalize() if word.isupper() or word.islower() else word


@lru_cache(maxsize=4096)
def placeholder_key(raw: str) -> str:
    """Return the attribute that a placeholder's name stands for."""
    key = slug_key(raw)
    return ALIASES.get(key, key)


@lru_cache(maxsize=1024)
def _parts(text: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        parts.append(text[end : match.start()])
        brace, double, double_fallback, single, fallback = match.groups()
        parts.append(str(brace) if brace else (placeholder_key(double or single), double_fallback or fallback))
        end = match.end()
    parts.append(text[end:])
    return tuple(part for part in parts if part)


def parts_of(text: str) -> tuple[Part, ...]:
    """Return a message as plain texts and (key, fallback) placeholders, in order."""
    return _parts(text)


def placeholders_in(text: str) -> list[tuple[str, str | None]]:
    """Return (key, fallback) of each placeholder, in order; fallback None where none is written."""
    return [part for part in _parts(text) if isinstance(part, tuple)]


def unknown_placeholders(text: str, known: Collection[str]) -> list[str]:
    """Return the keys that are not in ``known``, each once, in order: they are sent as their fallback or as nothing."""
    keys = dict.fromkeys(key for key, _fallback in placeholders_in(text))
    allowed = {placeholder_key(name) for name in known} | ({WHOLE_NAME} if NAME in known else set())
    return [key for key in keys if key not in allowed]


def render_placeholders(text: str, values: Mapping[str, str]) -> str:
    """Return the message for one person.

    ``{nome}`` is the first name of ``values["nome"]`` and ``{nome_completo}`` all of it. What is neither known nor has
    a fallback becomes nothing. Values are inserted as they are and never read again, so a brace in a contact's name
    stays a brace.
    """
    rendered: list[str] = []
    gap = False
    for part in _parts(text):
        if isinstance(part, str):
            rendered.append(part)
            continue
        key, fallback = part
        value = _value(key, values) or (fallback or "").strip()
        gap = gap or not value
        rendered.append(value)
    whole = "".join(rendered)
    # An empty value must not leave "Oi , tudo" or two spaces behind; what the author wrote stays as it is.
    return (_SPACES.sub(" ", _BEFORE_MARK.sub(r"\1", whole)) if gap else whole).strip()


def _value(key: str, values: Mapping[str, str]) -> str:
    if key == NAME:
        return first_name(values.get(NAME) or "")
    if key == WHOLE_NAME:
        return (values.get(WHOLE_NAME) or values.get(NAME) or "").strip()
    return (values.get(key) or "").strip()
