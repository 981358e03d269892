"""The goals of a pool (NUM-18) and the modes of two and three numbers (NUM-04, NUM-05), which are nothing but its policy."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Membership
from core.clock import now
from gateways.models import Channel, ChannelRole, PoolIncident
from gateways.pacing import pace_of
from gateways.pool.capacity import Capacity
from gateways.pool.goals import goals
from tests.gateways.conftest import MakeChannel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]
FULL = Capacity(cap=1800, demand=1000, numbers=3, reserve=2)


def met(capacity: Capacity = FULL, calm: int | None = None) -> list[bool | None]:
    return [goal.is_met for goal in goals(capacity, calm, now())]


def stop(channel: Channel, **values: Any) -> None:
    PoolIncident.objects.create(channel=channel, **({"kind": "ban", "began_at": now(), "ended_at": now()} | values))


@pytest.mark.parametrize("count", [2, 3])
def test_each_of_two_or_three_grown_numbers_has_its_600_at_45_to_60_seconds(number: MakeChannel, count: int) -> None:
    paces = [pace_of(number(f"N{n}"), now()) for n in range(count)]
    assert {(one.daily_cap, one.min_gap.total_seconds(), one.max_gap.total_seconds()) for one in paces} == {
        (600, 45, 60)
    }
    assert sum(one.daily_cap or 0 for one in paces) == 600 * count


def test_a_pool_that_holds_to_everything(main: Channel, reserve: Channel) -> None:
    stop(main, replaced_by=reserve, replaced_at=now())
    assert met(calm=30) == [True, True, True, True]


@pytest.mark.parametrize(
    ("capacity", "calm", "which"),
    [
        (Capacity(cap=1200, demand=0, numbers=2, reserve=0), None, 0), (FULL, 29, 1),
        (Capacity(cap=1800, demand=1500, numbers=3, reserve=0), None, 2),
    ],
)  # fmt: skip
def test_what_is_missed_is_shown(capacity: Capacity, calm: int | None, which: int) -> None:
    found = met(capacity, calm)
    assert found.pop(which) is False
    assert False not in found


def test_what_nobody_stood_in_for_needed_a_person(main: Channel, reserve: Channel) -> None:
    assert met()[3] is None, "nothing ever stopped"
    stop(main)
    assert met()[3] is False
    PoolIncident.objects.all().delete()
    stop(main, kind="outage")
    assert met()[3] is True, "it came back by itself"
    stop(main, began_at=now() - timedelta(days=40), ended_at=now() - timedelta(days=40))
    stop(main, kind="rotation")
    stop(reserve)
    assert met()[3] is True, "only stops of numbers that send, of the last month"


def test_the_page_shows_the_goals(number: MakeChannel, vera: Membership, login: Any) -> None:
    for n in range(3):
        number(f"N{n}")
    number("R", ChannelRole.STANDBY)
    page = login(vera).get(reverse("gateways:pool")).content.decode()
    for words in (
        "3 números ou mais enviando",
        "3 números enviam",
        "30 dias sem restrição",
        "20% de folga amanhã ou mais",
    ):
        assert words in page
