import re

from sdr.contract import Fact
from sdr.engine.words import plain

FIRST = re.compile(r"\b(primeira vez|nunca (fiz|tive|usei|fui|coloquei|pratiquei|treinei|estudei)|nao conheco|nao sei nada|nunca|e a primeira|nenhuma vez)\b")
READ = re.compile(r"\b(vi (uns |alguns |um )?video(s)?|li (sobre|um pouco|a respeito|na internet)|ja li|pesquisei (um pouco|sobre)|ouvi falar|"
                  r"uma amiga (fez|falou|indicou)|so vi|ja vi|assisti|tiktok|instagram|me falaram|me indicaram|um pouco)\b")  # fmt: skip
DONE = re.compile(r"\b(ja (fiz|tive|usei|coloquei|treinei|fui|pratiquei|estudei|sou|era|fazia)|fiz (ha|faz|ano|uma vez|em)|fazia|orcamento em|"
                  r"(pesquisei|comparei|vi) (preco|valor)(es)?|(preco|orcamento)s? em (outr|dois|2|tres|3)\w*|outra (clinica|academia|escola)|outro "
                  r"(lugar|salao|dentista)|costumo fazer|faco sempre|ja pesquisei)\b")  # fmt: skip


def find_knowledge(text: str, message_id: str, *, asked: bool) -> Fact | None:
    """Find how much the customer knows: has done it or compared prices, has read about it, or it is the first time."""
    sentence = plain(text)
    level = ""
    if FIRST.search(sentence):
        level = "read" if READ.search(sentence) else "first"
    elif DONE.search(sentence):
        level = "done"
    elif READ.search(sentence):
        level = "read"
    elif asked and re.match(r"^(sim|ja|ja sim|fiz|conheco)\b", sentence):
        level = "done"
    elif asked and re.match(r"^(nao|ainda nao)\b", sentence):
        level = "first"
    return Fact(text.strip()[:80], level, message_id, text.strip()[:160]) if level else None
