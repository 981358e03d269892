import re

from sdr.contract import BusinessProfile, Fact, Service
from sdr.engine.words import mentions, plain

NEGATED = re.compile(r"\bnao (?:quero|preciso|e|estou procurando|seria)\b(?: de)? ([a-z0-9 ]{3,40}?)(?: (?:quero|preciso|e|mas|so|seria)\b|$)")
ASKS = re.compile(r"\b(quanto (custa|fica|sai|e|ta|esta|cobra|cobram)|qual (o |e o )?(valor|preco)|preco|valor(es)?|orcamento|tem (horario|vaga)|"
                  r"que (horas|horario)|agendar|marcar|quando (pode|tem|posso)|parcela|aceita (cartao|pix|convenio))")  # fmt: skip
VAGUE = re.compile(r"\b(interesse|interessad[oa]|saber mais|informac(ao|oes)|me fala mais|quero sim|gostaria|o que (voces|vcs) fazem|como funciona)\b")


def find_interest(text: str, message_id: str, profile: BusinessProfile) -> Fact | None:
    """Find which service is wanted, and whether price or time is asked along with it."""
    sentence = plain(text)
    negated = " ".join(match[1] for match in NEGATED.finditer(sentence))
    service = named_service(sentence, profile, without=negated)
    asks = ASKS.search(sentence) is not None
    quote = text.strip()[:160]
    if service:
        return Fact(service.name, "asks" if asks else "named", message_id, quote)
    wish = re.search(r"\b(?:quero|queria|preciso(?: de)?|gostaria de|procuro|procurando)\s+(?:fazer |marcar |agendar |saber (?:de|sobre) )?"
                     r"(?:uma? |o |a )?([a-z]{4,}(?: [a-z]{3,}){0,2})", sentence)  # fmt: skip
    if wish and wish[1].split()[0] not in {"saber", "falar", "mais", "informacao", "sair", "parar", "receber", "sim", "marcar", "agendar", "ainda", "fazer"}:
        return Fact(wish[1], "asks" if asks else "named" if not profile.services else "vague", message_id, quote)
    if asks or VAGUE.search(sentence):
        return Fact("", "vague", message_id, quote)
    return None


def named_service(sentence: str, profile: BusinessProfile, *, without: str = "") -> Service | None:
    """Return the profile's service that a plain sentence names, the one with the most words when several fit."""
    found = [s for s in profile.services if mentions(sentence, s.name) and not (without and mentions(without, s.name))]
    return max(found, key=lambda service: len(service.name.split()), default=None)


def asks_price(text: str) -> bool:
    return bool(re.search(r"\b(quanto (custa|fica|sai|e|ta|esta|cobra|cobram)|preco|valor(es)?|orcamento)\b", plain(text)))


def asks_hours(text: str) -> bool:
    return bool(re.search(r"\b(que horas|horario|abre|fecha|funciona(m)?|atende(m)? (no|aos|de)|sabado|domingo)\b", plain(text)))


def merge_interest(old: Fact | None, new: Fact) -> Fact:
    """Keep the stronger of two; a price question about a service named before makes that service an asked one."""
    order = {"vague": 0, "named": 1, "asks": 2}
    if old is None:
        return new
    if old.value and not new.value and ASKS.search(plain(new.quote)):
        return Fact(old.value, "asks", new.message_id, new.quote)
    if new.value and new.value != old.value and new.level != "vague":
        level = max(new.level, old.level, key=order.__getitem__) if old.level == "asks" and not old.value else new.level
        return Fact(new.value, level, new.message_id, new.quote)
    return new if order[new.level] > order[old.level] else old
