"""When it should happen, counted from the moment of the message."""

import re
from datetime import date, datetime, timedelta

from sdr.contract import Fact
from sdr.engine.words import plain, words_in

NONE = re.compile(
    r"\b(sem (nenhuma )?(pressa|data|previsao|urgencia)|nao tenho (muita |nenhuma )?(pressa|data|previsao)|(so|"
    r"apenas|"
    r"somente) (estou |por )?(pesquisa\w*|"
    r"olhando|vendo|sondando|curios\w+|especulando)|mais (para|pra) (a )?frente|(um|algum) dia( desses)?|ano que vem|"
    r"proximo ano|quando (der|puder|"
    r"sobrar|receber)|(ainda )?nao sei quando|nao e urgente|futuramente|no futuro|estou (so )?(pesquisando|sondando)|"
    r"sei la|por enquanto so|tanto faz|"
    r"agora nao|sem compromisso|qualquer dia)\b"
)
SOON = re.compile(
    r"\b(hoje|amanha|urgente|urgencia|(o )?quanto antes|(o )?mais rapido possivel|mais breve possivel|(essa|esta|"
    r"nessa|"
    r"nesta|ainda essa|ainda esta) semana|"
    r"depois de amanha|imediat\w+|(esse|este|nesse|neste) (fim|final) de semana|pra ontem|para ontem|ainda hoje|"
    r"agora mesmo)\b"
)
WEEKDAYS = {"segunda": 0, "terca": 1, "quarta": 2, "quinta": 3, "sexta": 4, "sabado": 5, "domingo": 6}
WEEKDAY = re.compile(r"\b(segunda|terca|quarta|quinta|sexta|sabado|domingo)(?: feira)?( que vem| da semana que vem)?\b")
MONTH = re.compile(
    r"\b((esse|este|nesse|neste|ainda esse|ainda este|no) mes(?! que vem)|semana que vem|proxima semana|outra semana|"
    r"(final|fim|comeco) d(o|este|esse) mes|quinzena)\b"
)
NEXT_MONTH = re.compile(r"\b(mes que vem|proximo mes|depois das ferias|fim d[eo] ano|final d[eo] ano|nas ferias)\b")
MONTHS = (
    "janeiro",
    "fevereiro",
    "marco",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
)
HOLIDAYS = {"natal": 12, "reveillon": 12, "ano novo": 1, "carnaval": 2}
# "Moro em Natal" is a city, "sou o Marco" a person.
NAMED = re.compile(
    rf"\b(?!marco\b)(?<!em )(?<!de )({'|'.join(HOLIDAYS)})\b|\b(?!marco\b)({'|'.join(MONTHS)})\b|\b(?:em|ate|"
    rf"para|so em) (marco)\b"
)
NUMBERS = {
    "um": 1,
    "uma": 1,
    "dois": 2,
    "duas": 2,
    "tres": 3,
    "quatro": 4,
    "cinco": 5,
    "seis": 6,
    "alguns": 4,
    "poucos": 3,
    "uns": 3,
}
SPAN = re.compile(
    r"(?:(\w+) )?(?:(?:uns|umas|mais ou menos|cerca de|no maximo) )?(\d{1,3}|um|uma|dois|duas|tres|quatro|cinco|"
    r"seis|alguns|poucos) (dias?|semanas?|mes|meses)\b"
)
PAST = words_in("""
faz ha fez tem cada por durante desde tinha treino
""")
# "De 3 em 3 meses" and "estou de 5 meses" are no dates.
REPEATED = re.compile(r"\b(de \w+ em \w+|(estou|esta|gravida|gestante) de (\w+ )?\d+) (dias?|semanas?|mes|meses)\b")
UNITS = {"d": 1, "s": 7, "m": 30}
DAY = re.compile(r"\bdia (\d{1,2})(?: (?:de|do|\d{1,2}))?")
SLASHED = re.compile(r"\b(\d{1,2})/(\d{1,2})\b")
WISH = re.compile(
    r"\b(quer(o|ia)|precis\w+|marcar|agendar|pode ser|consigo|seria|gostaria|tem (horario|vaga|aula)|comecar|"
    r"para|ate|vou|da para)\b"
)
LOOSE = re.compile(r"\b(agora|logo|ja|breve|rapido|rapidinho|essa|imediato|quando (tiver|houver))\b")
TOLD = re.compile(r"\bja (fiz|tive|fui|pesquisei|li|vi|treinei|usei|coloquei)\b")


def find_urgency(text: str, message_id: str, now: datetime, *, asked: bool) -> Fact | None:
    """Find the level in one message. A weekday alone may ask for opening hours: it needs a wish or our question."""
    level = _level(plain(text), text, now.date(), asked)
    return Fact(text.strip()[:80], level, message_id, text.strip()[:160]) if level else None


def _level(sentence: str, text: str, today: date, asked: bool) -> str:
    if SOON.search(sentence):
        return "week"
    if NONE.search(sentence) and not NAMED.search(sentence):
        return "none"
    when = _date(sentence, text, today, asked)
    if when is not None:
        return _of_days((when - today).days)
    if MONTH.search(sentence):
        return "month"
    if NEXT_MONTH.search(sentence):
        return "quarter"
    if asked and LOOSE.search(sentence) and not TOLD.search(sentence):
        return "week"
    return ""


def _date(sentence: str, text: str, today: date, asked: bool) -> date | None:
    if written := SLASHED.search(text):
        return _next_date(int(written[1]), int(written[2]), today)
    if day := DAY.search(sentence):
        return _next_day(int(day[1]), today)
    if (span := SPAN.search(REPEATED.sub(" ", sentence))) and span[1] not in PAST:
        count = int(span[2]) if span[2].isdigit() else NUMBERS[span[2]]
        return today + timedelta(days=min(count * UNITS[span[3][0]], 3650))
    if month := _month(sentence, text):
        return _in_month(month, today)
    if (weekday := WEEKDAY.search(sentence)) and (asked or WISH.search(sentence)):
        return _next_weekday(WEEKDAYS[weekday[1]], bool(weekday[2]), today)
    return None


def _month(sentence: str, text: str) -> int:
    if found := NAMED.search(sentence):
        name = found[1] or found[2] or found[3]
        return HOLIDAYS.get(name) or MONTHS.index(name) + 1
    return 3 if "março" in text.lower() else 0


def _of_days(days: int) -> str:
    if days <= 7:
        return "week"
    if days <= 31:
        return "month"
    return "quarter" if days <= 92 else "none"


def _next_day(day: int, today: date) -> date | None:
    return next((d for ahead in range(62) if (d := today + timedelta(days=ahead)).day == day), None)


def _next_date(day: int, month: int, today: date) -> date | None:
    for year in (today.year, today.year + 1):
        try:
            when = date(year, month, day)
        except ValueError:
            return None
        if when >= today:
            return when
    return None


def _in_month(month: int, today: date) -> date:
    """Return a day that stands for a month: within this one, else 60 days for the three that follow, else far."""
    ahead = (month - today.month) % 12
    return today + timedelta(days=20 if ahead == 0 else 60 if ahead <= 3 else 180)


def _next_weekday(weekday: int, next_week: bool, today: date) -> date:
    ahead = (weekday - today.weekday()) % 7 or 7
    # "Sexta que vem", said on a Wednesday, is the one after the coming Friday.
    return today + timedelta(days=ahead + (7 if next_week and weekday > today.weekday() else 0))
