from datetime import date, datetime, timedelta

import pytest

from bookings.days import read_day, read_pick

FRIDAY = date(2026, 12, 4)
TIMES = [datetime(2026, 12, 7, 9), datetime(2026, 12, 7, 14, 30), datetime(2026, 12, 8, 9), datetime(2026, 12, 9, 16)]


@pytest.mark.parametrize(
    ("text", "days"),
    [("tem hoje?", 0), ("amanhã de manhã", 1), ("depois de amanhã", 2), ("quero segunda", 3), ("na sexta", 0), ("sábado", 1),
     ("dia 10 dá?", 6), ("10/12", 6), ("dia 2", 29), ("só na semana que vem", 3), ("oi", None), ("tem horário?", None),
     ("dia 40", None), ("31/2", None)],
)  # fmt: skip
def test_the_day_that_is_asked_about(text: str, days: int | None) -> None:
    assert read_day(text, FRIDAY) == (None if days is None else FRIDAY + timedelta(days=days))


@pytest.mark.parametrize(
    ("text", "number"),
    [("2", 2), ("a primeira", 1), ("14:30", 2), ("pode ser às 16", 4), ("das 14h30", 2), ("terça", 3), ("terça às 9h", 3),
     ("segunda às 9", 1), ("quarta 4 da tarde", 4), ("quarta às 4 da tarde", 4), ("dia 9", 4), ("16 horas", 4),
     ("às 2:30", 2)],
)  # fmt: skip
def test_an_offered_time_is_picked_by_number_day_or_hour(text: str, number: int | None) -> None:
    assert read_pick(text, TIMES, FRIDAY) == number


@pytest.mark.parametrize(
    "text",
    ["às 9", "segunda", "às 11", "quinta", "terça ou quarta?", "não posso terça", "depois das 16h", "qual é o endereço?", "",
     "tenho uma reunião na terça às 9 mas posso ver se consigo mudar"],
)  # fmt: skip
def test_what_fits_none_or_several_picks_nothing(text: str) -> None:
    assert read_pick(text, TIMES, FRIDAY) is None
