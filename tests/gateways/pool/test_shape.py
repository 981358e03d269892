"""The hours in which people answer shape the day."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Organization
from core.clock import now
from core.week import Week
from gateways.models import Channel, ChannelHour
from gateways.pacing import hour_stretch, pace_of
from gateways.pool.shape import follow_answers, follows_answers, in_utc, learn, shape_hours, shape_of
from tests.gateways.conftest import MakeChannel

OPEN = range(8, 22)
AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # a Friday, 12 h in São Paulo


def every_day(*hours: int, count: int = 100) -> Week:
    return Week.of((day, hour, count) for day in range(7) for hour in hours)


def test_even_hours_change_nothing() -> None:
    assert shape_of(every_day(*range(24)), OPEN) == [[100] * 24] * 7


def test_hours_without_answers_get_twice_the_gap_and_busy_ones_no_shorter() -> None:
    shape = shape_of(every_day(14, 15, 16), OPEN)
    for day in shape:
        assert (day[15], day[20], day[3]) == (100, 200, 200)
        assert min(day) == 100 and max(day) == 200


def test_a_busy_moment_lifts_its_neighbours_too() -> None:
    assert shape_of(every_day(15), OPEN)[2][13:18] == [200, 100, 100, 100, 200]


def test_a_weekday_with_hours_of_its_own_keeps_them() -> None:
    week = Week.of([*((day, 10, 500) for day in range(5)), (5, 19, 2_000)])
    shape = shape_of(week, OPEN)
    assert (shape[0][10], shape[5][19], shape[5][10]) == (100, 100, 200)
    assert shape[0][19] > 120


def test_a_weekday_of_which_little_is_known_leans_on_the_others() -> None:
    week = Week.of([*((day, 10, 500) for day in range(5)), (6, 19, 3)])
    shape = shape_of(week, OPEN)
    assert (shape[6][10], shape[6][15]) == (100, 200)


def test_nothing_at_all_is_slow_everywhere_and_no_fault() -> None:
    assert shape_of(Week.of([]), OPEN) == [[200] * 24] * 7


@pytest.mark.parametrize(
    ("zone", "day", "hour"), [("America/Sao_Paulo", 0, 9), ("America/Manaus", 6, 23), ("UTC", 3, 0)]
)
def test_a_number_keeps_the_shape_by_the_clock_of_the_world(zone: str, day: int, hour: int) -> None:
    shape = [[100] * 24 for _ in range(7)]
    shape[day][hour] = 170
    kept = in_utc(shape, zone, AT)
    assert len(kept) == 168 and kept.count(170) == 1
    monday = datetime(2026, 11, 23, tzinfo=ZoneInfo(zone))
    at = monday + timedelta(days=day, hours=hour, minutes=30)
    assert hour_stretch(kept, at) == 1.7
    assert hour_stretch(kept, at + timedelta(hours=1)) == 1.0


@pytest.mark.django_db
def test_switched_off_the_usual_pace_holds_at_once(main: Channel, inside: Organization) -> None:
    recent = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
    for days in range(10):
        ChannelHour.objects.create(channel=main, hour=recent - timedelta(days=days), received=40)
    learn(inside.pk, now())
    assert Channel.objects.exclude(hour_shape=None).exists()
    follow_answers(follows=False)
    assert not follows_answers()
    assert not Channel.objects.exclude(hour_shape=None).exists()
    assert learn(inside.pk, now()) is None  # the night's look changes nothing
    follow_answers(follows=True)
    assert Channel.objects.exclude(hour_shape=None).exists()


@pytest.mark.django_db
def test_what_an_organization_hears_shapes_its_own_numbers(main: Channel, inside: Organization) -> None:
    for days in range(10):
        ChannelHour.objects.create(channel=main, hour=AT - timedelta(days=days), received=40)
    assert learn(inside.pk, AT) is not None
    main.refresh_from_db()
    slow, usual = pace_of(main, AT.replace(hour=22)), pace_of(main, AT)
    assert (usual.min_gap.total_seconds(), slow.min_gap.total_seconds()) == (45.0, 90.0)


@pytest.mark.django_db
def test_too_little_says_nothing_and_old_shapes_are_forgotten(
    main: Channel, number: MakeChannel, inside: Organization
) -> None:
    Channel.objects.update(hour_shape=[100] * 24)
    ChannelHour.objects.create(channel=main, hour=AT, received=299)
    ChannelHour.objects.create(channel=main, hour=AT - timedelta(days=60), received=5000)
    assert learn(inside.pk, AT) is None
    Channel.objects.update(hour_shape=[100] * 24)
    shape_hours()
    assert Channel.objects.exclude(hour_shape=None).count() == 0


@pytest.mark.parametrize("shape", [None, [], [100] * 23, [10] * 24, [900] * 24, [10] * 168, [900] * 168])
def test_a_shape_never_makes_a_number_faster_nor_stops_it(shape: list[int] | None) -> None:
    gap = pace_of(Channel(provider="waha", hour_shape=shape), AT).min_gap.total_seconds()
    assert 45.0 <= gap <= 90.0
