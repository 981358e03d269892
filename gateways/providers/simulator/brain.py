"""What the virtual contacts do when a message reaches them: the same for the same seed, phone and turn."""

from dataclasses import dataclass
from typing import Any

from core.text import fold
from gateways.providers.simulator.config import SimulatorConfig
from gateways.providers.simulator.personas import (
    CHATTER,
    CLOSING,
    GREETING,
    INTEREST,
    KNOWLEDGE,
    LOCATION,
    NAME,
    OPENING,
    URGENCY,
    YES,
    VirtualContact,
    contact_at,
)

# What a question is about, in the order in which a person would answer a message that asks several.
TOPICS = {
    "name": ("seu nome", "te chamar", "como se chama", "com quem eu falo", "com quem falo"),
    "interest": ("qual servico", "procura", "te interessa", "gostaria de fazer", "precisa", "ajudar"),
    "urgency": ("quando", "prazo", "data em mente", "pressa", "urgen", "pra logo", "qual dia", "que dia"),
    "knowledge": ("ja fez", "ja conhece", "primeira vez", "ja pesquisou", "alguma vez", "orcamento"),
    "location": ("bairro", "cidade", "regiao", "onde voce", "de onde", "mora"),
}
MOST_ANSWERS = 2
LAST_TURN = 12
VANISHES_AFTER = 2


@dataclass(frozen=True)
class Action:
    """A webhook to come: ``delay_seconds`` of the virtual contact's own time from now."""

    delay_seconds: float
    body: dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One message of a virtual contact; ``kind`` is text, audio or image."""

    text: str
    kind: str = "text"


def virtual_contact(config: SimulatorConfig, phone: str, turn: int) -> VirtualContact:
    """Return who answers at this phone; ``turn`` counts our messages to it."""
    return contact_at(phone, seed=config.seed, turn=turn, weights=config.weights)


def react(config: SimulatorConfig, *, phone: str, external_id: str, text: str, turn: int) -> list[Action]:
    """Return what a virtual contact does on receiving our ``turn``-th message (from 0): acks, then perhaps answers."""
    contact = virtual_contact(config, phone, turn)
    dice = contact.random
    sent = dice.uniform(0.2, 0.8)
    actions = [_ack(sent, external_id, "sent")]
    if contact.persona == "failing" and config.replies:
        return [*actions, _ack(sent + dice.uniform(1, 5), external_id, "failed")]
    delivered = sent + dice.uniform(1, 4)
    actions.append(_ack(delivered, external_id, "delivered"))
    if contact.persona == "silent" and dice.random() < 0.6:
        return actions
    at = delivered + dice.uniform(3, 30)
    actions.append(_ack(at, external_id, "read"))
    lines = answer(config, contact, text, turn) if config.replies else []
    for number, line in enumerate(lines):
        # A burst comes quicker than anybody could answer it.
        at += dice.uniform(1, 3) if number else dice.uniform(3, 12)
        actions.append(_message(at, contact, f"in-{external_id}-{number}", line))
    return actions


def _ack(delay: float, external_id: str, state: str) -> Action:
    return Action(delay, {"type": "ack", "id": external_id, "state": state})


def _message(delay: float, contact: VirtualContact, external_id: str, line: Line) -> Action:
    body = {"type": "message", "id": external_id, "phone": contact.phone, "name": contact.name, "text": line.text}
    return Action(delay, body if line.kind == "text" else {**body, "kind": line.kind})


def answer(config: SimulatorConfig, contact: VirtualContact, text: str, turn: int) -> list[Line]:
    """Return the messages that the contact writes back; none when there is nothing to say."""
    if contact.persona == "silent" or (contact.persona == "vanishing" and turn >= VANISHES_AFTER):
        return []
    service = contact.random.choice(config.services).lower() if config.services else "uma avaliação"
    if turn == 0:
        return _opening(contact, service)
    if contact.persona in {"opt_out", "angry"}:
        return []
    if "?" not in text:
        is_polite = turn < LAST_TURN and contact.random.random() < 0.3
        return [Line(contact.says(CLOSING))] if is_polite else []
    return _burst(contact, _facts(config, contact, fold(text), service))


def _opening(contact: VirtualContact, service: str) -> list[Line]:
    if contact.persona == "voice":
        return [Line("", "audio"), Line(contact.says(OPENING["warm"], service=service))]
    if contact.persona == "talkative":
        # Somebody who writes a sentence in four messages.
        said = contact.says(OPENING["hot"], service=service)
        return [Line(contact.says(GREETING)), *(Line(part.strip()) for part in _sentences(said)), Line("😊")]
    return [Line(contact.says(OPENING[contact.voice], service=service))]


def _sentences(text: str) -> list[str]:
    for mark in ("!", ".", ", q"):
        head, found, tail = text.partition(mark)
        if found and tail.strip():
            return [head + mark.rstrip(" q"), mark.removeprefix(", ").strip("!.") + tail]
    return [text]


def _burst(contact: VirtualContact, said: list[str]) -> list[Line]:
    lines = [Line(line) for line in said]
    if contact.persona == "talkative" and contact.random.random() < 0.5:
        lines.append(Line(contact.says(CHATTER)))
    if contact.persona == "voice" and contact.random.random() < 0.4:
        lines.insert(0, Line("", contact.random.choice(("audio", "image"))))
    return lines


def _facts(config: SimulatorConfig, contact: VirtualContact, asked: str, service: str) -> list[str]:
    topics = [topic for topic, marks in TOPICS.items() if any(mark in asked for mark in marks)]
    found = [_fact(config, contact, topic, service) for topic in topics[:MOST_ANSWERS]]
    return found or [contact.says(YES)]


def _fact(config: SimulatorConfig, contact: VirtualContact, topic: str, service: str) -> str:
    match topic:
        case "name":
            return contact.says(NAME)
        case "urgency":
            return contact.says(URGENCY[contact.voice])
        case "knowledge":
            return contact.says(KNOWLEDGE[contact.voice])
        case "location":
            return contact.says(LOCATION, city=config.city or "São Paulo")
    return contact.says(INTEREST, service=service)
