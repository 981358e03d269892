"""Plain-letter search, names and cutting of texts."""

import re
import unicodedata

_NOT_KEY = re.compile(r"[^a-z0-9]+")
_WORD = re.compile(r"[^\W\d_][\w'’.-]*")
_TITLES = frozenset(["dr", "dra", "sr", "sra", "srta", "prof", "profa", "eng", "seu", "dona", "d"])


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
