from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import (
    SendingHours,
    day_bounds,
    is_allowed,
    local,
    next_allowed,
    now,
    outside_quiet,
)

SP = "America/Sao_Paulo"
WORK: SendingHours = {"days": [0, 1, 2, 3, 4], "start": "09:00", "end": "18:00"}
NIGHT: SendingHours = {"days": [4], "start": "18:00", "end": "02:00"}


def at(text: str) -> datetime:
    """A moment of São Paulo (UTC-3): ``2026-11-20 09:00`` is a Friday."""
    return datetime.fromisoformat(text + ":00-03:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ("2026-11-20 09:00", "2026-11-20 09:00"),
        ("2026-11-20 17:59", "2026-11-20 17:59"),
        ("2026-11-20 08:59", "2026-11-20 09:00"),
        ("2026-11-20 18:00", "2026-11-23 09:00"),
        ("2026-11-21 12:00", "2026-11-23 09:00"),
        ("2026-11-22 23:59", "2026-11-23 09:00"),
        ("2026-11-23 00:00", "2026-11-23 09:00"),
    ],
)
def test_waits_for_working_hours(asked: str, allowed: str) -> None:
    assert next_allowed(at(asked), WORK, SP) == at(allowed)


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ("2026-11-20 17:00", "2026-11-20 18:00"),
        ("2026-11-20 23:00", "2026-11-20 23:00"),
        ("2026-11-21 01:59", "2026-11-21 01:59"),
        ("2026-11-21 02:00", "2026-11-27 18:00"),
    ],
)
def test_hours_past_midnight_belong_to_the_day_they_began_on(asked: str, allowed: str) -> None:
    assert next_allowed(at(asked), NIGHT, SP) == at(allowed)


@pytest.mark.parametrize("hours", [{}, {"start": "", "end": ""}, {"days": []}, {"start": "09:00"}])
def test_no_hours_mean_any_time(hours: SendingHours) -> None:
    assert next_allowed(at("2026-11-22 03:00"), hours, SP) == at("2026-11-22 03:00")


def test_days_without_hours_are_whole_days() -> None:
    assert next_allowed(at("2026-11-21 10:00"), {"days": [0]}, SP) == at("2026-11-23 00:00")
    assert next_allowed(at("2026-11-23 23:59"), {"days": [0]}, SP) == at("2026-11-23 23:59")


def test_equal_start_and_end_are_a_whole_day() -> None:
    assert next_allowed(at("2026-11-20 03:00"), {"start": "08:00", "end": "08:00"}, SP) == at("2026-11-20 03:00")


def test_holidays_are_skipped() -> None:
    monday = date(2026, 11, 23)
    assert next_allowed(at("2026-11-20 18:00"), WORK, SP, [monday]) == at("2026-11-24 09:00")
    assert is_allowed(at("2026-11-23 10:00"), WORK, SP)
    assert not is_allowed(at("2026-11-23 10:00"), WORK, SP, {monday})


def test_two_months_of_holidays_ask_again_later() -> None:
    holidays = {date(2026, 11, 1) + timedelta(days=i) for i in range(200)}
    assert next_allowed(at("2026-11-20 10:00"), WORK, SP, holidays) == at("2027-01-21 00:00")


def test_hours_follow_the_zone() -> None:
    assert next_allowed(at("2026-11-20 09:30"), WORK, "America/Manaus") == at("2026-11-20 10:00")


def test_a_day_that_loses_an_hour_has_23_of_them() -> None:
    begin, end = day_bounds(date(2026, 3, 8), "America/New_York")
    assert end - begin == timedelta(hours=23)
    hours: SendingHours = {"start": "02:30", "end": "05:00"}
    allowed = next_allowed(datetime(2026, 3, 8, 5, 0, tzinfo=UTC), hours, "America/New_York")
    assert allowed == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)


def test_midnight_that_does_not_exist_becomes_the_first_moment_of_the_day() -> None:
    # São Paulo began summer time at midnight until 2018.
    assert day_bounds(date(2018, 11, 4), SP)[0] == datetime(2018, 11, 4, 3, tzinfo=UTC)


def test_local_days_begin_three_hours_after_utc() -> None:
    moment = datetime(2026, 12, 1, 2, 59, tzinfo=UTC)
    assert day_bounds(local(moment, SP).date(), SP)[0] == datetime(2026, 11, 30, 3, tzinfo=UTC)
    assert local(moment, SP).strftime("%d/%m %H:%M") == "30/11 23:59"


def test_now_is_in_utc() -> None:
    assert now().tzinfo is UTC


@pytest.mark.parametrize(
    ("asked", "free"),
    [
        ("2026-11-20 21:59", "2026-11-20 21:59"),
        ("2026-11-20 22:00", "2026-11-21 08:00"),
        ("2026-11-21 07:59", "2026-11-21 08:00"),
        ("2026-11-21 08:00", "2026-11-21 08:00"),
    ],
)
def test_quiet_hours_end_in_the_morning(asked: str, free: str) -> None:
    assert outside_quiet(at(asked), time(22), time(8), SP) == at(free)


def test_quiet_hours_within_a_day() -> None:
    assert outside_quiet(at("2026-11-20 12:30"), time(12), time(14), SP) == at("2026-11-20 14:00")
    assert outside_quiet(at("2026-11-20 12:30"), time(12), time(12), SP) == at("2026-11-20 12:30")


clocks = st.times().map(lambda moment: moment.strftime("%H:%M"))


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.lists(st.integers(0, 6), unique=True, max_size=7),
    clocks,
    clocks,
    st.sampled_from([SP, "America/New_York", "Europe/Lisbon", "America/Rio_Branco", "UTC"]),
)
def test_the_allowed_moment_is_never_earlier_and_is_itself_allowed(
    moment: datetime, days: list[int], start: str, end: str, zone: str
) -> None:
    hours: SendingHours = {"days": days, "start": start, "end": end}
    allowed = next_allowed(moment, hours, zone)
    assert moment <= allowed <= moment + timedelta(days=9)
    assert next_allowed(allowed, hours, zone) == allowed
