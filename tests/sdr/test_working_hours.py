from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from sdr.working_hours import WorkingHours

HERE = ZoneInfo("America/Sao_Paulo")
OFFICE = WorkingHours.from_json({"days": [0, 1, 2, 3, 4], "start": "09:00", "end": "18:00"})
BAR = WorkingHours.from_json({"days": [4, 5], "start": "18:00", "end": "02:00"})


def at(day: int, clock: str) -> datetime:
    """16 November 2026 is a Monday."""
    return datetime.fromisoformat(f"2026-11-{day:02d}T{clock}").replace(tzinfo=HERE)


@pytest.mark.parametrize(
    ("hours", "moment", "is_open", "opening"),
    [
        (OFFICE, at(16, "08:59"), False, at(16, "09:00")), (OFFICE, at(16, "09:00"), True, at(17, "09:00")),
        (OFFICE, at(16, "18:00"), False, at(17, "09:00")), (OFFICE, at(20, "17:59"), True, at(23, "09:00")),
        (OFFICE, at(21, "12:00"), False, at(23, "09:00")), (BAR, at(20, "17:00"), False, at(20, "18:00")),
        (BAR, at(21, "01:59"), True, at(21, "18:00")), (BAR, at(22, "01:00"), True, at(27, "18:00")),
        (BAR, at(22, "02:00"), False, at(27, "18:00")), (BAR, at(20, "01:00"), False, at(20, "18:00")),
    ],
    ids=range(10),
)  # fmt: skip
def test_hours_open_and_shut(hours: WorkingHours, moment: datetime, is_open: bool, opening: datetime) -> None:
    assert hours.is_open(moment) is is_open
    assert hours.opening_after(moment) == opening


def test_without_days_it_is_always() -> None:
    assert WorkingHours.from_json({}) is None
    assert OFFICE is not None
    assert WorkingHours.from_json(OFFICE.as_json()) == OFFICE
