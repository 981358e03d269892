"""Numbers take turns, and only those that are fit for it."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Membership, Organization
from campaigns.models import Campaign, CampaignChannel, CampaignState
from core.clock import now
from core.tenancy import across_organizations
from gateways.models import Channel, ChannelEvent, ChannelRole, ChannelState, IncidentKind, PoolIncident
from gateways.pool.rotation import rotate, rotate_pools
from tests.gateways.conftest import MakeChannel
from tests.support.jobs import drain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]


def since(channel: Channel, days: int) -> Channel:
    Channel.objects.filter(pk=channel.pk).update(role_since=now() - timedelta(days=days))
    channel.refresh_from_db()
    return channel


def role(channel: Channel) -> str:
    return str(Channel.objects.get(pk=channel.pk).role)


def test_after_two_weeks_an_active_number_rests_and_a_rested_one_works(
    main: Channel, reserve: Channel, inside: Organization
) -> None:
    since(main, 15), since(reserve, 8)
    incident = rotate(inside.pk)
    assert incident is not None and (incident.kind, incident.replaced_by) == (IncidentKind.ROTATION, reserve)
    assert (role(main), role(reserve)) == (ChannelRole.WARMING, ChannelRole.ACTIVE)
    assert ChannelEvent.objects.filter(kind="rotated").count() == 2
    assert rotate(inside.pk) is None, "their time begins anew"


@pytest.mark.parametrize(("active", "rested"), [(13, 30), (30, 6)])
def test_nobody_changes_places_too_soon(
    main: Channel, reserve: Channel, inside: Organization, active: int, rested: int
) -> None:
    since(main, active), since(reserve, rested)
    assert rotate(inside.pk) is None


@pytest.mark.parametrize(
    "values",
    [
        {"connected_at": now() - timedelta(days=5)}, {"state": ChannelState.DISCONNECTED}, {"careful_until": now() + timedelta(days=1)},
        {"provider": "simulator"},
    ],
)  # fmt: skip
def test_only_fit_numbers_take_part(
    number: MakeChannel, main: Channel, inside: Organization, values: dict[str, Any]
) -> None:
    since(main, 20), since(number("Outra", ChannelRole.STANDBY, **values), 20)
    assert rotate(inside.pk) is None


def test_the_longest_active_and_the_longest_rested_are_first(number: MakeChannel, inside: Organization) -> None:
    long, short = since(number("a"), 40), since(number("b"), 20)
    rested, fresh = since(number("c", ChannelRole.WARMING), 30), since(number("d", ChannelRole.STANDBY), 10)
    rotate(inside.pk)
    assert [role(one) for one in (long, short, rested, fresh)] == ["warming", "active", "active", "standby"]


def test_while_a_number_is_down_the_reserve_stays_in_reserve(
    main: Channel, reserve: Channel, number: MakeChannel, inside: Organization
) -> None:
    since(main, 20), since(reserve, 20)
    PoolIncident.objects.create(channel=number("Vendas"), kind=IncidentKind.BAN, began_at=now())
    assert rotate(inside.pk) is None


def test_running_campaigns_go_on_with_both(main: Channel, reserve: Channel, inside: Organization) -> None:
    since(main, 20), since(reserve, 20)
    campaign = Campaign.objects.create(name="Julho", state=CampaignState.RUNNING)
    CampaignChannel.objects.create(campaign=campaign, channel=main)
    with across_organizations():
        rotate_pools()
    drain()
    assert set(CampaignChannel.objects.values_list("channel__name", flat=True)) == {"Recepção", "Reserva"}


def test_no_organization_is_touched_for_another(main: Channel, reserve: Channel, carla: Membership) -> None:
    since(main, 20)
    since(reserve, 20)
    rotate_pools()
    assert role(main) == ChannelRole.WARMING
