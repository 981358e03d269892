"""A clock that a test sets for the database and for Python alike, and a sender that works by it.

The database looks its functions up in the schemas of the search path; one of the same name that stands before the built-in is
taken in its place. Everything is gone with the test's transaction.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import connection

from billing import services as billing
from campaigns.models import Campaign, CampaignState, Recipient
from campaigns.schedules.starts import start_due
from campaigns.sender.due import find_due
from campaigns.sender.ledger import Ledger
from campaigns.sender.outcomes import judge
from campaigns.sender.tempo import Tempo
from campaigns.sequences.advance import advance_sequences
from campaigns.sequences.people import next_step_at
from core.clock import next_allowed
from gateways.contract import Outcome, SendResult
from gateways.models import Channel
from gateways.pacing import wait_of

_FAKE = """
CREATE SCHEMA fakeclock;
CREATE FUNCTION fakeclock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
  AS $$ SELECT current_setting('fake.now')::timestamptz $$;
CREATE FUNCTION fakeclock.now() RETURNS timestamptz LANGUAGE sql STABLE
  AS $$ SELECT current_setting('fake.now')::timestamptz $$;
SET search_path TO fakeclock, public, pg_catalog;
"""


class Clock:
    def __init__(self, at: datetime, traveller: Any) -> None:
        self._traveller = traveller
        self.go(at)

    def go(self, at: datetime) -> None:
        self.at = at
        self._traveller.move_to(at)
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('fake.now', %s, true)", [at.isoformat()])


@contextmanager
def clock_at(at: datetime) -> Iterator[Clock]:
    """Set both clocks; within the transaction of a test."""
    with connection.cursor() as cursor:
        cursor.execute(_FAKE)
    with time_machine.travel(at, tick=False) as traveller:
        yield Clock(at, traveller)


def _serve(channel_id: UUID, organization_id: UUID) -> bool:
    """Let a number send its next message by the real claim and the real settling; say whether it did."""
    ledger = Ledger(organization_id, channel_id)
    assert ledger.take(5.0)
    facts = ledger.look()
    rows: list[Any] = []
    if facts.may_send:
        ledger.open(facts.zone)
        tempo = Tempo(facts, billing.messages_per_minute(organization_id), lambda: 1)
        rows, _delay = ledger.claim(facts, tempo.gaps(1), tempo.ahead_seconds, uuid4())
        if rows:
            ledger.settle([judge(row, SendResult(Outcome.SENT, f"id-{row.id}")) for row in rows], {})
        ledger.finish(())
    ledger.release()
    return bool(rows)


def _next_moment(clock: Clock, zone: str) -> datetime:
    """Return when the next number may do something: a second of the real sender's looks is never skipped over unseen."""
    found = []
    for channel in Channel.objects.all():
        wait = wait_of(channel, clock.at, zone)
        found.append(wait.until if wait and wait.until else clock.at + timedelta(seconds=10))
    running = Campaign.objects.filter(state=CampaignState.RUNNING)
    opens = [next_allowed(clock.at, one.sending_hours, zone) for one in running]
    return max(min(found), min(opens, default=clock.at), clock.at + timedelta(milliseconds=1))


def send_by(clock: Clock, zone: str, campaign: Campaign, until: datetime | None = None) -> None:
    """Send until the campaign waits for nothing more, or until a moment."""
    while until is None or clock.at < until:
        if not Recipient.objects.filter(campaign=campaign, state="queued").exists():
            return
        if Campaign.objects.get(pk=campaign.pk).state != CampaignState.RUNNING:
            return
        due = find_due([], 0.0)
        if not [True for channel_id, organization_id in due if _serve(channel_id, organization_id)]:
            clock.go(_next_moment(clock, zone))


def work_by(clock: Clock, zone: str, campaign: Campaign) -> None:
    """Do all that the product does by itself, start what is due and begin further steps, until nothing of the campaign is left."""
    while True:
        start_due()
        advance_sequences()
        if not Recipient.objects.filter(campaign=campaign, state="queued").exists() and next_step_at(campaign) is None:
            return
        if Campaign.objects.get(pk=campaign.pk).state not in {CampaignState.RUNNING, CampaignState.SCHEDULED}:
            return
        if not [True for channel_id, organization_id in find_due([], 0.0) if _serve(channel_id, organization_id)]:
            clock.go(max(_soonest(clock, zone), clock.at + timedelta(milliseconds=1)))


def _soonest(clock: Clock, zone: str) -> datetime:
    """Return the next moment at which anything may happen."""
    running = Campaign.objects.filter(state=CampaignState.RUNNING)
    starts = Campaign.objects.filter(state=CampaignState.SCHEDULED).values_list("start_at", flat=True)
    found = [at for at in (*starts, *(next_step_at(one) for one in running)) if at is not None and at > clock.at]
    if Recipient.objects.filter(campaign__in=running, state="queued").exists():
        found.append(_next_moment(clock, zone))
    return min(found, default=clock.at + timedelta(minutes=1))


@pytest.fixture
def dice(monkeypatch: pytest.MonkeyPatch) -> random.Random:
    """Chance that is the same in each run."""
    chance = random.Random(7)  # pace, not secrets
    monkeypatch.setattr("gateways.pacing.random.random", chance.random)
    return chance
