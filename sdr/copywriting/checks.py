"""What every campaign text must be, whoever wrote it."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from core.placeholders import placeholders_in
from core.text import fold
from sdr.contract import Refused
from sdr.policy.claims import LINK, OFFER
from sdr.policy.money import amounts_in

TOO_ALIKE = 0.5
MIN_LINES, MAX_LINES, MAX_LINE = 2, 4, 140
SHINGLE = 4
_WORD = re.compile(r"\w+")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def similarity(one: str, other: str) -> float:
    """Return how much of two texts is the same, 0 to 1: the larger of two shares in common (Jaccard).

    One is of words, one of runs of four letters, which also finds the same phrase with other endings. What stands for the
    contact's own words counts for the runs as nothing, as each person reads something else there.
    """
    return max(_shared(_words(one), _words(other)), _shared(_shingles(one), _shingles(other)))


def difference(text: str, others: Iterable[str]) -> float:
    """Return how far a text is from the closest of others, 0 (the same) to 1 (nothing in common)."""
    return 1 - max((similarity(text, other) for other in others), default=0.0)


# Twenty texts are compared in 190 pairs at each pause of who writes: each is read once.
@lru_cache(maxsize=512)
def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(fold(text)))


@lru_cache(maxsize=512)
def _shingles(text: str) -> frozenset[str]:
    plain = " ".join(_WORD.findall(fold(_PLACEHOLDER.sub(" ", text))))
    return frozenset(plain[at : at + SHINGLE] for at in range(max(1, len(plain) - SHINGLE + 1))) - {""}


def _shared(first: frozenset[str], second: frozenset[str]) -> float:
    return len(first & second) / len(first | second) if first | second else 0.0


def sift(texts: Iterable[str], stated: str, *, than: Sequence[str] = ()) -> tuple[list[str], list[Refused]]:
    """Part texts in those that keep to the form and are clearly different, and the others with the reason."""
    kept: list[str] = []
    refused: list[Refused] = []
    for text in texts:
        if code := objection(text, stated):
            refused.append(Refused(text, code))
        elif (apart := difference(text, (*than, *kept))) <= 1 - TOO_ALIKE:
            refused.append(Refused(text, "alike", round(100 * (1 - apart))))
        else:
            kept.append(text)
    return kept, refused


def distinct(texts: Sequence[str], *, than: Sequence[str] = ()) -> list[str]:
    """Leave out what shares too much with an earlier text: look-alikes are what gets numbers blocked."""
    kept: list[str] = []
    for text in texts:
        if difference(text, (*than, *kept)) > 1 - TOO_ALIKE:
            kept.append(text)
    return kept


def acceptable(text: str, stated: str) -> bool:
    """Tell whether a text keeps to the form and promises nothing that ``stated`` (the owner's own words) does not."""
    return not objection(text, stated)


def objection(text: str, stated: str) -> str:
    """Return the code of the rule that a text breaks, empty where it keeps to all of them."""
    lines = [line for line in text.splitlines() if line.strip()]
    promised = {found[0].lower() for found in OFFER.finditer(text)} - {
        found[0].lower() for found in OFFER.finditer(stated)
    }
    broken = {
        "lines": not MIN_LINES <= len(lines) <= MAX_LINES,
        "long": any(len(line) > MAX_LINE for line in lines),
        "name": "nome" not in {key for key, _fallback in placeholders_in(text)},
        "promise": bool(promised),
        "link": any(link.rstrip(".,!?)") not in stated for link in LINK.findall(text)),
        "price": not amounts_in(text) <= amounts_in(stated),
    }
    return next((code for code, is_broken in broken.items() if is_broken), "")
