"""All facts of a conversation: every message of the customer in order, in the light of what we had just asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.text import fold
from sdr.contract import BusinessProfile, ChatMessage, Fact
from sdr.engine.facts.interest import find_interest, merge_interest
from sdr.engine.facts.knowledge import find_knowledge
from sdr.engine.facts.location import find_location
from sdr.engine.facts.name import find_name
from sdr.engine.facts.urgency import find_urgency
from sdr.engine.places import CITIES
from sdr.engine.replies.questions import asked_fact, asks_first_time
from sdr.engine.services import WISH, services_named
from sdr.engine.signals import GREETING
from sdr.engine.words import plain


@dataclass
class Reader:
    """What is known while the messages are read one after the other."""

    profile: BusinessProfile
    now: datetime
    facts: dict[str, Fact]
    asked: str = ""
    offered: str = ""
    first: bool = False
    taken: frozenset[str] = field(default_factory=frozenset)

    def hear(self, message: ChatMessage) -> None:
        """Note what one of our own messages asked and offered."""
        self.asked = asked_fact(message.text) or self.asked
        self.first = asks_first_time(message.text)
        named = services_named(message.text, self.profile)
        self.offered = named[0].name if len(named) == 1 else ""

    def read(self, message: ChatMessage) -> None:
        """Learn from one message of the customer."""
        before = dict(self.facts)
        self._read_interest(message)
        self._read_name(message)
        at = message.at.astimezone(self.now.tzinfo) if message.at.tzinfo and self.now.tzinfo else message.at
        text, mid = message.text, message.id
        self._keep("urgency", find_urgency(text, mid, at, asked=self.asked == "urgency"))
        self._keep("knowledge", find_knowledge(text, mid, asked=self.asked == "knowledge", first=self.first))
        self._read_location(message)
        if self.asked and self.facts.get(self.asked) is not before.get(self.asked):
            self.asked = ""

    def _keep(self, name: str, found: Fact | None) -> None:
        if found:
            self.facts[name] = found

    def _read_interest(self, message: ChatMessage) -> None:
        bare = self.asked == "interest" and not GREETING.match(plain(message.text))
        offered = self.offered if self.asked in {"", "interest"} else ""
        found = find_interest(message.text, message.id, self.profile, asked=bare, offered=offered)
        known = self.facts.get("interest")
        if found and known and known.value and self.asked == "knowledge" and not WISH.search(plain(message.text)):
            # "Já fiz mechas aí" tells what was done once, not what is wanted now.
            return
        if found:
            self.facts["interest"] = merge_interest(self.facts.get("interest"), found)

    def _read_name(self, message: ChatMessage) -> None:
        found = find_name(message.text, message.id, asked=self.asked == "name", taken=self.taken)
        known = self.facts.get("name")
        if found and (known is None or self.asked == "name" or _completes(known.value, found.value)):
            self.facts["name"] = found

    def _read_location(self, message: ChatMessage) -> None:
        asked = self.asked == "location"
        found = find_location(message.text, message.id, self.profile, asked=asked, busy=self.asked == "name")
        known = self.facts.get("location")
        if found and (known is None or asked or found.level != "outside"):
            self.facts["location"] = found


def _completes(known: str, found: str) -> bool:
    return len(found) > len(known) and fold(found).split()[0] == fold(known).split()[0]


def read_facts(
    profile: BusinessProfile, history: Sequence[ChatMessage], known: Mapping[str, Fact], now: datetime
) -> dict[str, Fact]:
    """Read the whole conversation; what was known stays unless something newer is said."""
    reader = Reader(profile, now, dict(known), taken=_taken(profile))
    for message in history:
        if message.author == "customer":
            reader.read(message)
        else:
            reader.hear(message)
    return reader.facts


def _taken(profile: BusinessProfile) -> frozenset[str]:
    places = {
        fold(part) for place in (profile.city, *profile.area) for part in (place, *place.split()) if len(part) > 2
    }
    services = {
        fold(part) for service in profile.services for part in (service.name, *service.name.split()) if len(part) > 2
    }
    return CITIES | places | services


def last_burst(history: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Return what the customer wrote since we last spoke."""
    burst: list[ChatMessage] = []
    for message in reversed(history):
        if message.author != "customer":
            break
        burst.insert(0, message)
    return burst
