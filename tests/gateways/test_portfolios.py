"""Meta's limit of people in 24 hours, over all numbers of a business."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import close_old_connections, connection
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Organization
from core.clock import now
from core.tenancy import activate_organization
from gateways import pacing, portfolios, queries
from gateways.contract import AccountUpdate, Outcome, OutgoingMessage, OutgoingTemplate, SendResult
from gateways.jobs import purge_receipts
from gateways.models import Channel, Portfolio, PortfolioContact
from gateways.pool.capacity import capacity_tomorrow
from gateways.services.health import check_health
from gateways.services.sending import send_once
from gateways.services.states import note_account
from gateways.transport import sync
from tests.gateways.conftest import MakeChannel
from tests.support.fake_gateway import running
from tests.support.fake_graph import NUMBER, WABA, FakeGraph

pytestmark = pytest.mark.django_db
Number = Callable[..., Channel]


@pytest.fixture
def number(make_channel: MakeChannel, acme: Organization) -> Iterator[Number]:
    """Makes connected official numbers; they are of one business unless another is named."""

    def make(business: str = "77001", limit: int | None = 5, **values: Any) -> Channel:
        config = {"phone_number_id": "1001", "waba_id": f"21{business}", "token": "t", "app_secret": "s"}
        start = now() - timedelta(days=1)
        channel = make_channel(
            provider="cloud", config=config, state="connected", state_at=start, connected_at=start, message_limit=limit, **values
        )  # fmt: skip
        portfolios.belongs_to(channel, business)
        channel.refresh_from_db()
        return channel

    with activate_organization(acme.pk):
        yield make


def write(channel: Channel, *phones: str) -> int | None:
    """Write to people and return the room that is left."""
    with portfolios.room_of(channel) as room:
        room.take(phones)
    with portfolios.room_of(channel) as room:
        return room.people


def test_all_numbers_of_a_business_share_the_limit_and_a_person_counts_once(number: Number) -> None:
    first, second, elsewhere = number(), number(), number("88001")
    assert write(first, "+551", "+552") == 3
    assert write(second, "+552", "+553") == 2
    assert write(elsewhere, "+551") == 4
    assert write(second, "+554", "+555") == 0
    with portfolios.room_of(first) as room:
        assert room.has_place_for("+553") and not room.has_place_for("+556")


def test_a_person_leaves_the_count_24_hours_after_the_last_message_to_them(number: Number) -> None:
    channel = number(limit=2)
    start = datetime.fromisoformat("2026-11-20T10:00:00+00:00")
    with time_machine.travel(start, tick=False) as clock:
        write(channel, "+551")
        clock.shift(timedelta(hours=6))
        write(channel, "+552")
        clock.shift(timedelta(hours=1))
        assert write(channel, "+551") == 0  # written to again: the person now counts from here

        clock.move_to(start + timedelta(hours=24))
        with portfolios.room_of(channel) as room:
            assert room.people == 0
        clock.move_to(start + timedelta(hours=30) - timedelta(seconds=1))
        with portfolios.room_of(channel) as room:
            assert room.people == 0
        channel = Channel.objects.select_related("portfolio").get(pk=channel.pk)
        wait = pacing.wait_of(channel, now(), "UTC")
        assert wait == pacing.Wait("portfolio_limit", start + timedelta(hours=30))
        clock.move_to(start + timedelta(hours=30))
        assert pacing.wait_of(channel, now(), "UTC") is None
        with portfolios.room_of(channel) as room:
            assert room.people == 1


def test_a_limit_that_rises_or_is_lifted_holds_for_all_numbers_at_once(number: Number) -> None:
    first, second, elsewhere = number(), number(), number("88001")
    note_account(first, AccountUpdate(limit=2_000))
    second.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (second.message_limit, elsewhere.message_limit) == (2_000, 5)
    note_account(second, AccountUpdate(limit=0))
    first.refresh_from_db()
    assert write(first, "+551") is None


def test_what_meta_has_not_told_yet_is_its_first_tier(number: Number) -> None:
    channel = number(limit=None)
    assert write(channel) == 250


def test_numbers_that_are_not_official_know_no_such_limit(make_channel: MakeChannel, in_acme: Organization) -> None:
    with portfolios.room_of(make_channel()) as room:
        assert room.people is None
        room.take(["+551"])
    assert not Portfolio.objects.exists() and not PortfolioContact.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_numbers_never_take_the_same_last_place(number: Number, acme: Organization) -> None:
    channels = [number(limit=40), number(limit=40)]

    def work(worker: int) -> int:
        with activate_organization(acme.pk):
            taken = 0
            for turn in range(10):
                channel = Channel.objects.get(pk=channels[worker % 2].pk)
                with portfolios.room_of(channel) as room:
                    count = min(3, room.people or 0)
                    room.take(f"+55{worker:02}{turn:02}{one}" for one in range(count))
                    taken += count
            close_old_connections()
            connection.close()
            return taken

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(work, range(4)))
    assert sum(taken) == 40 == PortfolioContact.objects.count()
    assert Portfolio.objects.get().people == 40


def test_a_template_from_the_inbox_takes_a_place_and_is_refused_when_there_is_none(
    number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = number(limit=1)
    monkeypatch.setattr(sync, "run", lambda _operation, **_rest: SendResult(Outcome.SENT, "w1"))
    template = OutgoingTemplate("ola", "pt_BR")

    def send(phone: str, kind: OutgoingTemplate | None) -> tuple[Outcome, str]:
        result = send_once(channel, OutgoingMessage(phone, "Oi", template=kind))
        return result.outcome, result.code

    assert send("+551", template) == (Outcome.SENT, "")
    assert send("+552", template) == (Outcome.REFUSED, "portfolio_limit")
    # To the same person again, and an answer within the 24 hours, are free.
    assert send("+551", template) == send("+553", None) == (Outcome.SENT, "")


def test_two_accounts_turn_out_to_be_of_one_business(number: Number, make_channel: MakeChannel) -> None:
    config = {"phone_number_id": "1009", "waba_id": "2109", "token": "t", "app_secret": "s"}
    known, new = number(), make_channel(provider="cloud", config=config, message_limit=5)
    write(known, "+551", "+552")
    assert write(new, "+552", "+553") == 3
    portfolios.belongs_to(new, "77001")
    assert write(new) == 2
    assert Portfolio.objects.count() == 1


def test_the_heartbeat_asks_once_which_business_a_number_is_of(
    make_channel: MakeChannel, in_acme: Organization
) -> None:
    with running(FakeGraph()) as graph:
        config = {
            "phone_number_id": NUMBER,
            "waba_id": WABA,
            "token": graph.fake.token,
            "app_secret": "s",
            "base_url": graph.url,
        }
        channel = make_channel(provider="cloud", config=config, state="connected", state_at=now(), connected_at=now())
        graph.fake.business = ""
        check_health(channel)
        assert Channel.objects.get().portfolio.external_id == f"waba:{WABA}"
        graph.fake.business = "7700000001"
        check_health(Channel.objects.get())
        assert Channel.objects.get().portfolio.external_id == f"waba:{WABA}"  # asked a moment ago
        Portfolio.objects.update(asked_at=now() - timedelta(days=2))
        check_health(Channel.objects.get())
    assert Channel.objects.get().portfolio.external_id == "7700000001"
    assert Portfolio.objects.count() == 1


def test_the_capacity_counts_the_limit_once(number: Number) -> None:
    numbers = [number(limit=1_000), number(limit=1_000), number("88001", limit=250)]
    assert capacity_tomorrow(numbers, now(), "America/Sao_Paulo").cap == 1_250


def test_the_card_shows_the_people_of_all_numbers(
    number: Number, ana: Membership, login: Callable[[Any], Client]
) -> None:
    first, _second = number(name="Um"), number(name="Dois")
    write(first, "+551", "+552", "+553")
    page = login(ana).get(reverse("gateways:channels")).content.decode()
    assert page.count("Pessoas em 24 h, empresa toda") == 2
    assert page.count("<b>3</b> de 5") == 2
    # Both share the five, so together they may write to no more.
    assert queries.summary(queries.cards("America/Sao_Paulo")).capacity == 5


def test_who_was_written_to_is_forgotten_after_two_days(number: Number) -> None:
    channel = number()
    write(channel, "+551", "+552")
    PortfolioContact.objects.filter(phone="+551").update(at=now() - timedelta(days=2, minutes=1))
    purge_receipts()
    assert list(PortfolioContact.objects.values_list("phone", flat=True)) == ["+552"]
