"""One reply: a greeting or a word of acknowledgement, the answer, one question."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from core.placeholders import greeting_at
from core.text import first_name
from sdr.contract import BusinessProfile, ChatMessage, Fact, Intent, Sentiment
from sdr.engine.emojis import warmed
from sdr.engine.replies.answers import Answer, answer_to
from sdr.engine.replies.questions import next_question, pick
from sdr.engine.signals import Signals, read_signals
from sdr.engine.words import plain

HEARD = ("Entendi!", "Certo!", "Tá bom!", "Anotado!", "Beleza!")
WELL = ("Tudo ótimo por aqui!", "Tudo certo por aqui!")
THANKED = ("Imagina!", "Por nada!")
LATER = ("Sem problema! Quando quiser, é só me chamar.", "Tá certo, no seu tempo! Estou por aqui.")
PAUSES = re.compile(
    r"\b(vou pensar|depois (eu )?(te )?(falo|aviso|chamo|respondo|vejo)|te (aviso|chamo|falo) depois|"
    r"agora nao posso|estou (ocupad[oa]|trabalhando|dirigindo))\b"
)
MET = ("Prazer, {name}!", "Oi, {name}! Que bom falar com você.", "Muito prazer, {name}!")
SORRY = ("Desculpa, não quero te incomodar.", "Desculpa pelo incômodo.")
LEARNT: dict[tuple[str, str], tuple[str, ...]] = {
    ("urgency", "week"): ("Certo, é pra já então!", "Entendi, é pra logo."),
    ("urgency", "none"): ("Tranquilo, sem pressa nenhuma.", "Sem problema, no seu tempo."),
    ("knowledge", "first"): ("Tranquilo, a gente explica tudo direitinho.", "Ótimo, te acompanhamos desde o começo."),
    ("knowledge", "done"): ("Legal, então já sabe como é!", "Que bom que já conhece!"),
    ("knowledge", "read"): ("Que bom que já deu uma olhada!", "Legal, já ajuda bastante."),
    ("location", "inside"): ("Ótimo, atendemos aí!", "Que bom, é na nossa região!"),
    ("location", "travels"): ("Que bom que consegue vir!", "Ótimo, te esperamos aqui!"),
}


def compose(
    profile: BusinessProfile,
    history: Sequence[ChatMessage],
    burst: Sequence[ChatMessage],
    facts: Mapping[str, Fact],
    now: datetime,
    signals: Signals | None = None,
) -> Answer:
    """Return the whole reply. Its text is empty when there is nothing left to say."""
    if not burst:
        return Answer()
    said = [message.text for message in history if message.author in {"bot", "human", "campaign"}]
    spoke = any(message.author in {"bot", "human"} for message in history)
    signals = signals or read_signals([message.text for message in burst])
    text, message_id = "\n".join(message.text for message in burst), burst[-1].id
    answer = answer_to(text, message_id, profile, facts, signals)
    if not answer.text and spoke and _pauses(burst, facts):
        return Answer(pick([words for words in LATER if words not in said] or [""], message_id))
    question = next_question(profile, facts, said, message_id)
    opening = _acknowledge(burst, facts, said, signals) if spoke else greeting(profile, now, facts)
    if spoke and answer.text and not _is_new(facts.get("name"), burst):
        opening = ""
    opening = warmed(opening, signals.sentiment, [message.text for message in burst], said)
    if not (answer.text or question):
        return replace(answer, text="")
    return replace(answer, text=" ".join(part for part in (opening, answer.text, question) if part))


def greeting(profile: BusinessProfile, now: datetime, facts: Mapping[str, Fact]) -> str:
    """Return how the SDR introduces itself the first time, or greets somebody with whom we have talked before."""
    if any(message.author in {"bot", "human"} for message in profile.earlier):
        name = facts.get("name")
        called = f", {first_name(name.value)}" if name else ""
        return f"{greeting_at(now)}{called}! Que bom falar com você de novo."
    if profile.opening:
        return profile.opening
    business = f", da {profile.business_name}" if profile.business_name else ""
    return f"{greeting_at(now)}! Aqui é {_article(profile.agent_name)}{profile.agent_name}{business}."


def _article(name: str) -> str:
    last = first_name(name)[-1:].lower()
    return {"a": "a ", "o": "o "}.get(last, "")


def _acknowledge(burst: Sequence[ChatMessage], facts: Mapping[str, Fact], said: Sequence[str], signals: Signals) -> str:
    message_id = burst[-1].id
    if signals.sentiment is Sentiment.ANNOYED:
        return pick(SORRY, message_id)
    if signals.intent is Intent.GREETING and re.search(r"\b(tudo|como vai)\b", plain(burst[-1].text)):
        return pick(WELL, message_id)
    name = facts.get("name")
    if name and _is_new(name, burst):
        return pick(MET, message_id).format(name=first_name(name.value))
    used = " ".join(said[-3:])
    for fact in ("location", "knowledge", "urgency"):
        found = facts.get(fact)
        words = LEARNT.get((fact, found.level)) if found and _is_new(found, burst) else None
        if words and (fresh := [word for word in words if word not in used]):
            return pick(fresh, message_id)
    if re.match(r"(muito )?(obrigad|brigad|valeu)", plain(burst[-1].text)):
        return pick(THANKED, message_id)
    return pick([word for word in HEARD if word not in used] or HEARD, message_id)


def _pauses(burst: Sequence[ChatMessage], facts: Mapping[str, Fact]) -> bool:
    learnt = any(_is_new(fact, burst) for fact in facts.values())
    return not learnt and any(PAUSES.search(plain(message.text)) for message in burst)


def _is_new(fact: Fact | None, burst: Sequence[ChatMessage]) -> bool:
    return fact is not None and any(message.id == fact.message_id for message in burst)
