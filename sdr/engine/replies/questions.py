"""The questions: several wordings of each, chosen by the message they answer, none of them used twice."""

import re
import zlib
from collections.abc import Mapping, Sequence

from sdr.contract import BusinessProfile, Fact
from sdr.engine.words import plain

ORDER = ("interest", "name", "urgency", "knowledge", "location")
QUESTIONS: dict[str, tuple[str, ...]] = {
    "interest": (
        "Qual serviço você procura?",
        "O que você gostaria de fazer?",
        "Me conta: em que posso te ajudar, qual serviço te interessa?",
        "Qual desses serviços mais te interessa?",
    ),
    "name": ("Qual é o seu nome?", "Com quem eu falo?", "Como posso te chamar?", "Me diz seu nome, por favor?"),
    "urgency": (
        "Para quando você gostaria?",
        "Você tem alguma data em mente?",
        "É pra logo ou sem pressa?",
        "Quando ficaria bom pra você?",
    ),
    "knowledge": (
        "Já fez isso alguma vez ou é a primeira vez?",
        "Já conhece como funciona ou seria novidade?",
        "Já chegou a fazer orçamento em algum lugar ou seria a primeira vez?",
        "Já teve alguma experiência com isso ou é sua primeira vez?",
    ),
    "location": (
        "Em que bairro ou cidade você mora?",
        "De qual região você é?",
        "Você fala de onde, qual bairro?",
        "E você mora onde, mais ou menos?",
    ),
}
LISTED = ("Temos {names}. Qual te interessa?", "Trabalhamos com {names}. O que você procura?")
_ASKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "name",
        re.compile(
            r"\b(seu nome|o nome completo|com quem (eu )?(falo|estou falando|converso)|(te|lhe) cham\w+|"
            r"chamar (voce|a senhora|o senhor)|sua graca|"
            r"quem fala|qual o nome)\b"
        ),
    ),
    (
        "location",
        re.compile(
            r"\b(bairro|(qual|que|sua) (\w+ )?(cidade|regiao|setor|zona)|"
            r"cidade voce|regiao|de onde|onde (voce|voces|ela|ele) (mora|moram|esta|fica|fala)|"
            r"mora(m)? (onde|perto|longe)|onde mora)\b"
        ),
    ),
    (
        "urgency",
        re.compile(
            r"\b(para (quando|ja|logo)|quando (\w+ )?(seria|vai ser|precisa\w*|pretende\w*|gostaria\w*)|"
            r"quando (voce|voces|gostaria|quer|pretende|seria|precisa|fica|ficaria|pensa|ela|ele|pode|"
            r"quer)|"
            r"data em mente|alguma data|para logo|e urgente|"
            r"quando .*(comecar|vir|fazer)|sem pressa)\b"
        ),
    ),
    (
        "knowledge",
        re.compile(
            r"\b(ja (\w+ )?(fez|fizeram|tem|teve|conhece|conhecem|usou|usa|treinou|nadou|estudou|declarou|veio|vieram|"
            r"trouxe|chegou|ficou|pesquisou|se consultou|passou)|ja (\w+ ){0,2}\w{3,}(ou|eu|iu|ava|aram|eram)|"
            r"ja e (\w+ )?(cliente|alun[oa]|"
            r"paciente)|cliente nov[oa]|"
            r"primeira (vez|vacina|consulta|aula)|alguma vez|alguma (experiencia|base|sessao)|novidade)\b"
        ),
    ),
    (
        "interest",
        re.compile(
            r"\b(qual (desses )?(servicos?|curso|modalidade|procedimento)|o que (voce|ela|ele|voces) (procura|gostaria|"
            r"quer|"
            r"precisa|esta)\w*|te interessa|em que posso|"
            r"como posso (te )?ajudar|de qual|por qual|o que procura)\b"
        ),
    ),
)


def asked_fact(text: str) -> str:
    """Return which fact one of our messages asks for, by its last question, or an empty text."""
    asked = re.findall(r"[^?.!\n]*\?", text)
    for question in reversed(asked):
        sentence = plain(question)
        fact = next((fact for fact, pattern in _ASKS if pattern.search(sentence)), "")
        if fact:
            return fact
    return ""


def asks_first_time(text: str) -> bool:
    """Tell whether our question was "é a primeira vez?" and nothing else, to which a yes means that it is."""
    asked = [plain(question) for question in re.findall(r"[^?.!\n]*\?", text)]
    last = asked[-1] if asked else ""
    return re.search(r"\b(primeir[oa]s?|cliente nov[oa]|novidade)\b", last) is not None and not re.search(
        r"\b(ja|ou)\b", last
    )


def next_question(profile: BusinessProfile, facts: Mapping[str, Fact], said: Sequence[str], message_id: str) -> str:
    """Return the next thing to ask: what was asked least often, in a fixed order, in words not used before."""
    missing = [name for name in ORDER if name not in facts or (name == "interest" and not facts[name].value)]
    times = {name: sum(asked_fact(text) == name for text in said) for name in missing}
    used = " ".join(said)
    for name in sorted(missing, key=lambda name: (times[name] // 2, ORDER.index(name))):
        fresh = [text for text in _wordings(name, profile) if text not in used]
        if fresh:
            return pick(fresh, message_id)
    return ""


def _wordings(name: str, profile: BusinessProfile) -> tuple[str, ...]:
    if name != "interest" or len(profile.services) < 2:
        return QUESTIONS[name]
    names = join_names([service.name for service in profile.services[:5]])
    return (*QUESTIONS[name][:3], *(text.format(names=names) for text in LISTED))


def join_names(names: Sequence[str]) -> str:
    """Return "corte, mechas e manicure"."""
    lower = [name if name[:2].isupper() else name[:1].lower() + name[1:] for name in names]
    return " e ".join(filter(None, [", ".join(lower[:-1]), lower[-1]])) if lower else ""


def pick(options: Sequence[str], message_id: str) -> str:
    """Choose by the message's id: the same message always gets the same words."""
    return options[zlib.crc32(message_id.encode()) % len(options)]
