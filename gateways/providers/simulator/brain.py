"""The virtual contacts: who they are and what they do, the same for the same seed and phone."""

import hashlib
import random
from dataclasses import dataclass
from typing import Any

from core.text import fold
from gateways.providers.simulator.config import SimulatorConfig

FIRST = ("Ana Paula", "Marcos", "Juliana", "Rafael", "Camila", "Eduardo", "Patrícia", "Thiago", "Larissa", "Sérgio")
LAST = ("Moreira", "Teixeira", "Nogueira", "Prado", "Farias", "Couto", "Lemos", "Ribeiro", "Azevedo", "Pires")
PERSONAS = (
    ("hot", 28),
    ("warm", 24),
    ("cold", 16),
    ("price", 10),
    ("silent", 11),
    ("opt_out", 4),
    ("angry", 3),
    ("invalid", 4),
)
URGENCY = {
    "hot": ("queria ainda essa semana", "se der, amanhã mesmo", "o quanto antes, essa semana"),
    "warm": ("acho que esse mês ainda", "lá pro fim do mês", "mês que vem"),
    "cold": ("sem pressa, tô só pesquisando", "mais pra frente", "não tenho pressa não"),
    "price": ("dependendo do valor, esse mês", "se couber no bolso, esse mês"),
}
KNOWLEDGE = {
    "hot": ("já fiz uma vez, faz uns anos", "já fiz orçamento em outro lugar"),
    "warm": ("só vi uns vídeos sobre", "já li um pouco sobre"),
    "cold": ("nunca fiz, é a primeira vez", "não, primeira vez"),
    "price": ("já pesquisei preço em dois lugares", "já fiz orçamento em outro lugar"),
}
OPENING = {
    "hot": (
        "Oi! Tenho interesse sim, quero {service}. Quanto custa?",
        "Opa, que bom! Quero marcar {service}, qual o valor?",
    ),
    "warm": ("Oi, tudo bem? Tenho interesse em {service}", "Oi! Queria saber mais de {service}"),
    "cold": ("oi, me fala mais", "oi, o que vcs fazem?"),
    "price": ("quanto custa {service}?", "qto fica {service}?"),
    "opt_out": ("SAIR", "Não quero mais receber mensagens"),
    "angry": ("Que absurdo, parem de me mandar mensagem! Vou no Procon", "Quem deu meu número pra vocês?? Absurdo"),
}
CLOSING = ("Obrigada!", "Perfeito, aguardo", "Combinado 😊")


@dataclass(frozen=True)
class Action:
    """A webhook to come: ``delay_seconds`` of the virtual contact's own time from now."""

    delay_seconds: float
    body: dict[str, Any]


@dataclass(frozen=True)
class VirtualContact:
    phone: str
    persona: str
    name: str
    random: random.Random


def virtual_contact(config: SimulatorConfig, phone: str, turn: int) -> VirtualContact:
    """Return who answers at this phone; ``turn`` counts our messages to it and moves its choices on."""
    stable = random.Random(hashlib.sha256(f"{config.seed}:{phone}".encode()).digest())  # noqa: S311  # play, not secrets
    persona = stable.choices([name for name, _ in PERSONAS], [weight for _, weight in PERSONAS])[0]
    name = f"{stable.choice(FIRST)} {stable.choice(LAST)}"
    moving = random.Random(f"{config.seed}:{phone}:{turn}")  # noqa: S311
    return VirtualContact(phone, persona, name, moving)


def react(config: SimulatorConfig, *, phone: str, external_id: str, text: str, turn: int) -> list[Action]:
    """Return what a virtual contact does on receiving our ``turn``-th message (from 0): acks, then perhaps an answer."""
    contact = virtual_contact(config, phone, turn)
    dice = contact.random
    delivered = dice.uniform(1, 4)
    actions = [Action(delivered, {"type": "ack", "id": external_id, "state": "delivered"})]
    if contact.persona == "silent" and dice.random() < 0.6:
        return actions
    read = delivered + dice.uniform(3, 30)
    actions.append(Action(read, {"type": "ack", "id": external_id, "state": "read"}))
    if not config.replies or contact.persona == "silent":
        return actions
    at = read
    for number, line in enumerate(answer(config, contact, text, turn)):
        at += dice.uniform(3, 12)
        body = {
            "type": "message",
            "id": f"in-{external_id}-{number}",
            "phone": phone,
            "name": contact.name,
            "text": line,
        }
        actions.append(Action(at, body))
    return actions


def answer(config: SimulatorConfig, contact: VirtualContact, text: str, turn: int) -> list[str]:
    """Return the lines that the contact writes back, a burst when it is talkative; none when it has nothing to say."""
    service = contact.random.choice(config.services) if config.services else "uma avaliação"
    if turn == 0 or contact.persona in {"opt_out", "angry"}:
        return [contact.random.choice(OPENING[contact.persona]).format(service=service.lower())] if turn == 0 else []
    asked = fold(text)
    if not text.strip().endswith("?") and "?" not in text:
        return [contact.random.choice(CLOSING)] if turn < 12 and contact.random.random() < 0.3 else []
    return _facts(config, contact, asked, service)


def _facts(config: SimulatorConfig, contact: VirtualContact, asked: str, service: str) -> list[str]:
    pick = contact.random.choice
    if "nome" in asked or "chama" in asked or "com quem" in asked:
        return [pick((f"{contact.name}", f"sou {contact.name}", f"Meu nome é {contact.name}"))]
    if any(word in asked for word in ("quando", "prazo", "data em mente", "pressa", "urgen", "pra logo")):
        return [pick(URGENCY.get(contact.persona, URGENCY["cold"]))]
    if any(
        word in asked for word in ("ja fez", "ja conhece", "primeira vez", "ja pesquisou", "alguma vez", "orcamento")
    ):
        return [pick(KNOWLEDGE.get(contact.persona, KNOWLEDGE["cold"]))]
    if any(word in asked for word in ("bairro", "cidade", "regiao", "onde voce", "de onde", "mora")):
        place = config.city or "São Paulo"
        return [pick((f"moro em {place}", f"sou de {place} mesmo"))]
    if any(word in asked for word in ("servico", "procura", "interesse", "ajudar", "precisa", "gostaria")):
        return ["oi", f"queria {service.lower()}"] if contact.random.random() < 0.3 else [f"Queria {service.lower()}"]
    return [pick(("sim", "pode ser", "isso mesmo"))]
