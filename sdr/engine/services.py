"""Which of the business's services a message names, and which it refuses."""

import re

from sdr.contract import BusinessProfile, Service
from sdr.engine.words import alike, clauses, content_words, words_in

# Words that name no service by themselves: they count only beside a wish.
GENERIC = words_in("""
tratamento consulta design aula aulas curso treino plano sessao servico mensal completo empresa avaliacao
pacote kit basico premium simples feminino masculino infantil particular online primeira dia hora
""")
SYNONYMS = {
    "unha": "manicure", "unhas": "manicure", "cabelo": "corte", "cortar": "corte", "luzes": "mechas",
    "alisar": "progressiva", "alisamento": "progressiva", "nadar": "natacao", "malhar": "musculacao",
    "treinar": "musculacao", "clarear": "clareamento", "branquear": "clareamento", "clarinho": "clareamento",
    "hospedar": "hotel", "hospedagem": "hotel", "banhar": "banho", "tosar": "tosa", "depilar": "depilacao",
    "implantar": "implante", "veterinario": "veterinaria", "dermato": "dermatologica",
    "dermatologista": "dermatologica", "vacinar": "vacina", "irpf": "imposto", "cnpj": "abertura",
}  # fmt: skip
# What many services are about: one that is named outright wins over these.
WEAK = words_in("cabelo unha unhas dente dentes pele carro casa corpo")
WISH = re.compile(
    r"\b(quer(o|ia|emos)?|precis\w+|gostaria|marcar|agendar|valor|preco|quanto|fazer|tem|fazem|procur\w+|interess\w+|"
    r"colocar|"
    r"abrir|matricul\w+)\b"
)
_REFUSAL = re.compile(
    r"\b(?:nao|nem)(?: e| era)? (?:quero|queria|preciso|seria|gostaria|estou procurando|procuro|e|para)\b(?: de|"
    r" o| a|"
    r" fazer)* "
    r"(.{3,60}?)(?= (?:quero|queria|preciso|prefiro|e sim|so|eu quero|seria)\b|$)"
)
_REFUSED_AFTER = re.compile(r"^((?:\w+ ){1,3})nao$")


def services_named(text: str, profile: BusinessProfile) -> list[Service]:
    """Return the services that a text names and does not refuse, best match first."""
    kept = " ".join(_without_refusals(clause) for clause in clauses(text))
    scored = [(_match(kept, service, profile), service) for service in profile.services]
    best = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: -pair[0])
    return [service for points, service in best if points >= best[0][0] * 0.7]


def _without_refusals(clause: str) -> str:
    if after := _REFUSED_AFTER.match(clause):
        return "" if not re.search(r"\b(fiz|sei|tenho|tive)\b", after[1]) else clause
    return _REFUSAL.sub(" ", clause)


def _match(sentence: str, service: Service, profile: BusinessProfile) -> float:
    wanted = content_words(service.name)
    said = sentence.split()
    hits = [word for word in wanted if any(_names(heard, word) for heard in said)]
    if not hits:
        return 0.0
    if all(word in GENERIC for word in hits) and len(hits) < len(wanted):
        shared = sum(any(alike(hits[0], word) for word in content_words(other.name)) for other in profile.services)
        if shared > 1 or not (WISH.search(sentence) or len(said) <= 2):
            return 0.0
    weak = all(not _names(heard, word) for word in hits for heard in said if heard not in WEAK)
    return (len(hits) / len(wanted) + 0.1 * len(hits)) * (0.5 if weak else 1)


def _names(heard: str, word: str) -> bool:
    if heard in GENERIC and word not in GENERIC:
        return False
    synonym = SYNONYMS.get(heard)
    if synonym is not None and alike(synonym, word):
        return True
    return len(heard) > 2 and alike(heard, word)
