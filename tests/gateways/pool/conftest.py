"""A pool of Acme: an active number that has worked for months, with a warm one and a silent one in reserve."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from accounts.models import Organization
from core.clock import now
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelRole, ChannelState
from tests.gateways.conftest import MakeChannel


@pytest.fixture
def number(make_channel: MakeChannel) -> MakeChannel:
    """Make a connected number, a hundred days old unless said otherwise."""

    def make(name: str, role: str = ChannelRole.ACTIVE, **values: object) -> Channel:
        old = {"state": ChannelState.CONNECTED, "state_at": now(), "connected_at": now() - timedelta(days=100)}
        made: Channel = make_channel(name=name, role=role, **(old | values))
        return made

    return make


@pytest.fixture
def main(number: MakeChannel) -> Channel:
    return number("Recepção")


@pytest.fixture
def reserve(number: MakeChannel) -> Channel:
    return number("Reserva", ChannelRole.STANDBY)


@pytest.fixture
def inside(acme: Organization) -> Iterator[Organization]:
    with activate_organization(acme.pk):
        yield acme
