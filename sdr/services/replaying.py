"""A real conversation held again under a draft: what would be said now, beside what was said then. Nothing is sent or stored."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from conversations.models import Conversation
from sdr.contract import ChatMessage
from sdr.models import Prompt
from sdr.services.asking import ask_turn
from sdr.services.profiles import business_profile, get_profile
from sdr.services.turns import local_time, read_history

MAX_TURNS = 6
PATIENCE_SECONDS = 25.0


@dataclass(frozen=True)
class Replayed:
    """One burst of the customer, what was answered then and what the draft answers; ``why`` is why it calls a person."""

    asked: str
    then: str
    now: str
    why: str

    @property
    def is_same(self) -> bool:
        return self.then.strip() == self.now.strip()


def replay(conversation: Conversation, prompt: Prompt | None) -> list[Replayed]:
    """Return the first turns of a conversation as the version would answer them."""
    profile = get_profile()
    business = business_profile(profile, prompt)
    at, started = local_time(profile.organization_id), time.monotonic()
    told: list[Replayed] = []
    for heard, then in _turns(read_history(conversation))[:MAX_TURNS]:
        if time.monotonic() - started > PATIENCE_SECONDS:
            break
        turn = ask_turn(profile, business, heard, {}, at, task="replay")
        asked = "\n".join(message.text for message in _burst(heard))
        told.append(Replayed(asked, then, turn.reply, turn.human_reason))
    return told


def _turns(history: Sequence[ChatMessage]) -> list[tuple[list[ChatMessage], str]]:
    """Return, for each burst that was answered, the conversation up to it and the answer."""
    found: list[tuple[list[ChatMessage], str]] = []
    for place, message in enumerate(history):
        if place and message.author != "customer" and history[place - 1].author == "customer":
            found.append((list(history[:place]), message.text))
    return found


def _burst(history: Sequence[ChatMessage]) -> list[ChatMessage]:
    start = next((place for place in range(len(history), 0, -1) if history[place - 1].author != "customer"), 0)
    return list(history[start:])
