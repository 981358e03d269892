"""Answers in the business's own written words: the sentence of a document that speaks of what was asked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sdr.contract import Passage
from sdr.engine.words import alike, content_words, plain, words_in

LONGEST = 320
ENOUGH = 0.6
ASKS = re.compile(
    r"\b(quais?|quanto|quantos|quantas|como|onde|aonde|quando|que horas|qual|por que|porque|tem|teria|fazem|faz|"
    r"aceitam?|atendem?|pode|posso|precisa|"
    r"preciso|da para|existe|voces|e possivel|funciona)\b"
)
# Words of asking, not of what is asked about.
ASKING = words_in(
    """
voce voces qual quais quanto quantos quantas como onde aonde quando porque que tem teria fazem faz fazer pode posso possivel precisa preciso
existe saber gostaria queria quero sobre favor bom boa dia tarde noite ola oi tudo bem aqui ai la isso esse essa este esta ele ela eles elas
meu minha seu sua nosso nossa ser estar ter ja mais muito tambem ainda so sim nao me te se eu hoje amanha aceita aceitam atende atendem
trabalha trabalham da dao funciona custa valor preco horas hora
""".replace("\n", " ")
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True)
class Quote:
    text: str
    source: str


def quote(text: str, passages: Sequence[Passage]) -> Quote | None:
    """Return the sentence that answers a question, or None where nothing written speaks of it."""
    sentence = plain(text)
    wanted = [word for word in dict.fromkeys(content_words(text)) if len(word) > 2 and word not in ASKING]
    if not wanted or not ("?" in text or ASKS.search(sentence)):
        return None
    found = [
        (_fit(wanted, said), -place, said, passage)
        for place, passage in enumerate(passages)
        for said in _told(passage.text)
    ]
    best = max(found, key=lambda item: item[:2], default=None)
    return Quote(best[2][1][:LONGEST], best[3].id) if best and best[0] >= ENOUGH else None


def _told(text: str) -> Iterator[tuple[str, str]]:
    """Yield (what is spoken of, what is said): a written question lends its words to the answer that follows it."""
    sentences = [part.strip() for part in _SENTENCE.split(text) if part.strip()]
    heading = sentences[0] if sentences and sentences[0][-1] not in ".!?;:" else ""
    for number, said in enumerate(sentences):
        if said.endswith("?"):
            continue
        asked = sentences[number - 1] if number and sentences[number - 1].endswith("?") else ""
        if said != heading:
            yield f"{heading} {asked} {said}", said


def _fit(wanted: Sequence[str], told: tuple[str, str]) -> float:
    words = plain(told[0]).split()
    hits = sum(any(alike(word, heard) for heard in words) for word in wanted)
    # One word in common is a coincidence, unless it is all that was asked about.
    return hits / len(wanted) if hits > 1 or len(wanted) == 1 else 0.0
