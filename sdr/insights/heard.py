"""What customers say again and again: the words of their newest messages and the objections among them."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from conversations.models import Direction, Message
from core.text import fold
from sdr.engine.words import content_words, plain, words_in
from sdr.models import Qualification

MOST_MESSAGES = 5000
LONGEST = 1000
OBJECTIONS: dict[str, re.Pattern[str]] = {
    "price": re.compile(
        r"\b(car[oa]s?|salgado|puxado|sem (dinheiro|grana)|nao tenho (dinheiro|condicoes)|fora do (meu )?orcamento|mais barato|desconto)\b"
    ),
    "later": re.compile(
        r"\b(vou pensar|depois (eu )?(vejo|falo|te)|agora nao|mais para frente|te aviso|(vou )?(ver|falar) com (meu|minha|o|a) "
        r"(marido|esposa|mae|pai|socio|socia|namorad[oa]))\b"
    ),
    "distance": re.compile(r"\b((muito|e|fica|moro) longe|distante|fora de mao)\b"),
    "trust": re.compile(r"\b(golpe|confiavel|e serio isso|reclame aqui|tem garantia)\b"),
    "elsewhere": re.compile(
        r"\b(outro lugar|outra (clinica|loja|academia|empresa|escola)|concorrente|ja (fechei|contratei|fiz com))\b"
    ),
    "fear": re.compile(r"\b(medo|receio|insegur\w+|doi|vai doer)\b"),
    "time": re.compile(r"\b(sem tempo|correria|nao tenho (tempo|horario)|nao consigo ir)\b"),
}
COMMON = words_in(
    """
voce voces quero queria gostaria bom boa dia tarde noite ola obrigado obrigada sim nao tudo bem esta estou para como quanto qual quando onde
tem ter fazer faz mais muito isso esse essa este aqui minha meu sou ser pode por favor com uma sem ainda hoje amanha semana mes que vem favor
entao voce ja vou moro nome vcs ele ela saber sobre pela pelo seria gente oie certo beleza legal tambem mesmo depois agora acho ai la so
""".replace("\n", " ")
)
_WORD = re.compile(r"\w+")

Leads = dict[str, set[UUID]]


@dataclass
class Heard:
    """Objections and keywords, each with the leads that used them, and how people spell the keywords."""

    objections: Leads = field(default_factory=lambda: defaultdict(set))
    words: Leads = field(default_factory=lambda: defaultdict(set))
    spellings: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, lead: UUID, body: str) -> None:
        for code in objections_in(body):
            self.objections[code].add(lead)
        words = keywords_in(body)
        for word in words:
            self.words[word].add(lead)
        for written in _WORD.findall(body[:LONGEST].lower()):
            if (folded := fold(written)) in words:
                self.spellings[folded][written] += 1

    def spelling(self, word: str) -> str:
        """Return a keyword as most people write it, with its accents where anybody sets them."""
        found = self.spellings.get(word) or Counter({word: 1})
        accented = Counter({written: count for written, count in found.items() if written != word})
        return (accented or found).most_common(1)[0][0]


def heard_of(leads: "QuerySet[Qualification]", since: datetime) -> Heard:
    """Return what was said again and again in the newest messages since then."""
    of_conversation = dict(leads.exclude(conversation=None).values_list("conversation_id", "pk"))
    heard = Heard()
    rows = Message.objects.filter(
        direction=Direction.IN, at__gte=since, conversation_id__in=leads.values("conversation_id")
    )
    for conversation_id, body in rows.order_by("-at").values_list("conversation_id", "body")[:MOST_MESSAGES]:
        lead = of_conversation.get(conversation_id)
        if lead is not None:  # else it began between the two queries
            heard.add(lead, body)
    return heard


def objections_in(body: str) -> set[str]:
    sentence = plain(body[:LONGEST])
    return {code for code, pattern in OBJECTIONS.items() if pattern.search(sentence)}


def keywords_in(body: str) -> set[str]:
    return {word for word in set(content_words(body[:LONGEST])) - COMMON if len(word) > 3 and word.isalpha()}
