"""Answers to what the customer asks, from the profile alone; what it does not say a person will confirm."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.money import format_brl
from sdr.contract import BusinessProfile, Fact, Intent, Service
from sdr.engine.replies.questions import join_names, pick
from sdr.engine.replies.quoting import quote
from sdr.engine.services import services_named
from sdr.engine.signals import ADDRESS, BOOKING, CATALOGUE, DISCOUNT, HOURS, ORDERS, Signals
from sdr.engine.words import alike, content_words, plain

CONFIRM = (
    "Essa eu confirmo com a equipe e te respondo por aqui.",
    "Boa pergunta, vou confirmar com a equipe e te aviso.",
    "Isso eu preciso confirmar com a equipe, já te retorno.",
)
CONFIRM_PRICE = (
    "O valor de {service} eu confirmo com a equipe e te passo certinho.",
    "Sobre o valor de {service}, a equipe confirma e te passa por aqui.",
)
CONFIRM_SLOT = ("Os horários livres a equipe confirma com você.", "Vou pedir pra equipe confirmar o horário com você.")
NO_DISCOUNT = "Desconto eu não consigo prometer por aqui, mas levo seu pedido pra equipe."
DEPENDS = "O valor depende do serviço."


@dataclass(frozen=True)
class Answer:
    """What is said, the question left for a person, and the passages it is taken from; each may be empty."""

    text: str = ""
    unanswered: str = ""
    sources: tuple[str, ...] = ()


def answer_to(
    text: str, message_id: str, profile: BusinessProfile, facts: Mapping[str, Fact], signals: Signals
) -> Answer:
    """Answer a burst: orders are refused, then come the business's own words, prices, times and places."""
    sentence = plain(text)
    if DISCOUNT.search(sentence):
        return Answer(NO_DISCOUNT, text[:300])
    if ORDERS.search(sentence):
        return Answer()
    if written := _from_faq(sentence, profile):
        return Answer(written)
    found = [_price(text, message_id, profile, facts)] if signals.asks_price else []
    found += [_time(sentence, message_id, profile)] if signals.asks_time else []
    found += [_about(sentence, profile)]
    texts = list(dict.fromkeys(answer.text for answer in found if answer.text))
    is_open = not texts or DEPENDS in texts or any(answer.unanswered for answer in found)
    if is_open and (quoted := quote(text, profile.passages)):
        return Answer(quoted.text, sources=(quoted.source,))
    if texts:
        return Answer(" ".join(texts), next((answer.unanswered for answer in found if answer.unanswered), ""))
    if wish := _unlisted(text, profile, facts):
        return Answer(f"Sobre {wish}, eu confirmo com a equipe.", text[:300])
    return _unknown(text, message_id, profile, signals)


def _unlisted(text: str, profile: BusinessProfile, facts: Mapping[str, Fact]) -> str:
    """Return what was just asked for and is not on the list of services."""
    wish = facts["interest"].value if "interest" in facts else ""
    listed = any(service.name == wish for service in profile.services)
    return wish if wish and profile.services and not listed and wish in plain(text) else ""


def _from_faq(sentence: str, profile: BusinessProfile) -> str:
    said = sentence.split()
    for question, reply in profile.faq:
        wanted = [
            word
            for word in content_words(question)
            if len(word) > 2 and word not in {"voces", "qual", "como", "quanto", "tem", "que"}
        ]
        hits = sum(any(alike(word, heard) for heard in said) for word in wanted)
        if wanted and hits >= max(1, round(len(wanted) * 0.7)):
            return reply
    return ""


def _price(text: str, message_id: str, profile: BusinessProfile, facts: Mapping[str, Fact]) -> Answer:
    named = services_named(text, profile)[:3]
    interest = facts.get("interest")
    if not named and interest:
        named = [service for service in profile.services if service.name == interest.value]
    if not named:
        wish = interest.value if interest else ""
        if wish or not profile.services:
            return Answer(
                pick(CONFIRM_PRICE, message_id)
                .format(service=wish or "o serviço")
                .replace("de o serviço", "do serviço"),
                text[:300],
            )
        return Answer(DEPENDS)
    told = [_sentence(service) for service in named if service.price_cents is not None]
    open_ones = [service.name for service in named if service.price_cents is None]
    if open_ones:
        told.append(pick(CONFIRM_PRICE, message_id).format(service=join_names(open_ones)))
    return Answer(" ".join(told), text[:300] if open_ones else "")


def _sentence(service: Service) -> str:
    return f"{service.name} sai por {format_brl(service.price_cents or 0)}."


def _time(sentence: str, message_id: str, profile: BusinessProfile) -> Answer:
    hours = f"Nosso horário: {profile.hours}." if HOURS.search(sentence) and profile.hours else ""
    if BOOKING.search(sentence):
        return Answer(f"{hours} {pick(CONFIRM_SLOT, message_id)}".strip())
    if hours:
        return Answer(hours)
    return Answer(pick(CONFIRM, message_id), sentence[:300])


def _about(sentence: str, profile: BusinessProfile) -> Answer:
    if CATALOGUE.search(sentence) and profile.services:
        return Answer(f"Trabalhamos com {join_names([service.name for service in profile.services[:6]])}.")
    if ADDRESS.search(sentence):
        place = f"Ficamos em {profile.city}. " if profile.city else ""
        return Answer(f"{place}O endereço certinho a equipe te passa.", sentence[:300])
    return Answer()


def _unknown(text: str, message_id: str, profile: BusinessProfile, signals: Signals) -> Answer:
    if "?" not in text or signals.intent in {Intent.GREETING}:
        return Answer()
    sentence = plain(text)
    named = services_named(text, profile)
    if (
        named
        and re.search(r"\b(faz|fazem|tem|da|dao|trabalha\w*|atende\w*|coloca\w*|vacinam?|oferece\w*)\b", sentence)
        and len(sentence.split()) <= 9
    ):
        return Answer(f"Sim, trabalhamos com {join_names([service.name for service in named[:3]])}!")
    if (
        re.search(r"\b(tudo (bem|bom)|como (vai|voce esta|esta)|pode ser|ne|e voce|tem alguem)\b", sentence)
        and len(sentence.split()) <= 7
    ):
        return Answer()
    return Answer(pick(CONFIRM, message_id), text[:300])
