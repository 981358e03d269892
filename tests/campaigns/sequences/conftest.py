from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import Organization
from campaigns.models import Campaign, Recipient
from campaigns.sequences.advance import advance_sequences
from campaigns.sequences.steps import StepDraft, save_steps
from campaigns.services import lifecycle
from campaigns.services.sweeps import complete_done
from core.tenancy import across_organizations

MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TWO_MORE = [StepDraft(2, ["Lembra, {nome}?"]), StepDraft(3, ["Última vez."])]


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def make_sequence(in_acme: Organization, make_campaign: Callable[..., Campaign], clock: Any) -> Callable[..., Campaign]:
    """Return a campaign that runs, with two further steps after two and three days unless others are given."""

    def make(count: int = 3, drafts: Any = None, stops: Any = ("replied", "booked"), **values: Any) -> Campaign:
        campaign = save_steps(make_campaign(count, **values), drafts or TWO_MORE, stops)
        return lifecycle.start(campaign)

    return make


def deliver(at: datetime, channel: Any = None, **where: Any) -> int:
    """Let everything in line have left at a moment, as the sender would write it down."""
    rows = Recipient.objects.filter(state="queued", **where)
    values = {"channel": channel} if channel else {}
    return int(rows.update(state="sent", sent_at=at, **values))


def sweep(clock: Any, at: datetime) -> int:
    """Do at a moment what the sweeps do."""
    clock.move_to(at)
    count = advance_sequences()
    with across_organizations():
        complete_done()
    return count


def steps_of(campaign: Campaign, **where: Any) -> dict[str, list[int]]:
    """Return the steps that each person has come to, by name."""
    found: dict[str, list[int]] = {}
    rows = Recipient.objects.filter(campaign=campaign, **where).order_by("position", "step")
    for name, step in rows.values_list("contact__name", "step"):
        found.setdefault(name, []).append(step)
    return found
