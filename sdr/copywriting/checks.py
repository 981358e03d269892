"""What every campaign text must be, whoever wrote it."""

import re
from collections.abc import Sequence

from core.placeholders import placeholders_in
from core.text import fold
from sdr.policy.claims import LINK, OFFER
from sdr.policy.money import amounts_in

TOO_ALIKE = 0.5
MIN_LINES, MAX_LINES, MAX_LINE = 2, 4, 140
_WORD = re.compile(r"\w+")


def similarity(one: str, other: str) -> float:
    """Return the share of words that two texts have in common, 0 to 1 (Jaccard)."""
    first, second = set(_WORD.findall(fold(one))), set(_WORD.findall(fold(other)))
    return len(first & second) / len(first | second) if first | second else 0.0


def distinct(texts: Sequence[str], *, than: Sequence[str] = ()) -> list[str]:
    """Leave out what shares too many words with an earlier text: look-alikes are what gets numbers blocked."""
    kept: list[str] = []
    for text in texts:
        if all(similarity(text, other) < TOO_ALIKE for other in (*than, *kept)):
            kept.append(text)
    return kept


def acceptable(text: str, stated: str) -> bool:
    """Tell whether a text keeps to the form and promises nothing that ``stated`` (the owner's own words) does not."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not MIN_LINES <= len(lines) <= MAX_LINES or any(len(line) > MAX_LINE for line in lines):
        return False
    if "nome" not in {key for key, _fallback in placeholders_in(text)}:
        return False
    promised = {found[0].lower() for found in OFFER.finditer(text)} - {
        found[0].lower() for found in OFFER.finditer(stated)
    }
    foreign = [link for link in LINK.findall(text) if link.rstrip(".,!?)") not in stated]
    return not promised and not foreign and amounts_in(text) <= amounts_in(stated)
