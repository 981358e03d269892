"""What the local engine says: short, warm, one question at a time, nothing that the business did not state."""

import re
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from core.money import format_brl
from core.text import first_name
from sdr.contract import BusinessProfile, ChatMessage, Fact
from sdr.engine.facts.interest import asks_hours, asks_price, named_service
from sdr.engine.words import mentions, plain

ORDER = ("interest", "name", "urgency", "knowledge", "location")
QUESTIONS = {
    "interest": ("Qual serviço você procura?", "O que você gostaria de fazer?", "Me conta: em que posso te ajudar, qual serviço te interessa?"),
    "name": ("Qual é o seu nome?", "Com quem eu falo?", "Como posso te chamar, qual seu nome?"),
    "urgency": ("Para quando você gostaria?", "Você tem alguma data em mente?", "É pra logo ou sem pressa?"),
    "knowledge": ("Você já fez isso alguma vez ou é a primeira vez?", "Já conhece como funciona ou é sua primeira vez?",
                  "Já chegou a fazer orçamento ou seria a primeira vez?"),
    "location": ("Em que bairro ou cidade você mora?", "De qual região você é?", "Você fala de onde, qual bairro?"),
}  # fmt: skip
MARKS = {
    "interest": ("procura", "gostaria de fazer", "te interessa", "qual servico"),
    "name": ("seu nome", "com quem eu falo", "te chamar"),
    "urgency": ("para quando", "data em mente", "pra logo", "sem pressa"),
    "knowledge": ("alguma vez", "primeira vez", "ja conhece"),
    "location": ("bairro", "cidade voce", "regiao", "de onde"),
}
THANKS = ("Entendi", "Certo", "Perfeito", "Que bom", "Legal")
CLOSINGS = {
    "quente": "{nome}já tenho tudo que preciso. Vou passar para a nossa equipe agora e alguém continua com você em instantes.",
    "morno": "{nome}obrigado pelas informações! Nossa equipe vai te chamar para combinar os próximos passos.",
    "frio": "{nome}obrigado por contar. Deixei tudo anotado aqui; quando quiser avançar, é só me chamar.",
    "muito_frio": "{nome}obrigado pelo contato! Quando fizer sentido pra você, estamos por aqui.",
}


def asked_fact(text: str) -> str:
    """Return which fact one of our messages asks for, or an empty text."""
    sentence = plain(text)
    return next((fact for fact, marks in MARKS.items() if any(plain(mark) in sentence for mark in marks)), "")


def compose(
    profile: BusinessProfile, history: Sequence[ChatMessage], burst: Sequence[ChatMessage], facts: Mapping[str, Fact], now: datetime
) -> tuple[str, str]:
    """Return (reply, question that nobody has an answer to). The reply is empty when there is nothing left to say."""
    said = [message.text for message in history if message.author in {"bot", "human"}]
    answer, unanswered = _answer(profile, burst, facts)
    question = _question(facts, said, burst)
    opening = _opening(profile, said, facts, now) if not answer else _greeting(profile, said, now)
    return " ".join(part for part in (opening, answer, question) if part).strip(), unanswered


def _answer(profile: BusinessProfile, burst: Sequence[ChatMessage], facts: Mapping[str, Fact]) -> tuple[str, str]:
    text = " ".join(message.text for message in burst)
    sentence = plain(text)
    for asked, reply in profile.faq:
        if mentions(sentence, asked):
            return reply, ""
    if asks_price(text):
        interest = facts.get("interest")
        service = named_service(sentence, profile) or named_service(plain(interest.value) if interest else "", profile)
        if service and service.price_cents is not None:
            return f"{service.name} sai por {format_brl(service.price_cents)}.", ""
        return "Sobre o valor, confirmo com a equipe e te passo certinho.", text[:300]
    if asks_hours(text) and profile.hours and "?" in text:
        return f"Nosso horário: {profile.hours}.", ""
    if re.search(r"\bo que (voces|vcs) fazem\b|\bquais (os )?servicos\b", sentence) and profile.services:
        names = ", ".join(service.name for service in profile.services[:5])
        return f"Fazemos {names}.", ""
    if "?" in text and not asks_hours(text) and len(sentence.split()) > 3:
        return "Essa eu confirmo com a equipe e te respondo.", text[:300]
    return "", ""


def _question(facts: Mapping[str, Fact], said: Sequence[str], burst: Sequence[ChatMessage]) -> str:
    missing = [name for name in ORDER if name not in facts or (name == "interest" and not facts[name].value)]
    used = " ".join(said)
    for name in missing:
        fresh = [text for text in QUESTIONS[name] if text not in used]
        if fresh:
            return _pick(fresh, burst)
    return ""


def _greeting(profile: BusinessProfile, said: Sequence[str], now: datetime) -> str:
    if said:
        return ""
    hello = "Bom dia" if now.hour < 12 else "Boa tarde" if now.hour < 18 else "Boa noite"
    who = f", da {profile.business_name}" if profile.business_name else ""
    return f"{hello}! Aqui é a {profile.agent_name}{who}."


def _opening(profile: BusinessProfile, said: Sequence[str], facts: Mapping[str, Fact], now: datetime) -> str:
    if not said:
        return _greeting(profile, said, now)
    name = facts.get("name")
    word = THANKS[len(said) % len(THANKS)]
    return f"{word}, {first_name(name.value)}!" if name and len(said) % 2 else f"{word}!"


def _pick(options: Sequence[str], burst: Sequence[ChatMessage]) -> str:
    return options[zlib.crc32(burst[-1].id.encode()) % len(options)] if burst else options[0]


def closing_message(profile: BusinessProfile, facts: Mapping[str, Fact], temperature: str, texts: Mapping[str, str]) -> str:
    """Return the one message that ends a qualification; the business may have its own words per temperature."""
    name = facts.get("name")
    called = first_name(name.value) if name else ""
    own = texts.get(temperature, "").strip()
    if own:
        return own.replace("{nome}", called).strip()
    text = CLOSINGS[temperature].format(nome=f"{called}, " if called else "")
    return text[0].upper() + text[1:]
