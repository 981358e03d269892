from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bookings.notice_times import SHORTEST_WARNING, day_before_at, hour_before_at, is_quiet, news_at

ZONE = "America/Sao_Paulo"
WEEK_AGO = datetime(2026, 12, 1, 12, tzinfo=UTC)


def at(clock: str, day: int = 7) -> datetime:
    hour, minute = clock.split(":")
    return datetime(2026, 12, day, int(hour), int(minute), tzinfo=UTC) + timedelta(hours=3)


def test_reminders_leave_a_day_and_an_hour_before() -> None:
    assert day_before_at(WEEK_AGO, at("14:00"), ZONE) == at("14:00", 6)
    assert hour_before_at(WEEK_AGO, at("14:00"), ZONE) == at("13:00")


def test_a_reminder_of_the_early_morning_waits_for_eight() -> None:
    assert day_before_at(WEEK_AGO, at("07:00"), ZONE) == at("08:00", 6)
    assert hour_before_at(WEEK_AGO, at("08:30"), ZONE) == at("08:00")


def test_a_reminder_of_the_late_evening_leaves_before_the_quiet_hours() -> None:
    assert day_before_at(WEEK_AGO, at("22:00"), ZONE) == at("20:30", 6)


def test_the_last_reminder_is_left_out_where_no_allowed_moment_remains() -> None:
    assert hour_before_at(WEEK_AGO, at("08:00"), ZONE) is None
    assert hour_before_at(WEEK_AGO, at("23:00"), ZONE) is None


def test_who_has_just_booked_is_not_reminded() -> None:
    assert day_before_at(at("13:00", 6), at("14:00"), ZONE) is None
    assert hour_before_at(at("12:00"), at("14:00"), ZONE) is None
    assert hour_before_at(at("10:00"), at("14:00"), ZONE) == at("13:00")


def test_what_the_customer_did_is_answered_at_any_hour() -> None:
    assert news_at(at("23:30"), at("14:00", 9), ZONE, own_doing=True) == at("23:30")


def test_what_the_team_did_at_night_waits_for_the_morning() -> None:
    assert news_at(at("23:30"), at("14:00", 9), ZONE, own_doing=False) == at("08:00", 8)
    assert news_at(at("05:00"), at("08:00"), ZONE, own_doing=False) == at("05:00")


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@given(MOMENTS, st.integers(0, 60 * 24 * 10))
def test_no_reminder_leaves_at_night_or_too_late(booked: datetime, minutes: int) -> None:
    starts = booked + timedelta(minutes=minutes)
    for due in (day_before_at(booked, starts, ZONE), hour_before_at(booked, starts, ZONE)):
        if due is not None:
            assert not is_quiet(due, ZONE)
            assert booked < due <= starts - SHORTEST_WARNING
