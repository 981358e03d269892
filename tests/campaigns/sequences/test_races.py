"""A step that begins and something that ends the sequence, at the same moment."""

import threading
import time
from typing import Any

import pytest
from django.db import connection, connections

from accounts.models import Organization
from campaigns.models import Recipient, StopReason
from campaigns.sequences import advance
from campaigns.sequences.stopping import stop_sequences
from core.tenancy import activate_organization
from tests.campaigns.sequences.conftest import DAY, MONDAY, deliver

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_SECONDS = 30.0


def waits_for_a_lock(pid: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid])
        return bool(cursor.fetchone()[0])


def test_who_books_while_their_next_step_begins_does_not_get_it(
    in_acme: Organization, make_sequence: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_sequence(1)
    deliver(MONDAY)
    clock.move_to(MONDAY + 2 * DAY)
    contact_id = Recipient.objects.get(campaign=campaign).contact_id
    booked: list[int] = []
    over: list[threading.Thread] = []

    def book() -> None:
        try:
            with activate_organization(in_acme.pk):
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_backend_pid()")
                    booked.append(cursor.fetchone()[0])
                stop_sequences(contact_id, StopReason.BOOKED)
        finally:
            connections.close_all()

    def crashpoint(name: str) -> None:
        if name == "sequence.begun":
            over.append(threading.Thread(target=book))
            over[0].start()
            until = time.monotonic() + PATIENCE_SECONDS
            while not (booked and waits_for_a_lock(booked[0])) and over[0].is_alive():
                assert time.monotonic() < until

    monkeypatch.setattr(advance, "crashpoint", crashpoint)
    assert advance.advance_sequences() == 1
    over[0].join(PATIENCE_SECONDS)
    following = Recipient.objects.get(campaign=campaign, step=2)
    assert (following.state, following.skip_reason, following.leads_on) == ("skipped", "booked", False)
