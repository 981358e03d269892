import re
from datetime import datetime, timedelta

from sdr.contract import Fact
from sdr.engine.words import plain

NONE = re.compile(r"\b(sem pressa|nao tenho (muita )?pressa|so (estou )?(pesquisando|olhando|vendo|sondando)|mais para frente|um dia|ano que vem|"
                  r"sem data|quando der|ainda nao sei quando|nao e urgente|futuramente)\b")  # fmt: skip
WEEK = re.compile(r"\b(hoje|amanha|agora|urgente|urgencia|o quanto antes|mais rapido possivel|logo|ja|essa semana|esta semana|nessa semana|"
                  r"(na |nessa |nesta )?(segunda|terca|quarta|quinta|sexta)( feira)?|sabado|domingo|fim de semana|depois de amanha|imediat\w+)\b")  # fmt: skip
STRONG_WEEK = re.compile(r"\b(hoje|amanha|urgente|o quanto antes|mais rapido possivel|essa semana|esta semana|nessa semana|depois de amanha)\b")
MONTH = re.compile(r"\b((esse|este|nesse|neste) mes|semana que vem|proxima semana|final do mes|fim do mes|quinzena|(umas )?(duas|2|tres|3) semanas|"
                   r"ate o fim do mes)\b")  # fmt: skip
QUARTER = re.compile(r"\b(mes que vem|proximo mes|daqui (a )?(um|1|dois|2|tres|3) mes(es)?|(uns )?(dois|2|tres|3) meses|em (janeiro|fevereiro|marco|"
                     r"abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro)|depois das ferias|fim do ano)\b")  # fmt: skip
DAY = re.compile(r"\bdia (\d{1,2})(?: (?:do|de) ?(\d{1,2})?)?\b")


def find_urgency(text: str, message_id: str, now: datetime, *, asked: bool) -> Fact | None:
    """Find when it should happen, relative to ``now``. Opening hours questions name weekdays too, so those count only when
    something else says that it is about the customer's own wish."""
    sentence = plain(text)
    level = _level(sentence, now, asked=asked)
    return Fact(text.strip()[:80], level, message_id, text.strip()[:160]) if level else None


def _level(sentence: str, now: datetime, *, asked: bool) -> str:
    if NONE.search(sentence):
        return "none"
    if STRONG_WEEK.search(sentence):
        return "week"
    if day := DAY.search(sentence):
        return _by_date(int(day[1]), now)
    if MONTH.search(sentence):
        return "month"
    if QUARTER.search(sentence):
        return "quarter"
    wish = asked or re.search(r"\b(quero|queria|preciso|marcar|agendar|pode ser|consigo|seria|gostaria|tem (horario|vaga))\b", sentence)
    if wish and WEEK.search(sentence) and not (re.search(r"\bja (fiz|tive|fui|pesquisei|li|vi)\b", sentence)):
        return "week"
    return ""


def _by_date(day: int, now: datetime) -> str:
    if not 1 <= day <= 31:
        return ""
    for ahead in range(62):
        date = now.date() + timedelta(days=ahead)
        if date.day == day:
            return "week" if ahead <= 7 else "month" if ahead <= 31 else "quarter"
    return ""
