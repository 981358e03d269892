"""A Monday at nine in São Paulo, with numbers by QR code that send a message a minute."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Organization
from campaigns.models import Campaign, CampaignChannel, Overload
from campaigns.overload.watch import look_at
from campaigns.services import lifecycle
from gateways.models import Channel
from tests.campaigns.preflight.clock import Clock, clock_at

Make = Callable[..., Any]
MONDAY = datetime(2026, 12, 7, 12, tzinfo=UTC)
MINUTE_MS = 60_000


@pytest.fixture
def clock(in_acme: Organization) -> Iterator[Clock]:
    in_acme.timezone = "America/Sao_Paulo"
    in_acme.save()
    with clock_at(MONDAY) as clock:
        yield clock


@pytest.fixture
def number(make_channel: Make) -> Make:
    """Return a grown number by QR code."""

    def make(name: str = "Recepção", cap: int = 20, **values: Any) -> Channel:
        gap = values.pop("gap_ms", MINUTE_MS)
        return make_channel(name, values.pop("provider", "waha"), gap, config={}, daily_limit=cap, **values)  # type: ignore[no-any-return]

    return make


@pytest.fixture
def running(make_campaign: Make, make_list: Make) -> Make:
    """Return a campaign that runs, to ``count`` people of its own."""
    made = [0]

    def make(count: int, channels: list[Channel], name: str = "Novembro", **values: Any) -> Campaign:
        made[0] += 1000
        lists = [make_list(count, name, first=made[0])]
        return lifecycle.start(make_campaign(lists=lists, channels=channels, name=name, **values))

    return make


def look() -> Overload | None:
    """Let the watch look at the active organization; return the overload that lasts."""
    organization = Organization.objects.get(name="Acme")
    look_at(organization.pk)
    found: Overload | None = Overload.objects.filter(ended_at=None).first()
    return found


def serving() -> dict[str, str]:
    """Return what each number of the reserve does, by its name."""
    found = {}
    for link in CampaignChannel.objects.select_related("channel").order_by("channel__name"):
        if link.channel.role == "standby":
            found[link.channel.name] = (
                "helps" if link.helps_since and link.took_over_at else "stands in" if link.took_over_at else "rests"
            )
    return found


def hours(count: float) -> timedelta:
    return timedelta(hours=count)
