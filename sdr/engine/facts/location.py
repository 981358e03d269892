"""Where the customer is, against the area that the business serves."""

import re

from sdr.contract import BusinessProfile, Fact
from sdr.engine.places import CITIES, STATES
from sdr.engine.words import content_words, distance, plain, sound, words_in

# "Setor Bueno" is called "o Bueno" by those who live there.
KINDS = words_in("setor bairro distrito regiao zona")
LIVES = re.compile(
    r"\b(?:mor(?:o|amos|a)|resid(?:o|imos)|viv(?:o|emos)|sou(?! (?:a|o|uma?|nov[oa]|cliente) )|somos|fico|estou|"
    r"estamos|falo|trabalho|aqui)(?: aqui)?"
    r"(?: (?:bem |pertinho |perto )?(?:n[oa]s?|em|de|d[oa]s?|perto d[oae]s?))(?: o| a)? (?:bairro |cidade (?:de )?|"
    r"centro de )?([a-z]{2,}(?: [a-z]{2,}){0,3})"
)
CUE = re.compile(
    r"\b(mor\w+|resid\w+|viv\w+|sou|somos|fico|estou|falo|trabalho|bairro|regiao|cidade|perto|pertinho|aqui|"
    r"daqui|em|no|na|de|do|da)\b"
)
NEAR = re.compile(
    r"\b(pertinho|(moro |sou )?perto (de voces|dai|da clinica|do salao|da academia|da escola|da loja)|aqui perto|"
    r"bem perto|(do|ao) lado|vizinh[oa]s?|"
    r"na (mesma )?cidade|sou daqui|daqui mesmo|aqui mesmo|moro aqui)\b"
)
TRAVELS = re.compile(
    r"\b(((posso|consigo|conseguimos|vou|vamos|podemos|da para|topo|prefiro) (ir|vir|passar)?) ?(ate )?(ai|voces|la|"
    r"a clinica|o salao)|"
    r"(vou|vamos|vir|ir|irei|iria|passo|passamos|chego|levo|levamos|leva|trago|trazemos|traz|pego|desco|"
    r"subo)( \w+){0,4}? ate (ai|la|voces)|"
    r"(passo|passamos|levo|trago|me leva|me traz) (ai|la)|"
    r"posso ir|consigo ir|vou ate|nao me importo "
    r"(de|em) ir|me desloco|(posso|consigo) me deslocar|distancia nao e problema|viajo ate|sem problema (em|de|"
    r"para) ir|vou sem problemas?)\b"
)
AWAY = re.compile(
    r"\b(nao (sou|moro|estou|fico|resido) (de|em|n[oa]|d[oa]|aqui|perto)|moro longe|sou de (longe|fora|"
    r"outra cidade|outro estado)|fora d[ao])\b"
)
NO_PLACE = words_in("""
interessado interessada cliente paciente querendo procurando precisando pesquisando olhando bem com sem muito
aqui livre so aguardando nova novo em uma um mesmo disponivel dor medo duvida ferias folga casa trabalho
semana mes dia hoje amanha sim nao obrigado obrigada perfeito combinado aguardo certo claro isso pode nada
qualquer voces voce ela ele mim menor maior idade prefiro depois para ja acordo boa bom tudo que quero como
quanto primeira vez nunca sei dizer falar olho duas tres vcs verdade novo dezembro janeiro legal ok beleza
pronto oi ola mas porem vamos levo passo trago segunda terca quarta quinta sexta sabado domingo
""")


def find_location(
    text: str, message_id: str, profile: BusinessProfile, *, asked: bool, busy: bool = False
) -> Fact | None:
    """Find the place in one message. ``busy``: we had asked something else, so a bare word is the answer to that."""
    sentence, quote = plain(text), text.strip()[:160]
    served = [place for place in (profile.city, *profile.area) if place]
    away, travels = AWAY.search(sentence), TRAVELS.search(sentence)
    inside = next((place for place in served if _names(sentence, place, asked=asked, busy=busy)), "")
    if travels and (away or not inside):
        return Fact(_place(sentence, asked).title() or quote[:80], "travels", message_id, quote)
    if away and re.search(r"\bnao (moro|estou) (muito )?longe\b", sentence) is None:
        return Fact(_place(sentence, asked).title() or quote[:80], "outside", message_id, quote)
    if inside:
        return Fact(inside, "inside", message_id, quote)
    if NEAR.search(sentence):
        return Fact(profile.city or quote[:80], "inside", message_id, quote)
    place = _place(sentence, asked)
    return Fact(place.title(), _level(place, profile), message_id, quote) if place else None


def _level(place: str, profile: BusinessProfile) -> str:
    """Without an area every place is served; with a city alone, only another city is outside."""
    if profile.area:
        return "outside"
    return "outside" if profile.city and (place in CITIES or place in STATES) else "inside"


def _names(sentence: str, place: str, *, asked: bool, busy: bool) -> bool:
    wanted = [word for word in content_words(place) if word not in KINDS] or content_words(place)
    said = sentence.split()
    for start in range(len(said)):
        if not wanted or not _same(said[start], wanted[0]):
            continue
        rest = said[start : start + len(wanted) + 2]
        if not all(any(_same(heard, word) for heard in rest) for word in wanted):
            continue
        before = " ".join(said[max(0, start - 3) : start])
        if asked or CUE.search(before) or (start == 0 and len(said) <= len(wanted) + (not busy)):
            return True
    return False


def _same(heard: str, word: str) -> bool:
    if heard == word or sound(heard) == sound(word):
        return True
    return len(word) >= 6 and heard[:1] == word[:1] and distance(heard, word, 1) <= 1


def _place(sentence: str, asked: bool) -> str:
    found = LIVES.search(sentence)
    if found and (place := _trim(found[1])):
        return place
    known = (
        next(
            (
                city
                for city in CITIES
                if len(city) > 3 and re.search(rf"\b(?:de|em|sou de|moro em|para) {city}\b", sentence)
            ),
            "",
        )
        if "moro" in sentence
        else ""
    )
    if known or not asked:
        return known
    return _trim(
        re.sub(
            r"^(sim|nao|eu|a gente|ah|oi|entao|e|fica) ",
            "",
            re.sub(r"^(?:no|na|em|de|do|da|bairro|aqui (?:no|na|em)) ", "", sentence),
        )
    )


def _trim(words: str) -> str:
    kept: list[str] = []
    for word in words.split():
        if word in NO_PLACE or word in {
            "e",
            "quero",
            "tem",
            "queria",
            "posso",
            "consigo",
            "vou",
            "moro",
            "fica",
            "perto",
            "pertinho",
        }:
            break
        kept.append(word)
    while kept and kept[-1] in {"de", "da", "do", "dos", "das", "na", "no", "em"}:
        kept.pop()
    return " ".join(kept[:4]) if kept and len("".join(kept)) >= 2 else ""
