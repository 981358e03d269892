import re

from core.text import fold
from sdr.contract import Fact

WORD = r"[A-Za-zÀ-ÖØ-öø-ÿ'’]{2,}"
INTRO = re.compile(
    rf"\b(?:meu nome [ée]|me chamo|sou (?:a|o)|aqui [ée] (?:a|o)|quem fala [ée] (?:a|o)|pode me chamar de|eu sou(?: a| o)?|sou)\s+"
    rf"({WORD}(?:\s+(?:d[aeo]s?\s+)?{WORD}){{0,3}})",
    re.IGNORECASE,
)
BARE = re.compile(rf"^\s*(?:[ée] (?:a |o )?)?({WORD}(?:\s+(?:d[aeo]s?\s+)?{WORD}){{0,3}})\s*[.!]*\s*$")
NO_NAME = {
    "oi", "ola", "bom", "boa", "dia", "tarde", "noite", "sim", "nao", "ok", "tudo", "bem", "quero", "queria", "gostaria", "quanto",
    "preco", "valor", "obrigado", "obrigada", "certo", "isso", "claro", "pode", "ser", "talvez", "hoje", "amanha", "de", "do", "da",
    "aqui", "eu", "minha", "meu", "mae", "pai", "filha", "filho", "marido", "esposa", "cliente", "dono", "dona", "interessado",
    "interessada", "nova", "novo", "nenhum", "nada", "primeira", "vez", "sem", "pressa", "semana", "mes", "beleza", "opa", "legal",
    "perfeito", "combinado", "vou", "estou", "tenho", "moro", "so", "paciente", "aluno", "aluna", "medica", "medico", "mim", "atendente",
    "aguardo", "ainda", "essa", "este", "esse", "ja", "fiz", "nunca", "tambem", "mesmo", "oii", "oie", "eai", "salve",
}  # fmt: skip
STOPS = re.compile(r"\s+(?:e|mas|que|quero|queria|gostaria|moro|sou|de|do|da|tenho|preciso|estou)\s+.*$", re.IGNORECASE)


def find_name(text: str, message_id: str, *, asked: bool, taken: set[str]) -> Fact | None:
    """Find how the customer introduces themselves; a bare name counts only as the answer to our question."""
    match = INTRO.search(text)
    if match is None and asked:
        match = BARE.match(text.splitlines()[0] if text.strip() else "")
    if match is None:
        return None
    name = STOPS.sub("", match[1]).strip(" .,!'’")
    words = [word for word in name.split() if word]
    if not words or fold(words[0]) in NO_NAME or any(fold(word) in NO_NAME for word in words if fold(word) not in {"da", "de", "do", "das", "dos"}):
        return None
    if fold(name) in taken or fold(words[0]) in taken:
        return None
    pretty = " ".join(word if fold(word) in {"da", "de", "do", "das", "dos"} else word.capitalize() for word in words)
    return Fact(pretty, "full" if len(words) > 1 else "first", message_id, text.strip()[:160])
