"""A provider that is down for ten minutes: nothing is lost, the second server serves, and people are told once."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import mail

from accounts.models import Membership, Organization
from campaigns.bench import free_port
from campaigns.models import Recipient, RecipientState
from campaigns.services import lifecycle
from core.breaker import Breaker
from core.clock import now
from core.redis import redis_client, redis_key
from gateways.models import Channel, ChannelEvent, ChannelState
from gateways.pool.guard import watch_pools
from gateways.pool.silence import watch_silences
from gateways.services.health import LONGEST_RETRY, check_channels
from tests.faults.gateway import Gateway, gateway_process, phone_of
from tests.faults.scene import REACHED, campaign_to, connect, count_of, finish, people, revive
from tests.faults.senders import Senders, until
from tests.support.jobs import drain

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

OUTAGE = timedelta(minutes=10)
COOL_DOWN = timedelta(seconds=Breaker.cool_down)
PEOPLE, BEFORE, GAP = 22, 3, 0.16
# A gap may be shortened by at most this where a claim comes late; over many it cannot add up to a burst.
SLACK = 0.5


@contextmanager
def server(folder: Path, port: int) -> Iterator[Gateway]:
    with gateway_process(folder, ["loja"], port=port, latency_ms=10) as gateway:
        yield gateway


class Clock:
    """Simulated time, which goes on where it was left."""

    def __init__(self) -> None:
        self.at = now()

    def go_on(self, span: timedelta) -> int:
        """Let the product live through a span, from check to check of its number; return how many there were."""
        self.at, checks = max(now(), self.at), 0
        end = self.at + span
        with time_machine.travel(self.at, tick=False) as traveller:
            while (due := next_check()) is None or due <= end:
                was, self.at = self.at, max(due or now(), now() + timedelta(milliseconds=1))
                traveller.move_to(self.at)
                if self.at - was >= COOL_DOWN:
                    let_breakers_rest()
                check_channels()
                watch_pools()
                watch_silences()
                drain()
                checks += 1
        self.at = end
        let_breakers_rest()
        return checks


def let_breakers_rest() -> None:
    """Redis has a clock of its own: what a circuit breaker waits for has passed in the simulated time."""
    for key in redis_client().scan_iter(redis_key("breaker*")):
        redis_client().delete(key)


def next_check() -> Any:
    return Channel.objects.get().next_check_at


def letters() -> list[str]:
    return [str(letter.subject) for letter in mail.outbox]


def assert_paced(hits: list[dict[str, Any]]) -> None:
    """What had waited left one by one: ten messages never in less than about ten gaps."""
    times = [hit["at"] for hit in hits]
    for first, tenth in zip(times, times[10:], strict=False):
        assert tenth - first >= 10 * GAP * SLACK, "a burst"


def test_ten_minutes_without_the_server_lose_nothing_and_end_without_a_burst(
    in_acme: Organization, ana: Membership, senders: Senders, tmp_path: Path
) -> None:
    port = free_port()
    with ExitStack() as stack:
        gateway = stack.enter_context(server(tmp_path / "um", port))
        channel = connect(gateway, "loja", gap_ms=int(GAP * 1000))
        contacts = people(PEOPLE)
        campaign = lifecycle.resume(campaign_to(contacts, [channel]))
        sender = senders.start()
        until(lambda: gateway.count() >= BEFORE, "some are sent")
        stack.pop_all().close()
        until(lambda: Channel.objects.get().state == ChannelState.DISCONNECTED, "the sender notices")
        had = gateway.count()

        clock = Clock()
        checks = clock.go_on(OUTAGE)
        assert 3 <= checks <= 20, "it is asked again, with patience"
        assert next_check() <= clock.at + 1.2 * LONGEST_RETRY
        assert [subject for subject in letters() if "loja" in subject] == ["loja parou de enviar"]
        assert count_of(campaign, RecipientState.QUEUED) >= PEOPLE - had - 1
        assert count_of(campaign, RecipientState.FAILED) == 0

    with server(tmp_path / "um", port) as gateway:
        revive()
        assert Channel.objects.get().state == ChannelState.CONNECTED
        sender.stop()
        finish(senders, [campaign])
        assert_everybody_once(gateway.hits(), contacts)
        assert_paced(gateway.hits()[had:])
    assert len(mail.outbox) == 1


def assert_everybody_once(hits: list[dict[str, Any]], contacts: list[Any]) -> None:
    """Whoever was written to when the server died may be in doubt; all others got one message, the oldest first."""
    phones = [phone_of(hit) for hit in hits]
    assert len(set(phones)) == len(phones)
    doubtful = set(Recipient.objects.filter(state=RecipientState.UNKNOWN).values_list("phone", flat=True))
    assert len(doubtful) <= 1
    assert [phone for phone in phones if phone not in doubtful] == [
        one.phone for one in contacts if one.phone not in doubtful
    ]
    assert Recipient.objects.filter(state__in=REACHED).count() == PEOPLE - len(doubtful)


def test_the_second_server_does_the_rest_and_the_first_is_there_when_it_falls(
    in_acme: Organization, ana: Membership, senders: Senders, tmp_path: Path
) -> None:
    ports = free_port(), free_port()
    contacts = people(PEOPLE)
    with server(tmp_path / "um", ports[0]) as first:
        channel = connect(first, "loja", gap_ms=int(GAP * 1000))
        channel.config = channel.config | {"second_url": f"http://127.0.0.1:{ports[1]}"}
        channel.save()
        campaign = lifecycle.resume(campaign_to(contacts, [channel]))
        sender = senders.start()
        until(lambda: first.count() >= BEFORE, "some are sent")
    until(lambda: Channel.objects.get().state == ChannelState.DISCONNECTED, "the sender notices")

    # The second is not there yet either: they are tried in turns, which nobody needs to hear of.
    clock = Clock()
    clock.go_on(OUTAGE)
    switches = ChannelEvent.objects.filter(kind__in=["second_server", "first_server"])
    assert switches.count() >= 2
    assert letters() == ["loja parou de enviar"]

    with server(tmp_path / "dois", ports[1]) as second:
        clock.go_on(timedelta(minutes=3))
        assert Channel.objects.get().config["on_second"]
        assert Channel.objects.get().state == ChannelState.CONNECTED
        assert letters() == ["loja parou de enviar", "loja está no segundo servidor"]
        until(lambda: second.count() >= 2 * BEFORE, "the second server sends")
    until(lambda: Channel.objects.get().state == ChannelState.DISCONNECTED, "the sender notices")

    with server(tmp_path / "um", ports[0]) as first:
        clock.go_on(timedelta(minutes=3))
        assert not Channel.objects.get().config["on_second"]
        sender.stop()
        finish(senders, [campaign])
    hits = sorted(first.hits() + second.hits(), key=lambda hit: hit["at"])
    assert len({phone_of(hit) for hit in hits}) == len(hits) >= PEOPLE - 2
    assert Recipient.objects.filter(state=RecipientState.UNKNOWN).count() <= 2
    assert count_of(campaign, RecipientState.FAILED) == 0
    assert_paced(second.hits())
    assert letters()[2:] == ["loja está no primeiro servidor de novo"], "each piece of news is told once"
