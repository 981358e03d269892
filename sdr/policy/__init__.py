"""The check between a model and the customer: what the business never stated is not said, whoever thought of it.

Every sentence is judged by itself. One that claims too much gives way to a promise to ask the team, the others stay; an answer that
gives away what is behind it is dropped as a whole.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sdr.contract import BusinessProfile, ChatMessage, Objection
from sdr.policy.claims import objections_to
from sdr.policy.grounds import grounds_of
from sdr.policy.money import amounts_in

__all__ = ["ANSWER_WITHIN", "SAFE", "Checked", "amounts_in", "check"]

# An automatic answer to what was said longer ago than this is worse than none.
ANSWER_WITHIN = timedelta(minutes=15)
SAFE = (
    "Essa informação eu confirmo com a equipe e já te retorno.",
    "Isso eu prefiro confirmar com a equipe antes de te responder.",
    "Deixa eu confirmar isso com a equipe e te aviso por aqui.",
)
WHOLE = frozenset({"leak", "identity"})
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True)
class Checked:
    reply: str
    objections: tuple[Objection, ...] = ()


def check(reply: str, profile: BusinessProfile, history: Sequence[ChatMessage] = ()) -> Checked:
    """Return what may be sent, and why something of the reply may not."""
    grounds = grounds_of(profile, history)
    kept: list[str] = []
    found: list[Objection] = []
    for sentence in filter(None, _SENTENCE.split(reply)):
        objections = [Objection(code, words[:120]) for code, words in objections_to(sentence, grounds)]
        found += objections
        kept += [] if objections else [sentence]
    if not found:
        return Checked(reply)
    safe = _safe(history)
    if WHOLE & {objection.code for objection in found}:
        return Checked(safe, tuple(found))
    # The question that was to be asked still ends the message.
    asked = [sentence for sentence in kept if sentence.endswith("?")]
    told = [sentence for sentence in kept if not sentence.endswith("?")]
    return Checked(" ".join([*told, safe, *asked[-1:]]), tuple(found))


def _safe(history: Sequence[ChatMessage]) -> str:
    said = " ".join(message.text for message in history if message.author == "bot")
    return next((text for text in SAFE if text not in said), SAFE[0])
