"""How much a channel claims, and when; no database and no loop."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from campaigns.sender.due import Facts
from campaigns.sender.lookahead import AHEAD_SECONDS
from campaigns.sender.tempo import HOLD_SECONDS, REST, Tempo
from gateways.models import Channel
from gateways.pacing import Pace

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def facts(gap_ms: int = 0, **channel: Any) -> Facts:
    gap = timedelta(milliseconds=gap_ms)
    return Facts(Channel(**channel), AT, "America/Sao_Paulo", Pace(gap, gap, None, None), (uuid4(),), None)


def tempo(gap_ms: int = 0, per_minute: int | None = None, share: int = 8, **channel: Any) -> Tempo:
    return Tempo(facts(gap_ms, **channel), per_minute, lambda: share)


@pytest.mark.parametrize(
    ("gap_ms", "per_minute", "window", "batch", "ahead"),
    [
        (45_000, None, 1, 1, 0.0),
        (300, None, 1, 1, 0.0),
        (200, None, 8, 1, 0.0),
        (40, None, 8, 3, AHEAD_SECONDS),
        (1, None, 8, 100, AHEAD_SECONDS),
        (0, None, 8, 20, AHEAD_SECONDS),
        (0, 100, 8, 1, 0.0),
        (0, 60_000, 8, 20, AHEAD_SECONDS),
    ],
)
def test_the_gap_and_the_plans_rate_say_how_many(
    gap_ms: int, per_minute: int | None, window: int, batch: int, ahead: float
) -> None:
    it = tempo(gap_ms, per_minute)
    assert (it.window(), it.batch(0), it.ahead_seconds) == (window, batch, ahead)


def test_without_a_pace_only_what_is_missing_is_claimed() -> None:
    assert [tempo().batch(waiting) for waiting in (0, 15, 50)] == [20, 5, 1]


def test_gaps_add_up() -> None:
    assert tempo(100).gaps(3) == pytest.approx([0.1, 0.2, 0.3])
    assert tempo().gaps(2) == [0.0, 0.0]


@pytest.mark.parametrize(
    ("gap_ms", "waiting", "under_way", "seconds"),
    [(500, 0, 0, 0.0), (500, 1, 0, HOLD_SECONDS), (500, 0, 1, HOLD_SECONDS), (0, 9, 8, 0.0), (0, 10, 0, HOLD_SECONDS)],
)
def test_nothing_is_claimed_while_there_is_enough(gap_ms: int, waiting: int, under_way: int, seconds: float) -> None:
    assert tempo(gap_ms).seconds_to_claim(waiting, under_way) == seconds


def test_a_paced_number_waits_for_its_next_instant() -> None:
    it = tempo(45_000, next_send_at=AT + timedelta(hours=1))
    assert 3000 < it.seconds_to_claim(0, 0) <= 3600


def test_after_a_claim_that_found_nobody_the_next_waits() -> None:
    it = tempo()
    assert not it.ran_dry
    it.note_dry()
    assert it.ran_dry
    assert it.seconds_to_claim(0, 0) > 0


@pytest.mark.parametrize(("ago", "is_probing"), [(REST, True), (20 * REST, False), (None, False)])
def test_a_number_that_rested_lately_sends_one_at_a_time(ago: timedelta | None, is_probing: bool) -> None:
    it = tempo(paused_until=AT - ago if ago is not None else None)
    assert it.is_probing is is_probing
    assert (it.window(), it.batch(0)) == ((1, 1) if is_probing else (8, 20))
