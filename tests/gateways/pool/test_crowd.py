"""While there is more to send than fits the gaps grow, as far as the day's cap still leaves, and never shrink."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from gateways.models import Channel, ChannelState
from gateways.pacing import pace_of
from gateways.pool.crowd import crowd_percent, slow_down
from tests.gateways.conftest import MakeChannel

ZONE = "America/Sao_Paulo"
NINE = datetime(2026, 12, 7, 12, tzinfo=UTC)


def number(gap_seconds: int = 60, cap: int | None = 600, provider: str = "waha", **values: Any) -> Channel:
    return Channel(
        provider=provider, state=ChannelState.CONNECTED, min_gap_ms=gap_seconds * 1000, max_gap_ms=gap_seconds * 1000,
        connected_at=NINE - timedelta(days=90), daily_limit=cap, **values,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cap", "percent"), [(20, 150), (600, 120), (650, 110), (780, 110), (5000, 110), (None, 120), (0, 110)]
)
def test_the_gaps_grow_as_far_as_the_cap_still_leaves(cap: int | None, percent: int) -> None:
    """There are 780 minutes from 9h to 22h; a number without a cap of its own has the usual one of 600."""
    assert crowd_percent(number(cap=cap), NINE, ZONE) == percent


def test_what_has_left_today_counts_no_more() -> None:
    used = number(cap=600, sent_on=NINE.date(), sent_today=580)
    assert crowd_percent(used, NINE, ZONE) == 150


@pytest.mark.parametrize(("hour", "percent"), [(9, 120), (21, 110), (23, 110), (3, 130)])
def test_the_hours_that_are_left_count(hour: int, percent: int) -> None:
    at = NINE.replace(hour=0) + timedelta(hours=hour + 3)
    assert crowd_percent(number(), at, ZONE) == percent


def test_a_number_without_quiet_hours_has_the_whole_day() -> None:
    assert crowd_percent(number(cap=800, quiet_start=time(0), quiet_end=time(0)), NINE, ZONE) == 110
    assert crowd_percent(number(cap=600, quiet_start=time(0), quiet_end=time(0)), NINE, ZONE) == 140


@pytest.mark.parametrize("provider", ["cloud", "simulator"])
def test_what_has_no_pace_of_its_own_is_not_slowed(provider: str) -> None:
    assert crowd_percent(number(provider=provider), NINE, ZONE) is None


def test_what_was_slowed_is_not_slowed_twice() -> None:
    assert crowd_percent(number(crowd_percent=150), NINE, ZONE) == crowd_percent(number(), NINE, ZONE)


@pytest.mark.parametrize(("percent", "seconds"), [(None, 60), (100, 60), (50, 60), (110, 66), (150, 90), (900, 90)])
def test_the_pace_follows_and_never_gets_faster(percent: int | None, seconds: float) -> None:
    pace = pace_of(number(crowd_percent=percent), NINE)
    assert (pace.min_gap, pace.max_gap, pace.daily_cap) == (timedelta(seconds=seconds), timedelta(seconds=seconds), 600)


def test_the_speed_of_official_numbers_stays() -> None:
    official = number(provider="cloud", crowd_percent=150)
    assert pace_of(official, NINE) == pace_of(number(provider="cloud"), NINE)


@pytest.mark.django_db
@pytest.mark.usefixtures("inside")
def test_only_those_in_a_crowd_are_slowed_and_all_are_freed(make_channel: MakeChannel) -> None:
    values: dict[str, Any] = {"min_gap_ms": 60_000, "max_gap_ms": 60_000, "daily_limit": 20, "connected_at": NINE}
    busy, idle = make_channel(name="Recepção", **values), make_channel(name="Outra", **values)

    def percents() -> dict[str, int | None]:
        return dict(Channel.objects.filter(pk__in=[busy.pk, idle.pk]).values_list("name", "crowd_percent"))

    assert slow_down([busy], NINE, ZONE) == 1
    assert percents() == {"Recepção": 150, "Outra": None}
    assert slow_down([Channel.objects.get(pk=busy.pk)], NINE, ZONE) == 0
    assert slow_down([], NINE, ZONE) == 1
    assert percents() == {"Recepção": None, "Outra": None}
