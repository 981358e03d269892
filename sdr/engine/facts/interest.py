"""What the customer wants: a service of the business, and whether price or time is asked along with it."""

import re
from collections.abc import Set as AbstractSet

from sdr.contract import BusinessProfile, Fact
from sdr.engine.services import services_named
from sdr.engine.signals import BOOKING, asks_price, asks_time
from sdr.engine.words import plain, words_in

VAGUE = re.compile(
    r"\b(interesse|interessad[oa]|interessei|saber mais|(mais )?informac(ao|oes)|infos?|me fala mais|fala mais|"
    r"quero sim|gostaria|"
    r"o que (voces|vc) fazem|como funciona|vi o anuncio|vi a (propaganda|publicacao|mensagem))\b"
)
YES = re.compile(
    r"^(sim|quero|quero sim|claro|com certeza|tenho|tenho sim|tenho interesse|pode ser|isso|isso mesmo|queria|"
    r"bora|opa|eu quero|aceito)\b"
)
_WISH = re.compile(
    r"\b(?:quero|queria|preciso(?: de)?|gostaria de|procuro|procurando|(?:voces|vc) (?:fazem|tem|vendem|"
    r"trabalham com))\s+"
    r"(?:fazer |marcar |agendar |colocar |saber (?:de|sobre|mais sobre) |informac(?:ao|oes) (?:de|"
    r"sobre) )?(?:uma? |o |"
    r"a |um orcamento de )?"
    r"([a-z]{4,}(?: de [a-z]{3,})?)"
)
_NO_WISH = words_in("""
saber falar mais informacao informacoes sair parar receber sim marcar agendar ainda fazer isso esse essa este
esta hoje amanha muito voce voces comecar ser estar porque para quando quanto aqui agora logo nada algo alguma
algum coisa ajuda atendimento atendente pessoa alguem horario vaga preco valor orcamento conversar entender
ficar minha meu dele dela mensagem mensagens mesmo tambem todo toda ver vir
""")
ORDER = {"vague": 0, "named": 1, "asks": 2}


def find_interest(
    text: str,
    message_id: str,
    profile: BusinessProfile,
    *,
    asked: bool = False,
    offered: str = "",
    skip: AbstractSet[str] = frozenset(),
) -> Fact | None:
    """Find the wish in one message. ``offered`` is the service that our last message named, for a plain "quero sim"."""
    sentence, quote = plain(text), text.strip()[:160]
    asks = asks_price(text) or asks_time(text)
    named = services_named(text, profile)
    if named:
        return Fact(named[0].name, "asks" if asks else "named", message_id, quote)
    if offered and YES.match(sentence):
        return Fact(offered, "asks" if asks else "named", message_id, quote)
    if wish := _unlisted(sentence, asked, skip):
        return Fact(wish, "vague" if profile.services else "asks" if asks else "named", message_id, quote)
    return Fact("", "vague", message_id, quote) if asks or VAGUE.search(sentence) else None


def _unlisted(sentence: str, asked: bool, skip: AbstractSet[str]) -> str:
    """Return something wanted that is not on the list of services; an action ("perder peso") is not yet a service."""
    found = _WISH.search(sentence)
    wish = found[1] if found and not re.search(r"\bnao (quero|queria|preciso|gostaria)", sentence) else ""
    if not wish and asked and len(sentence.split()) <= 2:
        wish = sentence
    first = wish.split()[0] if wish else ""
    if len(first) < 4 or first in _NO_WISH or first in skip or re.search(r"([aei]r|ando|endo|indo)$", first):
        return ""
    return wish


def merge_interest(old: Fact | None, new: Fact) -> Fact:
    """Keep the stronger of two; a price question about a service named before makes that service an asked one."""
    if old is None:
        return new
    if not new.value:
        asked_now = ORDER[old.level] == 1 and (asks_price(new.quote) or asks_time(new.quote))
        return Fact(old.value, "asks", new.message_id, new.quote) if asked_now else old
    if not old.value and new.level == "named" and (asks_price(old.quote) or BOOKING.search(plain(old.quote))):
        # "Quanto é?" and then "a musculação": together they ask the price of a service.
        return Fact(new.value, "asks", new.message_id, new.quote)
    if new.value != old.value and ORDER[new.level] > 0:
        return new
    return new if ORDER[new.level] > ORDER[old.level] else old
