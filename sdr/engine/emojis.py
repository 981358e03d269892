"""Emojis by context: one for who is glad or uses them, none for who is annoyed."""

import re
from collections.abc import Sequence

from sdr.contract import Sentiment

SMILE = "😊"
EMOJI = re.compile(
    "[\u2600-\u27bf\u2b50\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff][\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff]*"
)
HARD = frozenset({Sentiment.ANNOYED, Sentiment.ANGRY})


def warmed(opening: str, sentiment: Sentiment, burst: Sequence[str], said: Sequence[str]) -> str:
    """Return the first words with a smile where the customer is glad or sends emojis, and none was among the last things said."""
    glad = sentiment is Sentiment.POSITIVE or (sentiment not in HARD and any(EMOJI.search(text) for text in burst))
    used = any(EMOJI.search(text) for text in said[-3:])
    return f"{opening} {SMILE}" if opening and glad and not used else opening


def sober(reply: str) -> str:
    """Return a reply without emojis, for who is annoyed."""
    return re.sub(r" {2,}", " ", re.sub(rf" ?{EMOJI.pattern}", "", reply)).strip()
