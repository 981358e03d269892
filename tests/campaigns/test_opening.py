"""When a campaign can next send: its own hours and those in which one of its numbers is awake."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from campaigns.queries.opening import first_open

ZONE = "America/Sao_Paulo"
MONDAY_9H = datetime(2026, 12, 7, 12, tzinfo=UTC)
NIGHT = (time(22), time(8))


@pytest.mark.parametrize(("at", "hours", "opens"), [
    (MONDAY_9H, {}, MONDAY_9H),
    (MONDAY_9H + timedelta(hours=14), {}, MONDAY_9H + timedelta(hours=23)),
    (MONDAY_9H, {"start": "08:00", "end": "09:00"}, MONDAY_9H + timedelta(hours=23)),
    (MONDAY_9H, {"days": [2]}, MONDAY_9H + timedelta(days=2, hours=-1)),
], ids=["open", "in the night", "over for today", "on Wednesday"])  # fmt: skip
def test_it_opens_when_campaign_and_number_do(at: datetime, hours: Any, opens: datetime) -> None:
    assert first_open(at, hours, ZONE, (), [NIGHT]) == opens


def test_one_number_that_is_awake_is_enough() -> None:
    midnight = MONDAY_9H + timedelta(hours=15)
    assert first_open(midnight, {}, ZONE, (), [NIGHT, None]) == midnight
    assert first_open(midnight, {}, ZONE, (), []) == midnight
