"""A rule is days and a time; days off are left out or moved, and clocks that change move nothing."""

from datetime import UTC, date, datetime, time
from itertools import islice
from typing import Any

import pytest

from bookings.days_off import DaysOff
from campaigns.errors import CampaignIncompleteError
from campaigns.schedules.rules import HolidayPolicy, Rule, Unit
from campaigns.schedules.slots import Slot, limited, slots

ZONE = "America/Sao_Paulo"


def rule(**values: Any) -> Rule:
    return Rule(**{"unit": Unit.WEEK, "at": time(9), "first_on": date(2026, 11, 23), "weekdays": (0,), **values})


def days(found: Rule, count: int) -> list[str]:
    return [f"{day:%d/%m/%y}" for day in islice(found.days(), count)]


def test_every_monday() -> None:
    assert days(rule(), 3) == ["23/11/26", "30/11/26", "07/12/26"]


def test_the_first_week_begins_with_the_first_day() -> None:
    assert days(rule(first_on=date(2026, 11, 24), weekdays=(0, 2)), 3) == ["25/11/26", "30/11/26", "02/12/26"]


def test_every_other_week_counts_from_the_first_one() -> None:
    assert days(rule(interval=2, weekdays=(0, 4)), 4) == ["23/11/26", "27/11/26", "07/12/26", "11/12/26"]


def test_every_third_day() -> None:
    assert days(rule(unit=Unit.DAY, interval=3), 3) == ["23/11/26", "26/11/26", "29/11/26"]


def test_every_fifth_of_the_month() -> None:
    assert days(rule(unit=Unit.MONTH, month_day=5), 3) == ["05/12/26", "05/01/27", "05/02/27"]


def test_the_31st_of_a_shorter_month_is_its_last_day() -> None:
    found = rule(unit=Unit.MONTH, month_day=31, first_on=date(2027, 1, 1))
    assert days(found, 4) == ["31/01/27", "28/02/27", "31/03/27", "30/04/27"]
    assert days(rule(unit=Unit.MONTH, month_day=30, first_on=date(2028, 2, 1)), 1) == ["29/02/28"]


def test_the_last_day_ends_it() -> None:
    assert days(rule(until=date(2026, 12, 7)), 9) == ["23/11/26", "30/11/26", "07/12/26"]


def test_the_time_on_the_wall_stays_when_clocks_change() -> None:
    found = rule(first_on=date(2026, 10, 19))
    lisbon = [one.at for one in islice(slots(found, "Europe/Lisbon", DaysOff()), 2)]
    assert lisbon == [datetime(2026, 10, 19, 8, tzinfo=UTC), datetime(2026, 10, 26, 9, tzinfo=UTC)]


def test_a_time_that_a_clock_change_skips_comes_once_and_later() -> None:
    found = rule(unit=Unit.DAY, first_on=date(2026, 3, 28), at=time(1, 30))
    at = [one.at for one in islice(slots(found, "Europe/Lisbon", DaysOff()), 3)]
    assert at == [datetime(2026, 3, day, 1 if day < 30 else 0, 30, tzinfo=UTC) for day in (28, 29, 30)]


def test_a_time_that_comes_twice_is_the_first_of_both() -> None:
    found = rule(unit=Unit.DAY, first_on=date(2026, 10, 25), at=time(1, 30))
    assert next(slots(found, "Europe/Lisbon", DaysOff())).at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


CHRISTMAS = rule(weekdays=(4,), first_on=date(2026, 12, 18))


def found(policy: HolidayPolicy, base: Rule = CHRISTMAS, off: DaysOff | None = None, count: int = 3) -> list[Slot]:
    changed = Rule(**{**vars(base), "holidays": policy})
    return list(islice(slots(changed, ZONE, off or DaysOff()), count))


def at(day: int, month: int = 12, year: int = 2026) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


def test_holidays_are_days_like_others_unless_somebody_says_so() -> None:
    assert [one.at for one in found(HolidayPolicy.SEND)] == [at(18), at(25), at(1, 1, 2027)]


def test_a_time_on_a_holiday_is_left_out_with_its_name() -> None:
    plain, christmas, _new_year = found(HolidayPolicy.SKIP)
    assert plain == Slot(date(2026, 12, 18), at(18))
    assert christmas == Slot(date(2026, 12, 25), None, "Natal")


def test_a_time_on_a_holiday_moves_to_the_next_working_day() -> None:
    assert found(HolidayPolicy.MOVE)[1] == Slot(date(2026, 12, 25), at(28), "Natal")


def test_a_time_is_not_moved_onto_another() -> None:
    daily = rule(unit=Unit.DAY, first_on=date(2026, 12, 24))
    assert [one.at for one in found(HolidayPolicy.MOVE, daily)] == [at(24), None, at(26)]


def test_days_of_the_state_and_of_the_business_count_too() -> None:
    assert date(2026, 7, 9) in DaysOff("SP")
    assert date(2026, 7, 9) not in DaysOff("RJ")
    assert date(2026, 2, 17) not in DaysOff()
    assert DaysOff(optional=True).name(date(2026, 2, 17))
    own = DaysOff(own={date(2026, 12, 18): "Reforma", date(2026, 12, 25): None})
    assert [(one.at, one.holiday) for one in found(HolidayPolicy.SKIP, off=own)][:2] == [
        (None, "Reforma"),
        (at(25), ""),
    ]


def test_what_is_left_out_does_not_count() -> None:
    changed = Rule(**{**vars(CHRISTMAS), "holidays": HolidayPolicy.SKIP, "count": 2})
    assert [one.at for one in limited(slots(changed, ZONE, DaysOff()), changed.count)] == [
        at(18),
        None,
        None,
        at(8, 1, 2027),
    ]


def test_a_rule_that_never_comes_ends_all_the_same() -> None:
    yearly = rule(unit=Unit.MONTH, interval=12, month_day=25, first_on=date(2026, 12, 25))
    never = found(HolidayPolicy.SKIP, yearly, count=100)
    assert {one.at for one in never} == {None}
    assert len(never) <= 6


def test_a_rule_is_kept_as_json_and_comes_back_the_same() -> None:
    whole = rule(interval=2, until=date(2027, 1, 1), count=9, holidays=HolidayPolicy.MOVE)
    assert Rule.of(whole.kept()) == whole
    monthly = Rule(Unit.MONTH, time(18, 30), date(2026, 12, 1), month_day=31)
    assert Rule.of(monthly.kept()) == monthly


def test_what_the_unit_does_not_ask_for_is_dropped() -> None:
    assert Rule.of({**rule().kept(), "month_day": 5}).month_day is None
    assert Rule.of({**rule().kept(), "unit": "day"}).weekdays == ()


@pytest.mark.parametrize(
    "change",
    [
        {"unit": "year"}, {"at": ""}, {"at": "25:00"}, {"first_on": "x"}, {"first_on": "9999-12-31"}, {"interval": 0},
        {"interval": 53}, {"interval": 10**30}, {"weekdays": []}, {"weekdays": [7]}, {"weekdays": ["x"]}, {"weekdays": 3},
        {"unit": "month", "month_day": 32}, {"unit": "month", "month_day": None}, {"count": 501}, {"count": -1},
        {"until": "2020-01-01"}, {"until": "x"}, {"holidays": "never"}, {"at": None}, {"interval": {}},
    ],
)  # fmt: skip
def test_nonsense_is_refused_in_words(change: dict[str, Any]) -> None:
    with pytest.raises(CampaignIncompleteError) as refusal:
        Rule.of({**rule().kept(), **change})
    assert refusal.value.code == "recurrence"
    assert refusal.value.message
