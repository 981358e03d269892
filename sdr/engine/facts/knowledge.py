"""How much the customer knows: has done it or compared prices, has read about it, or it is the first time."""

import re

from sdr.contract import Fact
from sdr.engine.words import plain

FIRST = re.compile(
    r"\b(primeira vez|(e )?a primeira$|nunca (?!me |mais |responde|atende|consigo )(\w+ )?\w+|nao conheco|"
    r"nao sei nada|"
    r"nenhuma vez|do zero|"
    r"sou (leig[oa]|iniciante)|nao entendo nada)\b"
)
NEVER = re.compile(r"\bnunca\b")
READ = re.compile(
    r"\b((vi|vimos|assisti|assistimos) (uns |umas |alguns |algumas |um |uma |muitos )?(videos?|aulas?|posts?|fotos?|"
    r"reels|no|na|antes e depois)|"
    r"so vi|ja vi|(ja )?(li|leu|lemos)\b|pesquisei|pesquisamos|pesquisou|ouvi falar|ouvi dizer|uma amiga (ja )?(fez|"
    r"falou|indicou|faz|me)|"
    r"um amigo (ja )?(fez|falou|indicou|faz|me)|(minha|meu) \w+ (ja )?(fez|faz|fazia|indicou|falou)|tiktok|instagram|"
    r"youtube|google|me falaram|"
    r"me indicaram|me indicou|um pouco|uma nocao|mais ou menos|conheco de)\b"
)
COMPARED = re.compile(
    r"\b((pesquis|compar|cot)\w+ (os |uns |alguns )?(precos?|valor(es)?)|(precos?|valor(es)?|orcamentos?|"
    r"cotac\w+) (em|"
    r"com|de|na|no) (outr|dois|duas|2|tres|3|4|varios)\w*|"
    r"(fiz|fizemos|peguei|pedi|tenho) (um |uns |alguns |outros |dois |2 |3 |tres )?orcamentos?|orcamento em|"
    r"outra (clinica|academia|escola|loja|"
    r"empresa|dentista|veterinaria)|outro (lugar|salao|dentista|pet shop|contador|profissional|local)|(em|com|"
    r"ja em) (duas|dois|2|3|tres|varias) "
    r"(clinicas|lugares|academias|escolas|dentistas|saloes|profissionais))\b"
)
_PAST = (
    r"(?:fiz|fez|tive|teve|fui|foi|era|sou|tenho|conheco|conhece|uso|faco|faz|passou|coloquei|usei|fazia|veio|vim|"
    r"trouxe|pratico|treino|"
    r"\w{3,}(?:ei|ou|eu|ava)|pratiquei|declaro|comi|bebi|dormi|perdi|aprendi|vivi|senti)"
)
_NOT_DONE = (
    r"(?!paguei|marquei|agendei|mandei|falei|respondi|perguntei|passou da|estou|vou|sei|vi\b|li\b|sou de|pesquis|quero|"
    r"acabou|chegou|cansei|decidi|gostei|amei)"
)
DONE = re.compile(
    rf"\b(ja (?:\w+ )?{_NOT_DONE}{_PAST}|(fiz|usei|treinei|tive|coloquei|tomei|estudei|apliquei) (ha|faz|uma vez|em|"
    rf"ano|no ano|por|aqui|ai|com|la|\w+ vezes|varias)|"
    r"fiz \w+ (ai|aqui|ontem|ano passado|ha|faz|em|com voces)|(faco|treino|uso|declaro|pratico|estudo|levo) (sempre|"
    r"direto|todo|toda|todos|ha|faz|a cada|desde)|"
    r"faco (isso|la|em)|(sempre|todo ano|todo mes|toda semana|costumo) (\w+ei|fiz|fui|faco|fazer|uso|declaro|"
    r"levo|vou|"
    r"treino)|sempre (?!quero|quis|penso|acho|digo|sonho|tenho vontade)\w{3,}o|"
    r"(?!preciso|quero|posso|gosto|penso|procuro)\w{4,}o (sempre|direto|todo|toda|todos|todas|a cada|desde|"
    r"de \w+ em)|fazia|costumo|"
    r"sou (aluno|aluna|cliente|paciente)|varias vezes|muitas vezes|algumas vezes|uma vez ja)\b"
)
YES = re.compile(
    r"^(sim|e sim|isso|exato|ja|ja sim|fiz|fiz sim|conheco|conheco sim|tenho|tenho sim|uso|com certeza|claro)\b"
)
NO = re.compile(r"^(nao|ainda nao|nunca|nada|nenhum|nenhuma)\b")

# The following hold only for what answers our question.
HEARD = re.compile(
    r"\b(vi|vimos|viu|ouvi|ouvimos|li|leu|pesquis\w+|assisti\w*|fal(ou|aram)|explic(ou|aram)|cont(ou|aram)|mostr(ou|"
    r"aram)|indic\w+|"
    r"recomend\w+|coment(ou|aram)|nocao|teoria)\b"
)
NOTHING = re.compile(
    r"\b(primeir[oa]s?|nunca|nenhum\w*|nad(a|inha)|zero|novidade|leig[oa]|estreia|estreando|(vai|vou|quero) comecar)\b"
)
ANY_PAST = re.compile(
    r"\b(ja|sempre|costum\w+|fiz|fez|fizemos|tive|teve|tivemos|tenho|fui|fomos|faco|uso|vezes|"
    r"(?!sei|lei|gostei|achei|pensei|nao )\w{3,}(ei|amos|imos))\b"
)


def find_knowledge(text: str, message_id: str, *, asked: bool, first: bool = False) -> Fact | None:
    """Find the level in one message; a plain yes or no counts only as an answer to our question.

    ``first``: we had asked whether it is the first time, so that a yes says the opposite.
    """
    sentence = plain(text)
    level = _level(sentence) or (_answer(sentence, first) if asked else "")
    return Fact(text.strip()[:80], level, message_id, text.strip()[:160]) if level else None


def _level(sentence: str) -> str:
    if COMPARED.search(sentence):
        return "done"
    if FIRST.search(sentence):
        return "read" if READ.search(sentence) else "first"
    if re.search(r"\b(so|apenas) (vi|li|ouvi|vimos)\b", sentence):
        return "read"
    if re.search(r"\bja (vi|li|leu|ouvi|pesquisei|assisti)\b", sentence):
        return "read"
    if DONE.search(sentence):
        return "done"
    return "read" if READ.search(sentence) else ""


def _answer(sentence: str, first: bool) -> str:
    """Read an answer to our question, in which less is enough: what was heard, never, or any thing that was done."""
    if first and (YES.match(sentence) or NO.match(sentence)):
        return "first" if YES.match(sentence) else "done"
    if HEARD.search(sentence) and not YES.match(sentence):
        return "read"
    if NO.match(sentence) or NOTHING.search(sentence):
        return "first"
    return "done" if YES.match(sentence) or ANY_PAST.search(sentence) else ""
