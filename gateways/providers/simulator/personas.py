"""The kinds of virtual contacts and what they say, in the Portuguese that people write on WhatsApp."""

import hashlib
import random
from dataclasses import dataclass

USUAL_MIX = {
    "hot": 24, "warm": 20, "cold": 13, "price": 9, "talkative": 7, "voice": 3, "vanishing": 6, "silent": 7,
    "opt_out": 4, "angry": 2, "invalid": 3, "failing": 2,
}  # fmt: skip
WOMEN = ("Ana Paula", "Juliana", "Camila", "Patrícia", "Larissa", "Débora", "Vanessa", "Simone")
MEN = ("Marcos", "Rafael", "Eduardo", "Thiago", "Sérgio", "Leandro", "Fábio", "Caio")
LAST = ("Moreira", "Teixeira", "Nogueira", "Prado", "Farias", "Couto", "Lemos", "Ribeiro", "Azevedo", "Pires")

OPENING = {
    "hot": (
        "Oi! Tenho interesse sim, quero {service}. Quanto custa?",
        "Opa, que bom! Quero marcar {service}, qual o valor?",
        "Oie! Preciso de {service}, quanto fica?",
    ),
    "warm": ("Oi, tudo bem? Tenho interesse em {service}", "Oi! Queria saber mais de {service}"),
    "cold": ("oi, me fala mais", "oi, o que vcs fazem?", "olá, recebi a mensagem. como funciona?"),
    "price": ("quanto custa {service}?", "qto fica {service}?", "qual o valor de {service}? parcela?"),
    "opt_out": ("SAIR", "Não quero mais receber mensagens", "me tira da lista por favor"),
    "angry": (
        "Que absurdo, parem de me mandar mensagem! Vou no Procon",
        "Quem deu meu número pra vocês?? Absurdo",
    ),
}
INTEREST = ("Queria {service}", "quero fazer {service}", "é {service} mesmo")
NAME = ("{name}", "sou {article} {name}", "Meu nome é {name}", "me chamo {name}")
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
LOCATION = ("moro em {city}", "sou de {city} mesmo", "moro em {city}, no centro")
YES = ("sim", "pode ser", "isso mesmo")
CLOSING = ("{thanks}!", "Perfeito, aguardo", "Combinado 😊")
GREETING = ("oi", "oii", "oi, tudo bem?")
CHATTER = ("kkkk", "😊", "to vendo isso faz tempo rs")

# Personas that differ in how they behave talk like one of these.
VOICES = {
    "talkative": "hot",
    "voice": "warm",
    "vanishing": "warm",
    "silent": "cold",
    "failing": "cold",
    "invalid": "cold",
}


@dataclass(frozen=True)
class VirtualContact:
    """Who answers at a phone; ``random`` is the dice of the present turn."""

    phone: str
    persona: str
    name: str
    is_woman: bool
    random: random.Random

    @property
    def voice(self) -> str:
        return VOICES.get(self.persona, self.persona)

    def says(self, lines: tuple[str, ...], *, service: str = "", city: str = "") -> str:
        """Return one of the lines, filled in."""
        thanks, article = ("Obrigada", "a") if self.is_woman else ("Obrigado", "o")
        return self.random.choice(lines).format(
            name=self.name, service=service, city=city, thanks=thanks, article=article
        )


def contact_at(phone: str, *, seed: int, turn: int, weights: dict[str, int]) -> VirtualContact:
    """Return who answers at this phone; ``turn`` counts our messages to it and moves its choices on."""
    stable = random.Random(hashlib.sha256(f"{seed}:{phone}".encode()).digest())  # noqa: S311  # play, not secrets
    persona = stable.choices(list(weights), list(weights.values()))[0]
    is_woman = stable.random() < 0.5
    name = f"{stable.choice(WOMEN if is_woman else MEN)} {stable.choice(LAST)}"
    moving = random.Random(f"{seed}:{phone}:{turn}")  # noqa: S311
    return VirtualContact(phone, persona, name, is_woman, moving)
