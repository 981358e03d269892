"""What no model may say unless the business has said it: each rule finds the words of a sentence that have no ground."""

import re
from collections.abc import Callable, Iterator

from sdr.engine.words import alike, content_words, plain
from sdr.policy.grounds import Grounds, times_in
from sdr.policy.money import amounts_in

OFFER = re.compile(
    r"\b\d{1,3}\s*(?:%|por\s?cento)|\bdesconto (?:de|para)\b|\bgr[aá]tis\b|\bde gra[cç]a\b|\bgratuit\w+|"
    r"\bcortesia\b|\bsem (?:custo|juros)\b|"
    r"\bbrindes?\b|\bcupo(?:m|ns)\b|\bcashback\b|\bpromo[cç](?:ão|ao|ões|oes)\b|\bparcel\w+|\b\d{1,2}\s?x\b|"
    r"\b\d{1,2} (?:vezes|parcelas)\b|"
    r"\bmetade do (?:pre[cç]o|valor)\b|\b(?:dez|vinte|trinta|quarenta|cinquenta|sessenta|setenta|oitenta|noventa|"
    r"cem) por cento\b|"
    r"\bmais barato que\b|\bcobr(?:imos|o) qualquer\b",
    re.IGNORECASE,
)
WORDED_MONEY = re.compile(
    r"\b(?:dez|vinte|trinta|quarenta|cinquenta|sessenta|setenta|oitenta|noventa|cem|cento|duzentos|trezentos|"
    r"quatrocentos|quinhentos|"
    r"seiscentos|setecentos|oitocentos|novecentos|mil|um|dois|tr[eê]s|cinco)(?: \w+){0,4} rea(?:is|l)\b",
    re.IGNORECASE,
)
BOOKED = re.compile(
    r"\b(?:agendei|marquei|reservei|remarquei|cancelei|encaixei|desmarquei)\b|\b(?:est[aá]|ficou|fica|foi|"
    r"tudo) (?:agendad|marcad|reservad|"
    r"remarcad|cancelad)[oa]\b|\bhor[aá]rio (?:est[aá] |ficou |foi )?(?:confirmad|garantid|reservad)o\b|"
    r"\bte (?:espero|esperamos) (?:amanh[aã]|hoje|"
    r"na|no|[aà]s|segunda|ter[cç]a|quarta|quinta|sexta|s[aá]bado|domingo)\b",
    re.IGNORECASE,
)
DEADLINE = re.compile(
    r"\b(?:em|dentro de|at[eé]|prazo de|leva|dura|demora|daqui a)(?: (?:no m[aá]ximo|cerca de|uns|umas|"
    r"mais ou menos))? (?:\d{1,3}|um|uma|dois|"
    r"duas|tr[eê]s) (?:minutos?|horas?|dias?|semanas?|m[eê]s|meses|sess(?:ão|ões|ao|oes))\b|"
    r"\b(?:entreg\w+|resolv\w+|fic\w+ pront\w+|chegamos|instalamos) (?:hoje|amanh[aã]|na hora)\b|\b\d{1,3} (?:dias|"
    r"horas) (?:úteis|uteis)\b",
    re.IGNORECASE,
)
PROMISE = re.compile(
    r"\bgaranti\w*|\b(?:sem|nenhuma?) (?:dor|riscos?|efeitos?|contraindica\w+)\b|\bindolor\b|\bcuramos?\b|"
    r"\bcura (?:de|para|a|o)\b|\bdefinitiv\w+|"
    r"\bdinheiro de volta\b|\b(?:devolv|reembols)\w+|\bmelhor(?:es)? (?:pre[cç]o|da cidade|do brasil|"
    r"da regi[aã]o)\b|\bpara sempre\b|\bvital[ií]ci\w+|"
    r"\bfunciona sempre\b|\b(?:eu )?prometo\b",
    re.IGNORECASE,
)
POLICY = re.compile(
    r"\bpix\b|\bcart(?:ão|ao|ões|oes)\b|\bboletos?\b|\bem dinheiro\b|\bconv[eê]nios?\b|\bplanos? de sa[uú]de\b|"
    r"\bunimed\b|\bamil\b|\bhapvida\b|"
    r"\bsulam[eé]rica\b|\bsus\b|\bestacionamento\b|\bdelivery\b|\ba domic[ií]lio\b|\bfrete\b|\bnota fiscal\b|"
    r"\bfiado\b|\bferiados?\b|\bplant[aã]o\b|"
    r"\b24 ?h(?:oras)?\b|\bwi-?fi\b",
    re.IGNORECASE,
)
LINK = re.compile(
    r"https?://\S+|www\.\S+|[\w.+-]+@[\w-]+\.[\w.]+|\b[a-z0-9-]+\.(?:com|net|org|io|app|br|me|ly)(?:/\S*|\.br\S*)?\b",
    re.IGNORECASE,
)
NUMBER = re.compile(r"(?<![\d,])\+?\(?\d(?:[\d\s().-]{6,}\d)(?![\d,])")
STREET = re.compile(
    r"\b(?:rua|avenida|av\.|alameda|travessa|rodovia|"
    r"pra[cç]a)\s+(?:d[aeo]s?\s+)?[A-ZÀ-Ü0-9][\wÀ-ü]+(?:,?\s*(?:n[º°o.]*\s*)?\d+)?",
    re.IGNORECASE,
)
DOES = re.compile(
    r"\b(?:fazemos|oferecemos|trabalhamos com|realizamos|vendemos|alugamos|consertamos)\s+(?:tamb[eé]m |sim |o |a |"
    r"os |as |um |uma )*([^.!?\n,]+)",
    re.IGNORECASE,
)
LEAK = re.compile(
    r"message_id|human_reason|unanswered|\bjson\b|\bschema\b|\bprompts?\b|\b(?:minhas|meus?|as|estas|"
    r"seguintes) (?:instru[cç][oõ]es|diretrizes|regras internas)\b|"
    r"\bmodelo de linguagem\b|\bopenai\b|\bchat ?gpt\b|\bgpt-?\d|\bclaude\b|\bgemini\b|\bdescubra, uma pergunta\b|"
    r"\bmodo (?:desenvolvedor|dan|admin\w*)\b|"
    r"\bchaves? (?:de|da) api\b|\bsk-[a-z0-9]|\bbanco de dados\b|\boutr[oa]s? clientes?\b.{0,40}\b(?:chama|mora|"
    r"telefone|cpf|nome)\b|"
    r"\b(?:pontua[cç][aã]o|score|pontos)\b.{0,20}\d",
    re.IGNORECASE,
)
IDENTITY = re.compile(
    r"\bsou (?:uma? )?(?:human[oa]|pessoa (?:de verdade|real)|gente de verdade|m[eé]dic[oa]|dentista|advogad[oa]|"
    r"dr[a.]?|dono|dona|gerente)\b|"
    r"\bn[aã]o sou (?:um |uma )?(?:rob[oô]|bot|m[aá]quina|ia)\b",
    re.IGNORECASE,
)
# Who says that they will ask, or that they cannot say, claims nothing.
HEDGE = re.compile(
    r"\bconfirm\w+ (?:\w+ )?com a equipe\b|\bequipe (?:te )?confirma\b|\b(?:vou|preciso|prefiro|"
    r"deixa eu) (?:te )?confirmar\b|\bverific\w+|"
    r"\bpergunt(?:o|ar|amos)\b|\bn[aã]o (?:sei|consigo|posso|tenho|prometo|d[aá] (?:para|pra))\b|\bequipe te\b|"
    r"\blev(?:o|amos) "
    r"(?:seu|o seu|isso)\b",
    re.IGNORECASE,
)

