"""Whether a customer asks why a campaign wrote to them: a question with one true answer, which no model should word."""

import re
from uuid import UUID

from conversations.models import Message, Origin
from core.text import fold

_ASKED = re.compile(
    r"\b(por ?que|pq|porq)\b.{0,20}\b(receb\w*|mandaram|mandou|enviaram|enviou|chegou)\b"
    r"|\b(como|onde|de onde)\b.{0,20}\b(conseg\w*|peg\w*|arrum\w*|ach\w*|tir\w*|obtiver\w*|descobr\w*|tem|tens)\b.{0,6}\b"
    r"(meu|minha|meus)\b.{0,4}\b(numero|contato|telefone|celular|whats\w*|zap\w*|dados)\b"
    r"|\bquem\b.{0,8}\b(pass\w*|deu|forneceu)\b.{0,6}\bmeus?\b.{0,4}\b(numero|contato|telefone|celular|whats\w*|zap\w*|dados)\b"
)
LONGEST = 200


def asks_for_origin(text: str) -> bool:
    """Tell whether a text asks where its writer's number came from or why a message was sent."""
    return len(text) <= LONGEST and bool(_ASKED.search(fold(text)))


def origin_asked(conversation_id: UUID | str, text: str) -> bool:
    """Tell whether the question is asked where a campaign has written; only there its answer is known."""
    return asks_for_origin(text) and _of_campaign(conversation_id)


def _of_campaign(conversation_id: UUID | str) -> bool:
    found: bool = Message.objects.filter(conversation_id=conversation_id, origin=Origin.CAMPAIGN).exists()
    return found
