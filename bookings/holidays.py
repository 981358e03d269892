"""Public holidays of Brazil and its states, by name; cities' own days are added by the business itself."""

from datetime import date
from functools import lru_cache

import holidays as calendar_of_holidays

STATES = (
    "AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA", "PB", "PE", "PI", "PR", "RJ", "RN",
    "RO", "RR", "RS", "SC", "SE", "SP", "TO",
)  # fmt: skip


@lru_cache(maxsize=256)
def holidays_in(year: int, state: str = "", *, optional: bool = False, language: str = "pt_BR") -> dict[date, str]:
    """Return day and name; ``optional`` adds the days on which business is free to close, such as Carnival."""
    found = calendar_of_holidays.country_holidays(
        "BR", subdiv=state or None, years=year, language=language,
        categories=("public", "optional") if optional else ("public",),
    )  # fmt: skip
    return dict(sorted(found.items()))


def holidays_between(first: date, last: date, state: str = "", *, optional: bool = False) -> dict[date, str]:
    """Return the holidays of the days from ``first`` to ``last``."""
    years = range(first.year, last.year + 1)
    every = (item for year in years for item in holidays_in(year, state, optional=optional).items())
    return {day: name for day, name in every if first <= day <= last}