Rule = Callable[[str, Grounds], Iterator[str]]


def _stated(pattern: re.Pattern[str]) -> Rule:
    """Return a rule for words that are allowed only where the business uses the very same."""

    def rule(sentence: str, grounds: Grounds) -> Iterator[str]:
        return (found[0] for found in pattern.finditer(sentence) if not grounds.has(found[0]))

    return rule


def _never(pattern: re.Pattern[str]) -> Rule:
    def rule(sentence: str, _grounds: Grounds) -> Iterator[str]:
        return (found[0] for found in pattern.finditer(sentence))

    return rule


def _prices(sentence: str, grounds: Grounds) -> Iterator[str]:
    return (f"R$ {cents / 100:.2f}" for cents in sorted(amounts_in(sentence) - grounds.amounts))


def _times(sentence: str, grounds: Grounds) -> Iterator[str]:
    return (f"{minutes // 60}h{minutes % 60:02d}" for minutes in sorted(times_in(sentence) - grounds.times))


def _numbers(sentence: str, grounds: Grounds) -> Iterator[str]:
    for found in NUMBER.finditer(sentence):
        digits = re.sub(r"\D", "", found[0])
        if len(digits) >= 8 and digits not in grounds.digits:
            yield found[0]


def _services(sentence: str, grounds: Grounds) -> Iterator[str]:
    for found in DOES.finditer(sentence):
        named = [word for word in content_words(found[1]) if len(word) > 3]
        known = plain(grounds.text).split()
        if named and not any(alike(word, stated) for word in named for stated in known):
            yield found[0]


# In this order a refusal is explained; the first group holds whatever else a sentence says.
ALWAYS: dict[str, Rule] = {
    "leak": _never(LEAK), "identity": _never(IDENTITY), "price": _prices, "worded_price": _stated(WORDED_MONEY), "link": _stated(LINK),
    "personal_data": _numbers, "address": _stated(STREET), "booking": _never(BOOKED), "time": _times,
}  # fmt: skip
UNLESS_HEDGED: dict[str, Rule] = {
    "offer": _stated(OFFER), "deadline": _stated(DEADLINE), "promise": _stated(PROMISE), "policy": _stated(POLICY), "service": _services,
}  # fmt: skip
FIGURE = re.compile(r"\d")


def objections_to(sentence: str, grounds: Grounds) -> Iterator[tuple[str, str]]:
    """Yield (rule, words) for everything in one sentence that the business never stated."""
    for code, rule in ALWAYS.items():
        yield from ((code, words) for words in rule(sentence, grounds))
    hedged = HEDGE.search(sentence) is not None
    for code, rule in UNLESS_HEDGED.items():
        for words in rule(sentence, grounds):
            if (hedged and not FIGURE.search(words)) or (code == "policy" and sentence.rstrip().endswith("?")):
                continue
            yield code, words
