"""The local engine: rules for Brazilian chat, no network, no key, the same answer for the same conversation."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from core.text import fold
from sdr.contract import BusinessProfile, ChatMessage, Fact, Turn, Usage
from sdr.engine.facts.interest import find_interest, merge_interest
from sdr.engine.facts.knowledge import find_knowledge
from sdr.engine.facts.location import find_location
from sdr.engine.facts.name import find_name
from sdr.engine.facts.urgency import find_urgency
from sdr.engine.replies import asked_fact, compose
from sdr.engine.signals import human_reason, sentiment_of


class LocalModel:
    """Implements :class:`sdr.contract.SdrModel`."""

    def answer(
        self, profile: BusinessProfile, history: Sequence[ChatMessage], known: Mapping[str, Fact], now: datetime
    ) -> Turn:
        facts = read_facts(profile, history, known, now)
        burst = last_burst(history)
        text = " ".join(message.text for message in burst)
        reason = next((r for r in (human_reason(message.text) for message in burst) if r), "")
        reply, unanswered = compose(profile, history, burst, facts, now)
        return Turn("" if reason else reply, facts, sentiment_of(text), reason, unanswered, Usage("local"))


def last_burst(history: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Return what the customer wrote since we last spoke."""
    burst: list[ChatMessage] = []
    for message in reversed(history):
        if message.author != "customer":
            break
        burst.insert(0, message)
    return burst


def read_facts(
    profile: BusinessProfile, history: Sequence[ChatMessage], known: Mapping[str, Fact], now: datetime
) -> dict[str, Fact]:
    """Read every message of the customer in order; what was known stays unless something better is said."""
    facts = dict(known)
    taken = {fold(word) for place in (profile.city, *profile.area) for word in (place, *place.split()) if word}
    taken |= {fold(word) for service in profile.services for word in (service.name, *service.name.split())}
    asked = ""
    for message in history:
        if message.author != "customer":
            asked = asked_fact(message.text) or asked
            continue
        _read(message, profile, facts, now, asked, taken)
    return facts


def _read(
    message: ChatMessage, profile: BusinessProfile, facts: dict[str, Fact], now: datetime, asked: str, taken: set[str]
) -> None:
    text, mid = message.text, message.id
    if interest := find_interest(text, mid, profile):
        facts["interest"] = merge_interest(facts.get("interest"), interest)
    name = find_name(text, mid, asked=asked == "name", taken=taken)
    if name and ("name" not in facts or len(name.value) > len(facts["name"].value)):
        facts["name"] = name
    if urgency := find_urgency(text, mid, now, asked=asked == "urgency"):
        facts["urgency"] = urgency
    if knowledge := find_knowledge(text, mid, asked=asked == "knowledge"):
        facts["knowledge"] = knowledge
    located = find_location(text, mid, profile, asked=asked == "location")
    if located and (facts.get("location") is None or located.level == "inside" or asked == "location"):
        facts["location"] = located
