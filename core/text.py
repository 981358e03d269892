"""Plain-letter search, and the placeholders of messages."""

import re
import unicodedata
from collections.abc import Mapping

PLACEHOLDER = re.compile(r"\{([^{}|\n]{1,60})(?:\|([^{}\n]{0,120}))?\}")
_SPACES = re.compile(r"[ \t]{2,}")
ALIASES = {"name": "nome", "first_name": "nome", "cidade": "city", "telefone": "phone", "e-mail": "email"}


def fold(text: str) -> str:
    """Return the text in lower case without accents, as searched for and compared."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


def slug_key(label: str) -> str:
    """Return the key under which a column or attribute is known: folded, words joined by underscores."""
    return re.sub(r"[^a-z0-9]+", "_", fold(label)).strip("_")[:60]


def first_name(name: str) -> str:
    """Return the first word of a name, with a capital where the person wrote none."""
    word = name.strip().split(" ")[0] if name.strip() else ""
    return word.capitalize() if word.isupper() or word.islower() else word


def placeholder_key(raw: str) -> str:
    """Return the attribute that a placeholder's name stands for."""
    key = slug_key(raw)
    return ALIASES.get(key, ALIASES.get(raw.strip().lower(), key))


def placeholders_in(text: str) -> list[tuple[str, str | None]]:
    """Return (key, fallback) of each placeholder, in order; fallback None where none is written."""
    return [(placeholder_key(match[1]), match[2]) for match in PLACEHOLDER.finditer(text)]


def render_placeholders(text: str, values: Mapping[str, str]) -> str:
    """Replace ``{key}`` and ``{key|fallback}``; what is neither known nor has a fallback becomes nothing.

    Values are inserted as they are and never read again, so a brace in a contact's name stays a brace.
    """
    rendered = PLACEHOLDER.sub(lambda m: (values.get(placeholder_key(m[1])) or m[2] or "").strip(), text)
    # An empty value must not leave "Oi , tudo" behind.
    return _SPACES.sub(" ", re.sub(r"[ \t]+([,.!?])", r"\1", rendered)).strip()
