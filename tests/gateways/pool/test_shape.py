"""The hours in which people answer shape the day."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Organization
from gateways.models import Channel, ChannelHour
from gateways.pacing import pace_of
from gateways.pool.shape import learn, shape_hours, shape_of
from tests.gateways.conftest import MakeChannel

OPEN = [*range(11, 24), 0]
AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def test_even_hours_change_nothing() -> None:
    assert shape_of(dict.fromkeys(range(24), 10), OPEN) == [100] * 24


def test_hours_without_answers_get_twice_the_gap_and_busy_ones_no_shorter() -> None:
    shape = shape_of({14: 100, 15: 100, 16: 100}, OPEN)
    assert (shape[15], shape[20], shape[3]) == (100, 200, 200)
    assert min(shape) == 100 and max(shape) == 200


def test_a_busy_moment_lifts_its_neighbours_too() -> None:
    shape = shape_of({15: 100}, OPEN)
    assert shape[13:18] == [200, 100, 100, 100, 200]


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


@pytest.mark.parametrize("shape", [None, [], [100] * 23, [10] * 24, [900] * 24])
def test_a_shape_never_makes_a_number_faster_nor_stops_it(shape: list[int] | None) -> None:
    gap = pace_of(Channel(provider="waha", hour_shape=shape), AT).min_gap.total_seconds()
    assert 45.0 <= gap <= 90.0
