"""Days and hours as customers write them: which day they ask about, and which of the offered times they mean."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from bookings.answers import read_number
from core.text import fold

WEEKDAYS = {"segunda": 0, "terca": 1, "quarta": 2, "quinta": 3, "sexta": 4, "sabado": 5, "domingo": 6,
            "seg": 0, "ter": 1, "qua": 2, "qui": 3, "sex": 4, "sab": 5, "dom": 6}  # fmt: skip
MOST_WORDS = 9
_WORDS = re.compile(r"[a-z0-9]+")
_DAY = re.compile(r"\bdia (\d{1,2})\b|\b(\d{1,2})/(\d{1,2})\b")
_CLOCK = re.compile(r"\b(\d{1,2})(?::(\d{2})|h(\d{2})?\b| ?horas?\b)|\b(?:as|das) (\d{1,2})\b(?![/:h])")
_LATE = re.compile(r"\b(tarde|noite)\b")
_NOT_A_PICK = re.compile(r"\?|\b(nao|ou|antes|depois|quanto|qual|so)\b")


def read_day(text: str, today: date) -> date | None:
    """Return the day that a text asks about, from ``today`` on; None when it names none."""
    folded = fold(text)
    if "depois de amanha" in folded:
        return today + timedelta(days=2)
    if re.search(r"\bamanha\b", folded):
        return today + timedelta(days=1)
    if re.search(r"\bhoje\b", folded):
        return today
    if found := _DAY.search(folded):
        return _next_day(int(found[1] or found[2]), int(found[3]) if found[3] else None, today)
    named = [WEEKDAYS[word] for word in _WORDS.findall(folded) if word in WEEKDAYS]
    if named:
        return today + timedelta(days=(named[0] - today.weekday()) % 7)
    if re.search(r"\b(semana que vem|proxima semana|outra semana)\b", folded):
        return today + timedelta(days=7 - today.weekday())
    return None


def _next_day(number: int, month: int | None, today: date) -> date | None:
    for offset in range(366):
        day = today + timedelta(days=offset)
        if day.day == number and month in (None, day.month):
            return day
    return None


def read_pick(text: str, times: Sequence[datetime], today: date) -> int | None:
    """Return the number, from 1, of the offered time that a short answer means: its number, or its day or hour.

    ``times`` are in the zone of the business. None when the answer fits none or several.
    """
    if (number := read_number(text, len(times))) is not None:
        return number
    folded = fold(text)
    if _NOT_A_PICK.search(folded) or len(_WORDS.findall(folded)) > MOST_WORDS:
        return None
    clock = _CLOCK.search(folded)
    day = read_day(text, today)
    if clock is None and day is None:
        return None
    fits = [
        number for number, at in enumerate(times, 1)
        if (day is None or at.date() == day) and (clock is None or _is_at(at, clock, late=bool(_LATE.search(folded))))
    ]  # fmt: skip
    return fits[0] if len(fits) == 1 else None


def _is_at(at: datetime, clock: re.Match[str], *, late: bool) -> bool:
    hour, minute = int(clock[1] or clock[4]), int(clock[2] or clock[3] or 0)
    hours = {hour + 12} if late and hour < 12 else {hour, hour + 12} if hour < 8 else {hour}
    return at.hour in hours and at.minute == minute
