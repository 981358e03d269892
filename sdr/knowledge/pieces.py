"""A long text cut into pieces of a size that answers one question, each with the heading that it stands under."""

import re
from collections.abc import Iterator

LONGEST = 700
_SENTENCE = re.compile(r"(?<=[.!?;:])\s+")


def cut(text: str) -> list[str]:
    """Return pieces of at most about 700 letters; sentences stay whole, a question stays with its answer."""
    pieces: list[str] = []
    heading, current = "", ""
    for block in _blocks(text):
        if _is_heading(block):
            heading, pieces, current = block, _kept(pieces, current), ""
            continue
        for part in _parts(block):
            if current and len(current) + len(part) > LONGEST and not current.rstrip().endswith("?"):
                pieces, current = _kept(pieces, current), ""
            current = f"{current}\n{part}" if current else f"{heading}\n{part}" if heading else part
    return _kept(pieces, current)


def _blocks(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())


def _kept(pieces: list[str], current: str) -> list[str]:
    return [*pieces, current.strip()] if current.strip() else pieces


def _is_heading(block: str) -> bool:
    return len(block) <= 60 and len(block.split()) <= 8 and block[-1] not in ".!?;,:" and not re.search(r"\d", block)


def _parts(block: str) -> Iterator[str]:
    if len(block) <= LONGEST:
        yield block
        return
    current = ""
    for sentence in _SENTENCE.split(block):
        while len(sentence) > LONGEST:
            yield sentence[:LONGEST]
            sentence = sentence[LONGEST:]
        if current and len(current) + len(sentence) > LONGEST:
            yield current
            current = ""
        current = f"{current} {sentence}".strip()
    if current:
        yield current
