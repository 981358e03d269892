"""The pace is arithmetic: safe defaults, a floor nobody goes under, and the reason for every wait."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from gateways import pacing
from gateways.models import Channel, ChannelState
from gateways.pacing import NO_QUIET_HOURS, Wait, pace_of, remaining_today, wait_of

ZONE = "America/Sao_Paulo"
NOON = datetime(2026, 11, 20, 15, tzinfo=UTC)
MS = timedelta(milliseconds=1)
NO_QUIET = {"quiet_start": time(0), "quiet_end": time(0)}


def number(provider: str = "waha", **values: Any) -> Channel:
    return Channel(provider=provider, state=ChannelState.CONNECTED, connected_at=NOON - timedelta(days=90), **values)


def gaps(channel: Channel) -> tuple[int, int]:
    pace = pace_of(channel, NOON)
    return pace.min_gap // MS, pace.max_gap // MS


@pytest.mark.parametrize(("own", "expected"), [
    ({}, (45_000, 60_000)),
    ({"min_gap_ms": 500, "max_gap_ms": 500}, (500, 500)),
    ({"min_gap_ms": 0, "max_gap_ms": 10}, (500, 500)),
    ({"min_gap_ms": 499}, (500, 60_000)),
    ({"min_gap_ms": 90_000}, (90_000, 90_000)),
    ({"max_gap_ms": 2_000}, (2_000, 2_000)),
    ({"max_gap_ms": 50_000}, (45_000, 50_000)),
    ({"min_gap_ms": 30_000, "max_gap_ms": 40_000}, (30_000, 40_000)),
])  # fmt: skip
def test_gaps_of_a_qr_number(own: dict[str, int], expected: tuple[int, int]) -> None:
    assert gaps(number(**own)) == expected


@pytest.mark.parametrize(("own", "expected"), [
    ({}, (50, 150)), ({"min_gap_ms": 0, "max_gap_ms": 0}, (0, 0)), ({"min_gap_ms": 200}, (200, 200)), ({"max_gap_ms": 20}, (20, 20)),
])  # fmt: skip
def test_gaps_of_the_simulator(own: dict[str, int], expected: tuple[int, int]) -> None:
    assert gaps(number("simulator", **own)) == expected


@pytest.mark.parametrize(("dice", "milliseconds"), [(0.0, 45_000), (0.5, 52_500), (1.0, 60_000)])
def test_a_gap_is_drawn_between_the_two(dice: float, milliseconds: int) -> None:
    assert pace_of(number(), NOON).gap(dice) == milliseconds * MS


def test_random_gaps_stay_within_and_differ() -> None:
    pace = pace_of(number(), NOON)
    drawn = [pace.gap() for _ in range(500)]
    assert pace.min_gap <= min(drawn) < max(drawn) <= pace.max_gap
    assert max(drawn) - min(drawn) > (pace.max_gap - pace.min_gap) * 0.8


@pytest.mark.parametrize(("day", "cap"), [
    (1, 20), (2, 40), (3, 60), (4, 100), (5, 100), (6, 180), (7, 180), (8, 300), (10, 300), (11, 450), (13, 450), (14, 600),
    (15, 600), (400, 600),
])  # fmt: skip
def test_the_warm_up_curve(day: int, cap: int) -> None:
    channel = number()
    channel.connected_at = NOON - timedelta(days=day - 1, hours=2)
    assert pace_of(channel, NOON).daily_cap == cap
    assert pacing.is_warming(channel, NOON) is (day < 14)


def test_a_number_that_never_connected_is_on_its_first_day() -> None:
    channel = number()
    channel.connected_at = None
    assert pace_of(channel, NOON).daily_cap == 20


@pytest.mark.parametrize(("own", "cap"), [
    ({"daily_limit": 5_000}, 5_000), ({"daily_limit": 7}, 7), ({"warm_up": False}, 600), ({"daily_limit": 50, "warm_up": False}, 50),
])  # fmt: skip
def test_an_explicit_limit_overrides_the_warm_up(own: dict[str, Any], cap: int) -> None:
    channel = number(**own)
    channel.connected_at = NOON
    assert pace_of(channel, NOON).daily_cap == cap


@pytest.mark.parametrize(("hours", "cap"), [(24, 300), (1, 300), (0, 600), (-1, 600)])
def test_a_restriction_halves_the_day_until_it_is_over(hours: int, cap: int) -> None:
    assert pace_of(number(restricted_until=NOON + timedelta(hours=hours)), NOON).daily_cap == cap


def test_the_simulator_has_no_cap_no_warm_up_and_no_night() -> None:
    pace = pace_of(number("simulator", restricted_until=NOON + timedelta(hours=1)), NOON)
    assert (pace.daily_cap, pace.quiet) == (None, None)
    assert pace_of(number("simulator", daily_limit=9), NOON).daily_cap == 9


@pytest.mark.parametrize(("own", "quiet"), [
    ({}, (time(22), time(8))), (NO_QUIET, None), ({"quiet_start": time(12), "quiet_end": time(14)}, (time(12), time(14))),
])  # fmt: skip
def test_quiet_hours_are_the_default_none_or_ones_own(own: dict[str, time], quiet: Any) -> None:
    assert pace_of(number(**own), NOON).quiet == quiet
    assert NO_QUIET_HOURS[0] == NO_QUIET_HOURS[1]


@pytest.mark.parametrize(("sent_on", "sent", "left"), [
    (date(2026, 11, 20), 0, 600), (date(2026, 11, 20), 599, 1), (date(2026, 11, 20), 600, 0), (date(2026, 11, 20), 900, 0),
    (date(2026, 11, 19), 600, 600), (None, 0, 600),
])  # fmt: skip
def test_what_is_left_of_the_day(sent_on: date | None, sent: int, left: int) -> None:
    assert remaining_today(number(sent_on=sent_on, sent_today=sent), NOON, ZONE) == left


def test_the_day_is_the_one_of_the_business() -> None:
    # 23:30 of the 20th in São Paulo is the 21st in UTC.
    late = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
    channel = number(sent_on=date(2026, 11, 20), sent_today=100)
    assert remaining_today(channel, late, ZONE) == 500
    assert remaining_today(channel, late + timedelta(minutes=30), ZONE) == 600
    assert remaining_today(number("simulator", sent_today=9), late, ZONE) is None


def night(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, tzinfo=UTC) + timedelta(hours=3)


MIDNIGHT = datetime(2026, 11, 21, 3, tzinfo=UTC)
FULL = {"sent_on": date(2026, 11, 20), "sent_today": 600}
WAITS: dict[str, tuple[dict[str, Any], datetime, Wait | None]] = {
    "free": ({}, NOON, None),
    "removed": ({"removed_at": NOON}, NOON, Wait("removed")),
    "retired": ({"role": "retired"}, NOON, Wait("removed")),
    "paused": ({"state": "paused", "state_reason": "by_hand"}, NOON, Wait("paused", None, "by_hand")),
    "qr": ({"state": "qr_required"}, NOON, Wait("qr_required")),
    "restricted": ({"state": "restricted", "restricted_until": MIDNIGHT}, NOON, Wait("restricted", MIDNIGHT)),
    "asked to rest": ({"paused_until": MIDNIGHT, "pause_reason": "429"}, NOON, Wait("rest", MIDNIGHT, "429")),
    "rest is over": ({"paused_until": NOON}, NOON, None),
    "before the night": ({}, night(21, 59), None),
    "at night": ({}, night(22), Wait("quiet_hours", datetime(2026, 11, 21, 11, tzinfo=UTC))),
    "before dawn": ({}, night(7, 59), Wait("quiet_hours", datetime(2026, 11, 20, 11, tzinfo=UTC))),
    "at dawn": ({}, night(8), None),
    "no night": (NO_QUIET, night(23), None),
    "cap reached": (FULL, NOON, Wait("daily_cap", MIDNIGHT)),
    "cap of yesterday": (FULL | NO_QUIET, MIDNIGHT, None),
    "gap": ({"next_send_at": NOON + timedelta(seconds=9)}, NOON, Wait("gap", NOON + timedelta(seconds=9))),
    "gap is over": ({"next_send_at": NOON}, NOON, None),
    "night before cap": (FULL, night(23), Wait("quiet_hours", datetime(2026, 11, 21, 11, tzinfo=UTC))),
}  # fmt: skip


@pytest.mark.parametrize("case", WAITS)
def test_why_a_number_waits_and_until_when(case: str) -> None:
    values, at, expected = WAITS[case]
    channel = number()
    for name, value in values.items():
        setattr(channel, name, value)
    assert wait_of(channel, at, ZONE) == expected
