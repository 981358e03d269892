"""One sender per number at a time, by the clock of the database."""

import threading

import pytest
from django.db import connection

from gateways import leases
from gateways.models import Channel

pytestmark = pytest.mark.django_db


def expire(channel: Channel) -> None:
    Channel.unscoped.filter(pk=channel.pk).update(lease_until="2026-01-01T00:00:00Z")


def test_a_number_is_driven_by_one(channel: Channel) -> None:
    mine = leases.take(channel.pk, 60)
    assert mine is not None
    assert leases.take(channel.pk, 60) is None
    leases.release(mine)
    assert leases.take(channel.pk, 60) is not None


def test_a_lapsed_lease_goes_to_the_next_and_does_not_come_back(channel: Channel) -> None:
    mine = leases.take(channel.pk, 60)
    assert mine is not None
    expire(channel)
    assert leases.renew(mine, 60) is False
    other = leases.take(channel.pk, 60)
    assert other is not None
    assert leases.renew(mine, 60) is False
    leases.release(mine)
    assert leases.renew(other, 60) is True


def test_renewing_prolongs(channel: Channel) -> None:
    mine = leases.take(channel.pk, 1)
    assert mine is not None
    before = Channel.unscoped.get().lease_until
    assert leases.renew(mine, 600)
    assert (Channel.unscoped.get().lease_until - before).total_seconds() > 500


@pytest.mark.django_db(transaction=True)
def test_twenty_senders_that_start_together_make_one_holder(channel: Channel) -> None:
    barrier = threading.Barrier(20)
    held: list[leases.Lease] = []

    def race() -> None:
        barrier.wait()
        if lease := leases.take(channel.pk, 60):
            held.append(lease)
        connection.close()

    threads = [threading.Thread(target=race) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(held) == 1
