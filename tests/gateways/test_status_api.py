"""The state of the numbers for panels and monitors, and the levels of alarm."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.models import Membership, Organization
from core.clock import local, now
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelEvent
from gateways.queries import cards_of
from gateways.services.alerts import level_of, warn_near_caps
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., Channel]


@pytest.fixture
def make(make_channel: Make, acme: Organization) -> Make:
    def grown(name: str, **values: Any) -> Channel:
        at = now()
        kept = {
            "state": "connected",
            "state_at": at,
            "connected_at": at - timedelta(days=60),
            "sent_on": local(at, acme.timezone).date(),
        }
        return make_channel(name=name, **(kept | values))

    return grown


def test_quick_daily_and_pool_in_one_look(
    make: Make, ana: Membership, login: Callable[[Any], Client], carla: Membership
) -> None:
    make("Um", sent_today=100)
    make("Dois", sent_today=500)
    make("Reserva", role="standby")
    make("Caiu", state="disconnected", state_reason="unreachable: x")
    client = login(ana)
    quick = client.get("/api/status/quick").json()
    assert (quick["level"], quick["connected"], quick["troubled"]) == ("critical", 3, 1)
    assert {one["name"]: one["level"] for one in quick["numbers"]} == {
        "Um": "ok",
        "Dois": "warning",
        "Reserva": "ok",
        "Caiu": "critical",
    }
    daily = client.get("/api/status/daily").json()
    assert (daily["sent"], daily["numbers"][0]["cap"]) == (600, 600)
    pool = client.get("/api/instances/pools/status").json()
    assert (
        pool["active"],
        pool["standby"],
        pool["down"],
        pool["capacity"],
        pool["used"],
        pool["slack_percentage"],
    ) == (2, 1, 1, 1200, 600, 50)
    assert pool["alerts"] == {"critical": 1, "warning": 1, "info": 0}
    assert login(carla).get("/api/status/quick").json()["numbers"] == []
    assert Client().get("/api/status/quick").status_code == 401


@pytest.mark.parametrize(("values", "level"), [
    ({}, "ok"), ({"state": "restricted"}, "critical"), ({"state": "qr_required"}, "critical"), ({"state": "disconnected"}, "critical"),
    ({"state": "disconnected", "state_reason": "by_hand"}, "ok"), ({"state": "paused"}, "ok"), ({"sent_today": 480}, "warning"),
    ({"sent_today": 479}, "ok"), ({"warning": "meta_flagged"}, "warning"), ({"connected_at": "young"}, "info"),
    ({"on_second_server_since": "now"}, "warning"),
])  # fmt: skip
def test_each_state_has_its_level(make: Make, acme: Organization, values: dict[str, Any], level: str) -> None:
    if values.get("connected_at") == "young":
        values = {"connected_at": now() - timedelta(days=2)}
    if "on_second_server_since" in values:
        values = {"on_second_server_since": now()}
    channel = make("Um", **values)
    with activate_organization(acme.pk):
        assert level_of(cards_of([channel], acme.timezone)[0]) == level


def test_a_cap_that_comes_near_is_told_once_a_day(make: Make, ana: Membership, acme: Organization) -> None:
    make("Um", sent_today=480)
    make("Dois", sent_today=100)
    for _round in range(2):
        warn_near_caps()
        drain()
    letters = [letter for letter in mail.outbox if "perto do limite" in letter.subject]
    assert [(letter.to, "480" in letter.body) for letter in letters] == [([ana.user.email], True)]
    with activate_organization(acme.pk):
        assert ChannelEvent.objects.filter(kind="near_cap").count() == 1
