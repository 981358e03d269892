"""Demand against capacity: a function of campaigns, numbers and a moment."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from campaigns.overload.reckoning import Demand, Pool, goes_on, is_overload, reckon
from campaigns.preflight.line import Line
from gateways.models import Channel, ChannelState

ZONE = "America/Sao_Paulo"
MONDAY_9H = datetime(2026, 12, 7, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 12, 8, 3, tzinfo=UTC)
A, B = uuid4(), uuid4()


def number(gap_seconds: int = 60, cap: int | None = None, **values: Any) -> Channel:
    gap = gap_seconds * 1000
    return Channel(
        id=uuid4(), organization_id=uuid4(), provider="waha", state=ChannelState.CONNECTED, min_gap_ms=gap, max_gap_ms=gap,
        connected_at=MONDAY_9H - timedelta(days=90), warm_up=False, daily_limit=cap, **values,
    )  # fmt: skip


def demand(channels: list[Channel], count: int, due_at: datetime = MIDNIGHT, **values: Any) -> Demand:
    line = Line({one.pk for one in channels}, {}, **values)
    line.add(None, count)
    return Demand(line, due_at)


def pool(channels: list[Channel]) -> Pool:
    return Pool(tuple(channels), MONDAY_9H, ZONE)


def figures(demands: dict[UUID, Demand], channels: list[Channel]) -> dict[UUID, tuple[int, int, int]]:
    found = reckon(demands, pool(channels), steps=100_000)
    return {pk: (one.waiting, one.today, one.late) for pk, one in found.campaigns.items()}


def test_what_fits_is_not_late() -> None:
    one = number(cap=600)
    found = reckon({A: demand([one], 600)}, pool([one]), steps=100_000)
    assert (found.waiting, found.today, found.late) == (600, 600, 0)
    assert found.ends_at == MONDAY_9H + 599 * timedelta(minutes=1)
    assert not is_overload(found)


@pytest.mark.parametrize(("cap", "today"), [(100, 100), (600, 600), (None, 600)])
def test_what_a_cap_keeps_from_leaving_today_is_late(cap: int | None, today: int) -> None:
    one = number(cap=cap)
    assert figures({A: demand([one], 1000)}, [one]) == {A: (1000, today, 1000 - today)}


def test_only_what_is_left_of_the_day_counts() -> None:
    """From 9h to the quiet hours at 22h a gap of two minutes leaves room for 390."""
    one = number(gap_seconds=120)
    assert figures({A: demand([one], 500)}, [one]) == {A: (500, 390, 110)}


def test_a_number_is_counted_once_for_two_campaigns() -> None:
    one = number(cap=600)
    found = figures({A: demand([one], 400), B: demand([one], 400)}, [one])
    assert sum(today for _waiting, today, _late in found.values()) == 600
    assert sum(late for _waiting, _today, late in found.values()) == 200


def test_the_higher_class_goes_first() -> None:
    one = number(cap=600)
    found = figures({A: demand([one], 400, priority=-50), B: demand([one], 400, priority=50)}, [one])
    assert found == {A: (400, 200, 200), B: (400, 400, 0)}


def test_each_campaign_has_its_own_numbers() -> None:
    busy, idle = number(cap=100), number(cap=600)
    assert figures({A: demand([busy], 150), B: demand([idle], 50)}, [busy, idle]) == {A: (150, 100, 50), B: (50, 50, 0)}


def test_a_later_moment_makes_nobody_late() -> None:
    one = number(cap=600)
    assert figures({A: demand([one], 1000, MIDNIGHT + timedelta(days=1))}, [one]) == {A: (1000, 600, 0)}


def test_without_a_number_everything_is_late_and_no_end_is_in_sight() -> None:
    found = reckon({A: demand([], 10)}, pool([]))
    assert (found.late, found.ends_at) == (10, None)
    assert is_overload(found)


def test_reckoning_uses_nothing_up() -> None:
    one = number(cap=600)
    demands = {A: demand([one], 1000)}
    assert reckon(demands, pool([one])) == reckon(demands, pool([one]))


def test_some_late_ones_by_chance_are_no_overload() -> None:
    one = number(cap=600)
    assert not is_overload(reckon({A: demand([one], 611)}, pool([one]), steps=100_000))
    assert is_overload(reckon({A: demand([one], 613)}, pool([one]), steps=100_000))


def test_an_overload_lasts_until_a_tenth_more_would_fit() -> None:
    one = number(cap=600)
    assert goes_on({A: demand([one], 590)}, pool([one]))
    assert not goes_on({A: demand([one], 540)}, pool([one]))


def test_a_line_that_opens_tomorrow_leaves_today_to_the_others() -> None:
    one = number(cap=600)
    tomorrow = demand([one], 400, MIDNIGHT + timedelta(days=1), starts_at=MIDNIGHT)
    assert figures({A: tomorrow, B: demand([one], 600)}, [one]) == {A: (400, 0, 0), B: (600, 600, 0)}
