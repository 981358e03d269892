"""The customer's name: introductions anywhere, a bare name only as the answer to our question."""

import re
from collections.abc import Set as AbstractSet

from core.text import fold
from sdr.contract import Fact
from sdr.engine.first_names import FIRST_NAMES
from sdr.engine.words import SHORT, words_in

_WORD = r"[A-Za-zÀ-ÖØ-öø-ÿ][A-Za-zÀ-ÖØ-öø-ÿ'’-]*"
_WORDS = rf"({_WORD}\.?(?:[ \t]+{_WORD}\.?){{0,5}})"
SURE = re.compile(
    rf"\b(?:meu nome(?: completo)? ?(?:[ée]|eh)?:?|me chamo|chamo-me|pode(?:m)? me chamar de|nome:|"
    rf"quem fala (?:aqui )?[ée] (?:a |o )?|"
    rf"aqui (?:[ée]|eh|quem fala [ée]) (?:a|o)|falo (?:aqui )?(?:a|o)|(?:eu )?me chamam? de)\s+{_WORDS}", re.IGNORECASE,
)  # fmt: skip
LIKELY = re.compile(rf"\b(?:(?:eu )?sou (?:a|o)|aqui (?:[ée]|eh)|(?:eu )?sou|[ée] (?:a|o))\s+{_WORDS}", re.IGNORECASE)
SIGNED = re.compile(rf"^{_WORDS}\s+(?:aqui|falando)\s*[.!]*$", re.IGNORECASE)
ANSWER = re.compile(
    rf"^\W*(?:(?:oi|ol[áa]|opa|claro|sim|prazer|ah|bom dia|boa tarde|boa noite)[,!. ]+)?(?:[ée]h? (?:a |o )?|"
    rf"sou (?:a |o )?)?{_WORDS}",
    re.I,
)
PARTICLES = frozenset({"da", "de", "do", "das", "dos", "di", "del", "von", "e"})
HONORIFICS = words_in("seu sr sra srta senhor senhora dona dn dr dra doutor doutora prof professor professora tia tio")
BUSINESS = words_in("""
padaria loja oficina clinica empresa farmacia mercado academia escola restaurante salao bar igreja condominio
""")
END = words_in("""
mas que quero queria gostaria moro sou tenho preciso estou falo vi to tava queria meu minha kk kkk kkkk rs
rsrs haha aqui falando prazer tudo vc voce vcs voces por com pra para em no na tb tambem ja hoje amanha
obrigado obrigada e ta qual quanto
""")
NO_NAME = words_in("""
oi oie oii ola opa eai hey alo salve bom boa dia tarde noite sim nao ok okay tudo bem certo isso claro pode
ser talvez beleza legal perfeito combinado quero queria gostaria quanto preco valor obrigado obrigada hoje
amanha agora logo aqui la ali eu ele ela minha meu mae pai filha filho marido esposa irma irmao avo sogra
namorado namorada amiga amigo cliente dono dona interessado interessada nova novo nenhum nada primeira vez sem
pressa semana mes vou estou tenho moro so paciente aluno aluna medica medico mim atendente aguardo ainda essa
este esse ja fiz nunca tambem mesmo responsavel secretaria secretario pessoa mulher homem gente assim depois
prefiro dizer falar falo qualquer precisa preciso qual que quem como onde porque porque segunda terca quarta
quinta sexta sabado domingo janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro
dezembro daqui perto pertinho longe bairro cidade centro rua casa muito pouco mais menos caro barato urgente
dor problema horario vaga consulta aula orcamento informacao interesse saber marcar agendar fazer ver olhando
pesquisando procurando querendo precisando pensando sei lembro entendi desculpa me te se lhe um uma o a os as
no na nos nas em por para com sobre kk kkk rs cabelo dente unha cachorro gato gata pet motivo jeito verdade
administrador administradora admin sistema system suporte desenvolvedor programador gerente
mentira foto audio video mensagem robo bot golpe absurdo demais ai dela dele nao sei
""")


LAUGHTER = re.compile(r"k+|(rs)+r?|h?(ua|ha|he|eh)+h?|af+|h+m+|u+h+|hm+|ata+|ah+|oh+")


def find_name(text: str, message_id: str, *, asked: bool, taken: AbstractSet[str]) -> Fact | None:
    """Find how the customer introduces themselves; ``taken`` are folded words that name services and places."""
    for words, sure in _candidates(text, asked):
        name = _clean(words)
        if name and _fits(name, sure, taken):
            pretty = " ".join(_pretty(word) for word in name)
            level = "full" if sum(fold(word) not in PARTICLES for word in name) > 1 else "first"
            return Fact(pretty, level, message_id, text.strip()[:160])
    return None


def _candidates(text: str, asked: bool) -> list[tuple[str, bool]]:
    found = [(match[1], True) for match in SURE.finditer(text)]
    found += [(match[1], False) for match in LIKELY.finditer(text)]
    for line in text.splitlines():
        if signed := SIGNED.match(line.strip()):
            found.append((signed[1], asked))
    if asked:
        found += [
            (match[1], not re.match(r"\W*sou\b", line, re.I))
            for line in text.splitlines()
            if (match := ANSWER.match(line.strip())) and _is_short(line)
        ]
    return found


def _is_short(line: str) -> bool:
    return len(re.split(r"[,;.!?\n]", line.strip())[0].split()) <= 6


def _clean(words: str) -> list[str]:
    name: list[str] = []
    for raw in words.split():
        word = raw.rstrip(".'’-")
        plain = fold(word)
        if name and plain in BUSINESS and fold(name[-1]) in PARTICLES:
            break
        if name and ((plain in END and plain != "e") or plain in {"e"} or LAUGHTER.fullmatch(plain)):
            break
        name.append(word)
    while name and fold(name[-1]) in PARTICLES:
        name.pop()
    if len(name) > 1 and fold(name[0]) in HONORIFICS and _is_first_name(fold(name[1])):
        name = name[1:]
    return name[:5]


def _fits(name: list[str], sure: bool, taken: AbstractSet[str]) -> bool:
    folded = [fold(word) for word in name]
    if folded[0] in PARTICLES or len(folded[0]) < 2 or any(map(_is_ordinary, folded)):
        return False
    if _is_first_name(folded[0]):
        return True
    if folded[0] in taken or " ".join(folded) in taken:
        return False
    if not sure:
        return name[0][0].isupper() and not name[0].isupper()
    # An infinitive or a gerund is what somebody wants, not what they are called.
    return not re.search(r"(\w{3}[aei]ndo|[aei]r|mente|\w{4}cao)$", folded[0])


def _is_first_name(word: str) -> bool:
    """Tell whether it is a first name or what people make of one: "Renatinha", "Marcão"."""
    if word in FIRST_NAMES:
        return True
    made = re.fullmatch(r"(\w{3,}?)(z?inh[oa]|ao|ona|ito|ita|ete|ucha?)", word)
    return made is not None and any(name.startswith(made[1]) and len(name) <= len(made[1]) + 3 for name in FIRST_NAMES)


def _is_ordinary(word: str) -> bool:
    if word in PARTICLES:
        return False
    return (
        LAUGHTER.fullmatch(word) is not None
        or SHORT.get(word, word) in NO_NAME
        or (word in SHORT and word not in FIRST_NAMES)
    )


def _pretty(word: str) -> str:
    if fold(word) in PARTICLES:
        return word.lower()
    return word if word[1:] != word[1:].lower() and not word.isupper() else word.capitalize()
