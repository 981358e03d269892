"""The wording of messages: what stands for the person, what is one of several, what the hour decides.

Grammar of a message: ``{key}`` and ``{key|fallback}``, where two braces on each side mean the same, as other tools write
them; ``[one|another]`` is one of its choices, which may themselves hold placeholders and choices. A backslash before one
of ``{ } [ ] |`` sends that sign itself. Anything else stands for itself; nothing is ever evaluated.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from core.text import first_name, slug_key

_TOKEN = re.compile(
    r"\\([{}\[\]|])"
    r"|\{\{([^{}|\\\n]{1,60})(?:\|([^{}\\\n]{0,120}))?\}\}"
    r"|\{([^{}|\\\n]{1,60})(?:\|([^{}\\\n]{0,120}))?\}"
    r"|([\[\]|])"
)
_SPACES = re.compile(r"(?<=\S)[ \t]{2,}")
_BEFORE_MARK = re.compile(r"[ \t]+([,.!?;:]|\n)")
_COMMA_BEFORE_MARK = re.compile(r",[ \t]*(?=[,.!?;:])")
_COMMA_AT_BEGINNING = re.compile(r"(\A|\n|[.!?][ \t]+)[ \t]*,[ \t]*(\w?)")
_SENTENCE_END = re.compile(r"[.!?\n]\s*\Z")
ALIASES = {
    "name": "nome",
    "first_name": "nome",
    "primeiro_nome": "nome",
    "full_name": "nome_completo",
    "cidade": "city",
    "telefone": "phone",
    "e_mail": "email",
    "greeting": "saudacao",
}
WRITTEN = {"city": "cidade", "phone": "telefone"}
NAME, WHOLE_NAME, GREETING, ORIGIN_LINK = "nome", "nome_completo", "saudacao", "por_que_recebi"
# Signs of no script around the greeting in a frozen text, so that the hour at which it leaves can change it: one before a
# greeting with a capital, one before a greeting within a sentence, one after it.
CAPITAL, WITHIN, END = "\ue000", "\ue001", "\ue002"
HELD_GREETING = CAPITAL + END
_NO_SIGNS = dict.fromkeys(map(ord, (CAPITAL, WITHIN, END)))
DEEPEST = 4
SEEN = 24


def written_key(key: str) -> str:
    """Return the name by which people write a field: that of the language, where there is one."""
    return WRITTEN.get(key, key)


class Placeholder(NamedTuple):
    """A value of the contact; ``fallback`` None where none is written."""

    key: str
    fallback: str | None


class Choice(NamedTuple):
    """One of ``options``, each a text of its own."""

    options: tuple["Parts", ...]


Part = str | Placeholder | Choice
Parts = tuple[Part, ...]


@lru_cache(maxsize=4096)
def placeholder_key(raw: str) -> str:
    """Return the attribute that a placeholder's name stands for."""
    key = slug_key(raw)
    return ALIASES.get(key, key)


class _Reader:
    """Reads a text from left to right; ``open`` holds the choices not closed yet, the outermost text first."""

    def __init__(self) -> None:
        self.open: list[list[list[Part]]] = [[[]]]
        self.too_deep = 0

    def add(self, part: Part) -> None:
        if part:
            self.open[-1][-1].append(part)

    def sign(self, sign: str) -> None:
        if self.too_deep or (sign == "[" and len(self.open) > DEEPEST):
            self.too_deep += {"[": 1, "]": -1}.get(sign, 0)
            self.add(sign)
        elif sign == "[":
            self.open.append([[]])
        elif sign == "|" and len(self.open) > 1:
            self.open[-1].append([])
        elif sign == "]" and len(self.open) > 1:
            self._close(self.open.pop())
        else:
            self.add(sign)

    def _close(self, options: list[list[Part]]) -> None:
        if len(options) > 1:
            self.add(Choice(tuple(tuple(option) for option in options)))
        else:
            self._plain("[", options, "]")

    def _plain(self, before: str, options: list[list[Part]], after: str) -> None:
        self.add(before)
        for number, option in enumerate(options):
            self.add("|" if number else "")
            self.open[-1][-1].extend(option)
        self.add(after)

    def whole(self) -> Parts:
        while len(self.open) > 1:  # never closed: it stands for itself
            self._plain("[", self.open.pop(), "")
        return tuple(self.open[0][0])


@lru_cache(maxsize=1024)
def parts_of(text: str) -> Parts:
    """Return a message as plain texts, placeholders and choices, in order."""
    reader = _Reader()
    end = 0
    for match in _TOKEN.finditer(text):
        reader.add(text[end : match.start()])
        escaped, double, double_fallback, single, fallback, sign = match.groups()
        if sign:
            reader.sign(sign)
        elif escaped:
            reader.add(escaped)
        else:
            reader.add(Placeholder(placeholder_key(double or single), double_fallback or fallback))
        end = match.end()
    reader.add(text[end:])
    return reader.whole()


def placeholders_in(text: str) -> list[tuple[str, str | None]]:
    """Return (key, fallback) of each placeholder, in order, those of all choices too; fallback None where none is written."""
    return list(_placeholders(parts_of(text)))


def _placeholders(parts: Parts) -> Iterator[Placeholder]:
    for part in parts:
        if isinstance(part, Placeholder):
            yield part
        elif isinstance(part, Choice):
            for option in part.options:
                yield from _placeholders(option)


