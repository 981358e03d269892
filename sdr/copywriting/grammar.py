"""Texts from a grammar of whole messages, so that each has its own build and not only other synonyms."""

import random
import re
import zlib
from collections.abc import Sequence

from sdr.copywriting.checks import acceptable, distinct
from sdr.copywriting.kinds import CopyKind
from sdr.copywriting.phrases import CLOSINGS, MIDDLES, OPENINGS

# Each is one message: {who} introduces the sender, {service} is what is offered. None claims what nobody said.
MESSAGES = (
    "Oi, {nome|tudo bem}! {who}.\nVocê já pensou em {service}?\nSe quiser, te explico como funciona, sem compromisso.",
    "{nome|Olá}, posso te fazer uma pergunta rápida?\n"
    "Você está procurando {service} por esses dias?\n{who} e respondo por aqui mesmo.",
    "Olá, {nome|tudo bem}!\nEscrevo porque trabalhamos com {service}.\nTe mando os detalhes?",
    "Que bom te encontrar por aqui, {nome|tudo certo}!\n"
    "{who}, e nossa agenda está aberta para {service}.\nQual dia da semana costuma ser melhor aí?",
    "Ei, {nome|tudo bem}! Vou ser breve.\n"
    "Quem busca {service} costuma ter uma dúvida: por onde começar.\nPosso te ajudar com isso?",
    "Opa, {nome|tudo certo}! {who}.\n"
    "Queria saber se {service} faz sentido pra você agora ou mais pra frente.\nMe responde com um sim ou não?",
    "Tudo bem, {nome|com você}?\nSeparei um tempinho hoje pra tirar dúvidas sobre {service}.\nTem alguma?",
    "Oi {nome|}, passando pra me apresentar: {who_lower}.\n"
    "Cuidamos de {service} com atenção de verdade.\nQuer conhecer?",
    "{nome|Olá}, aqui vai um convite.\n"
    "Venha conversar com a gente sobre {service}, no seu ritmo.\nPrefere manhã ou tarde?",
    "Como está, {nome|tudo bem}?\n"
    "Se {service} está nos seus planos, eu consigo te orientar.\nO que é mais importante pra você nisso?",
)  # fmt: skip
WHO = ("Aqui é da {business}", "Falo da {business}", "Sou da equipe da {business}")
ROUNDS = 4
OFFERS = re.compile(
    r"(?:oferecemos|ofereço|fazemos|faço|vendemos|vendo|trabalhamos com|trabalho com|atuamos com|serviços de|"
    r"especialista em|especializad[oa]s? em|temos)"
    r"\s+([^.!?\n]{3,160})", re.IGNORECASE,
)  # fmt: skip
NOBODY = "Falo da equipe de atendimento"
NOTHING_NAMED = "o que a gente faz"


def generate_copy(
    business_context: str,
    product_service: str,
    *,
    count: int = 3,
    business_name: str = "",
    services: Sequence[str] = (),
    than: Sequence[str] = (),
    kind: CopyKind = CopyKind.FIRST,
) -> list[str]:
    """Return up to ``count`` texts with ``{nome}``; the same words in give the same texts out.

    ``services`` serve where the texts name none; ``than`` are texts that the new ones must differ from.
    """
    offered = _offered(business_context, product_service, services)
    dice = random.Random(zlib.crc32(f"{business_context}|{product_service}".encode()))  # noqa: S311
    texts = [
        _write(message, _clean_name(business_name), offered[index % len(offered)], index)
        for index, message in enumerate(_messages(kind, dice))
    ]
    stated = "\n".join((business_context, product_service, business_name, *services))
    return distinct([text for text in texts if acceptable(text, stated)], than=than)[:count]


def _messages(kind: CopyKind, dice: random.Random) -> list[str]:
    """Return whole messages of a kind: those written as one, then those put together of parts, no part twice in a round."""
    found = dice.sample(MESSAGES, len(MESSAGES)) if kind is CopyKind.FIRST else []
    for _round in range(ROUNDS):
        parts = [dice.sample(row, len(row)) for row in (OPENINGS, MIDDLES[kind], CLOSINGS)]
        found += ["\n".join(lines) for lines in zip(*parts, strict=True)]
    return found


def _write(message: str, business: str, service: str, index: int) -> str:
    who = WHO[index % len(WHO)].replace("{business}", business) if business else NOBODY
    filled = message.replace("{who_lower}", who[:1].lower() + who[1:]).replace("{who}", who)
    return filled.replace("{service}", service)


def _offered(context: str, product: str, services: Sequence[str]) -> list[str]:
    named = [_clean(product)] if product.strip() else services_in(context) or [_clean(name) for name in services]
    return [name for name in named if name] or [NOTHING_NAMED]


def services_in(context: str) -> list[str]:
    """Find what is offered in a free text: what follows "oferecemos", "fazemos", "vendemos" and the like."""
    found = OFFERS.search(context)
    parts = re.split(r",|;| e ", found[1]) if found else []
    return [name for part in parts if len(name := _clean(part)) > 2][:5]


def _clean_name(name: str) -> str:
    return " ".join(re.sub(r"[{}\\]", " ", name).split())[:60]


def _clean(name: str) -> str:
    # Braces would be read as a placeholder when the text is sent.
    plain = " ".join(re.sub(r"[{}\\]", " ", name).split()).strip(" .,;")[:60]
    return plain if plain[:2].isupper() else plain[:1].lower() + plain[1:]