def varies(text: str) -> bool:
    """Tell whether a message may read differently from one person to the next."""
    return any(not isinstance(part, str) for part in parts_of(text))


def unknown_placeholders(text: str, known: Collection[str]) -> list[str]:
    """Return the keys that are not in ``known``, each once, in order: they are sent as their fallback or as nothing."""
    keys = dict.fromkeys(key for key, _fallback in placeholders_in(text))
    allowed = (
        {placeholder_key(name) for name in known} | {GREETING, ORIGIN_LINK} | ({WHOLE_NAME} if NAME in known else set())
    )
    return [key for key in keys if key not in allowed]


def stray_signs(text: str) -> list[str]:
    """Return the pieces of a message that look like a field or a choice and are sent just as they stand, in order.

    Braces and brackets that nothing closes or opens, brackets with one thing to choose from, choices too deep within others. An
    escaped sign is meant.
    """
    stray: list[int] = []
    opened: list[tuple[int, bool]] = []
    end = 0
    for match in _TOKEN.finditer(text):
        stray += _braces(text, end, match.start())
        match match[6]:
            case "[":
                opened.append((match.start(), False))
            case "|" if opened:
                opened[-1] = opened[-1][0], True
            case "]" if opened:
                at, is_choice = opened.pop()
                stray += [] if is_choice and len(opened) < DEEPEST else [at]
            case "]":
                stray.append(match.start())
        end = match.end()
    stray += [*_braces(text, end, len(text)), *(at for at, _is_choice in opened)]
    return list(dict.fromkeys(_around(text, at) for at in sorted(stray)))


def _braces(text: str, start: int, end: int) -> list[int]:
    return [at for at in range(start, end) if text[at] in "{}"]


def _around(text: str, at: int) -> str:
    """Return the few letters by which somebody finds a sign again."""
    if text[at] in "]}":
        return text[max(0, at - SEEN) : at + 1].split()[-1]
    piece = text[at : at + SEEN].splitlines()[0]
    closing = piece.find("]" if text[at] == "[" else "}")
    return piece[: closing + 1] if closing >= 0 else piece.strip()


def render_placeholders(text: str, values: Mapping[str, str], *, seed: str = "") -> str:
    """Return the message for one person.

    ``{nome}`` is the first name of ``values["nome"]`` and ``{nome_completo}`` all of it; ``{saudacao}`` is that of the values,
    with a small letter within a sentence. What is neither known nor has a fallback becomes nothing. Values are inserted as
    they are and never read again, so a brace in a contact's name stays a brace. Of choices the ``seed`` takes always the same
    ones, and without a seed the first.
    """
    writer = _Writer(values, seed)
    writer.write(parts_of(text))
    whole = "".join(writer.written)
    return (_closed(whole) if writer.gap else whole).strip()


def _closed(text: str) -> str:
    """Return a text in which a value was empty without "Oi , tudo", "Oi,!", ", tudo" or two spaces."""
    begun = _COMMA_AT_BEGINNING.sub(lambda found: found[1] + found[2].upper(), text)
    return _SPACES.sub(" ", _BEFORE_MARK.sub(r"\1", _COMMA_BEFORE_MARK.sub("", begun)))


class _Writer:
    def __init__(self, values: Mapping[str, str], seed: str) -> None:
        self.values = values
        self.seed = seed
        self.chosen = 0
        self.gap = False
        self.written: list[str] = []

    def write(self, parts: Parts) -> None:
        for part in parts:
            if isinstance(part, Choice):
                self.write(self._choose(part))
            elif isinstance(part, Placeholder):
                self._fill(part)
            else:
                self.written.append(part.translate(_NO_SIGNS))

    def _choose(self, choice: Choice) -> Parts:
        self.chosen += 1
        digest = blake2b(f"{self.seed}:{self.chosen}".encode(), digest_size=6).digest() if self.seed else b""
        option = choice.options[int.from_bytes(digest) % len(choice.options)]
        self.gap = self.gap or not option
        return option

    def _fill(self, part: Placeholder) -> None:
        value = self._value(part.key) or (part.fallback or "").strip()
        self.gap = self.gap or not value
        self.written.append(value)

    def _value(self, key: str) -> str:
        value = (self.values.get(key) or "").strip()
        if key == GREETING:
            return value if self._begins_sentence() else within_sentence(value)
        if key == NAME:
            value = first_name(value)
        elif key == WHOLE_NAME:
            value = value or (self.values.get(NAME) or "").strip()
        return value.translate(_NO_SIGNS)

    def _begins_sentence(self) -> bool:
        before = "".join(self.written[-3:])
        return not before.strip() or bool(_SENTENCE_END.search(before))


def within_sentence(greeting: str) -> str:
    """Return a greeting as it reads within a sentence."""
    return WITHIN + END if greeting == HELD_GREETING else greeting[:1].lower() + greeting[1:]


def without_signs(frozen: str) -> str:
    """Return a frozen text as it was sent: without the signs around its greeting."""
    return frozen.translate(_NO_SIGNS)


def shown(frozen: str) -> str:
    """Return a frozen text as it is shown to members: a greeting that no hour has filled yet as its placeholder."""
    return without_signs(frozen.replace(CAPITAL + END, "{saudacao}").replace(WITHIN + END, "{saudacao}"))


def greeting_at(local: datetime) -> str:
    """Return how one greets at this local time."""
    return "Bom dia" if 5 <= local.hour < 12 else "Boa tarde" if 12 <= local.hour < 18 else "Boa noite"
