"""Numbers that go out of work are replaced without a person, and get their place back."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail

from accounts.models import Membership, Organization
from core.clock import now
from core.tenancy import across_organizations
from gateways.models import Channel, ChannelEvent, ChannelRole, ChannelState, IncidentKind, PoolIncident
from gateways.pacing import pace_of
from gateways.pool import guard
from gateways.pool.guard import best_reserve, look_after, watch_pools
from gateways.services.channels import remove_channel
from gateways.services.states import mark_state
from tests.gateways.conftest import MakeChannel
from tests.support.jobs import drain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]


def fresh(channel: Channel) -> Channel:
    found: Channel = Channel.objects.get(pk=channel.pk)
    return found


def later(**span: float) -> Any:
    return time_machine.travel(now() + timedelta(**span), tick=False)


def test_a_restriction_calls_the_reserve_at_once(main: Channel, reserve: Channel) -> None:
    mark_state(main, ChannelState.RESTRICTED, "ban")
    drain()
    incident = PoolIncident.objects.get()
    assert (incident.channel, incident.kind, incident.reason) == (main, IncidentKind.BAN, "ban")
    assert incident.replaced_by == reserve and fresh(reserve).stands_in_for == main
    assert incident.seconds_to_replace is not None and incident.seconds_to_replace < 15
    kinds = set(ChannelEvent.objects.values_list("channel__name", "kind"))
    assert {("Reserva", "took_over"), ("Recepção", "replaced")} <= kinds


def test_a_gateway_that_restarts_changes_no_places(main: Channel, reserve: Channel, inside: Organization) -> None:
    mark_state(main, ChannelState.DISCONNECTED, "unreachable")
    with later(seconds=10):
        assert look_after(inside.pk) == 0
    mark_state(main, ChannelState.CONNECTED)
    with later(seconds=30):
        assert look_after(inside.pk) == 0
    assert not PoolIncident.objects.exists()


def test_who_stays_away_is_replaced_and_gets_the_place_back(
    main: Channel, reserve: Channel, inside: Organization
) -> None:
    mark_state(main, ChannelState.DISCONNECTED, "unreachable")
    with later(seconds=16):
        assert look_after(inside.pk) == 1
    assert PoolIncident.objects.get().kind == IncidentKind.OUTAGE
    assert fresh(reserve).stands_in_for == main
    mark_state(main, ChannelState.CONNECTED)
    assert look_after(inside.pk) == 1
    assert fresh(reserve).stands_in_for is None
    assert PoolIncident.objects.get().ended_at is not None


def test_after_a_ban_the_place_is_kept_for_the_day_at_half_pace(
    main: Channel, reserve: Channel, inside: Organization
) -> None:
    mark_state(main, ChannelState.RESTRICTED, "ban")
    look_after(inside.pk)
    with later(hours=2):
        mark_state(main, ChannelState.CONNECTED)
        assert look_after(inside.pk) == 0
        assert fresh(reserve).stands_in_for == main
    with later(hours=25):
        assert look_after(inside.pk) == 1
        assert fresh(reserve).stands_in_for is None


def test_a_banned_number_comes_back_slowly(main: Channel, inside: Organization) -> None:
    mark_state(main, ChannelState.RESTRICTED, "ban")
    look_after(inside.pk)
    main = fresh(main)
    caps = [pace_of(main, now() + timedelta(hours=hours)).daily_cap for hours in (1, 25, 24 + 7 * 24, 24 + 15 * 24)]
    assert caps[0] == 300 and 300 <= (caps[1] or 0) < 310 and 440 < (caps[2] or 0) < 460 and caps[3] == 600
    gaps = [pace_of(main, now() + timedelta(days=days)).min_gap.total_seconds() for days in (0.5, 20)]
    assert gaps == [67.5, 45.0]


def test_the_one_that_can_send_most_is_chosen(number: MakeChannel, main: Channel) -> None:
    young = number("Nova", ChannelRole.STANDBY, connected_at=now() - timedelta(days=2))
    silent, warm = number("Calada", ChannelRole.STANDBY), number("Morna", ChannelRole.WARMING)
    everybody = [main, young, silent, warm]
    assert best_reserve(main, everybody, now()) == warm
    assert best_reserve(main, [main, young, silent], now()) == silent
    assert best_reserve(main, [main, young], now()) == young


@pytest.mark.parametrize(
    "values",
    [
        {"state": ChannelState.DISCONNECTED}, {"role": ChannelRole.ACTIVE}, {"role": ChannelRole.RETIRED}, {"provider": "simulator"},
        {"restricted_until": now() + timedelta(hours=2)}, {"paused_until": now() + timedelta(hours=2)},
    ],
)  # fmt: skip
def test_who_cannot_send_stands_in_for_nobody(number: MakeChannel, main: Channel, values: dict[str, Any]) -> None:
    other = number("Outra", **({"role": ChannelRole.STANDBY} | values))
    assert best_reserve(main, [main, other], now()) is None


def test_two_that_fall_get_two(number: MakeChannel, main: Channel, reserve: Channel, inside: Organization) -> None:
    second, another = number("Vendas"), number("Morna", ChannelRole.WARMING)
    for channel in (main, second):
        mark_state(channel, ChannelState.RESTRICTED, "ban")
    assert look_after(inside.pk) == 2
    assert {fresh(reserve).stands_in_for, fresh(another).stands_in_for} == {main, second}


def test_one_place_is_taken_by_one(number: MakeChannel, main: Channel, reserve: Channel, inside: Organization) -> None:
    number("Outra", ChannelRole.STANDBY)
    mark_state(main, ChannelState.RESTRICTED, "ban")
    assert [look_after(inside.pk) for _ in range(3)] == [1, 0, 0]
    assert Channel.objects.exclude(stands_in_for=None).count() == 1


def test_one_in_reserve_is_not_in_two_places(
    number: MakeChannel, main: Channel, reserve: Channel, inside: Organization
) -> None:
    for channel in (main, number("Vendas")):
        mark_state(channel, ChannelState.RESTRICTED, "ban")
    assert look_after(inside.pk) == 1
    assert PoolIncident.objects.filter(replaced_by=None).count() == 1
    assert look_after(inside.pk) == 0


def test_a_stand_in_that_falls_is_replaced_too(
    number: MakeChannel, main: Channel, reserve: Channel, inside: Organization
) -> None:
    mark_state(main, ChannelState.RESTRICTED, "ban")
    look_after(inside.pk)
    third = number("Terceira", ChannelRole.STANDBY)
    mark_state(reserve, ChannelState.RESTRICTED, "ban")
    assert look_after(inside.pk) == 1
    assert (fresh(reserve).stands_in_for, fresh(third).stands_in_for) == (None, main)
    assert PoolIncident.objects.get(channel=main).replaced_by == third


def test_a_number_in_reserve_that_falls_is_recorded_and_not_replaced(
    main: Channel, reserve: Channel, number: MakeChannel, inside: Organization
) -> None:
    number("Outra", ChannelRole.STANDBY)
    mark_state(reserve, ChannelState.RESTRICTED, "ban")
    assert look_after(inside.pk) == 0
    assert PoolIncident.objects.get().replaced_by is None


def test_whoever_stands_in_for_a_removed_number_stays(main: Channel, reserve: Channel, inside: Organization) -> None:
    mark_state(main, ChannelState.RESTRICTED, "ban_permanent")
    look_after(inside.pk)
    remove_channel(fresh(main), actor=None)
    look_after(inside.pk)
    assert (fresh(reserve).role, fresh(reserve).stands_in_for) == (ChannelRole.ACTIVE, None)
    assert PoolIncident.objects.get().ended_at is not None


def test_a_number_that_never_worked_is_no_incident(number: MakeChannel, inside: Organization) -> None:
    number("Nova", state=ChannelState.QR_REQUIRED, state_at=now() - timedelta(days=1), connected_at=None)
    look_after(inside.pk)
    assert not PoolIncident.objects.exists()


def test_a_warm_number_sends_little_until_it_is_needed(
    number: MakeChannel, main: Channel, inside: Organization
) -> None:
    warm = number("Morna", ChannelRole.WARMING)
    assert pace_of(warm, now()).daily_cap == 60
    mark_state(main, ChannelState.RESTRICTED, "ban")
    look_after(inside.pk)
    assert pace_of(fresh(warm), now()).daily_cap == 600


def test_the_first_message_of_the_other_number_is_noted(main: Channel, reserve: Channel, inside: Organization) -> None:
    mark_state(main, ChannelState.RESTRICTED, "ban")
    look_after(inside.pk)
    with later(seconds=8):
        Channel.objects.filter(pk=reserve.pk).update(last_sent_at=now())
        look_after(inside.pk)
    incident = PoolIncident.objects.get()
    assert incident.first_send_at is not None and incident.first_send_at > incident.began_at


def test_the_sweep_finds_every_pool_in_trouble_and_no_other(
    main: Channel, reserve: Channel, carla: Membership, make_channel: MakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(guard, "look_after", seen.append)
    watch_pools()
    assert seen == []
    Channel.objects.filter(pk=main.pk).update(state=ChannelState.DISCONNECTED)
    with across_organizations():
        watch_pools()
    assert seen == [main.organization_id]


def test_no_number_of_another_organization_stands_in(
    main: Channel, carla: Membership, make_channel: MakeChannel, inside: Organization
) -> None:
    make_channel(
        carla.organization, name="Alheia", role=ChannelRole.STANDBY, state=ChannelState.CONNECTED, connected_at=now()
    )
    mark_state(main, ChannelState.RESTRICTED, "ban")
    assert look_after(inside.pk) == 0


def test_who_manages_gets_one_letter_that_says_why_and_who_stands_in(
    ana: Membership, bruno: Membership, main: Channel, reserve: Channel, inside: Organization
) -> None:
    mail.outbox.clear()
    mark_state(main, ChannelState.RESTRICTED, "ban")
    drain()
    letter = mail.outbox[0]
    assert len(mail.outbox) == 1 and letter.to == [ana.user.email]
    assert "Recepção" in letter.subject and "Reserva" in letter.body and "/numeros/" in letter.body
    assert "sem motivo" in letter.body


def test_a_number_that_goes_up_and_down_writes_one_letter(ana: Membership, main: Channel) -> None:
    mail.outbox.clear()
    for minutes in (1, 3, 5):
        with later(minutes=minutes):
            mark_state(main, ChannelState.DISCONNECTED, "unreachable")
        with later(minutes=minutes + 1):
            watch_pools()
            drain()
            mark_state(main, ChannelState.CONNECTED)
            watch_pools()
            drain()
    assert PoolIncident.objects.count() == 3 and len(mail.outbox) == 1


def test_what_a_person_disconnected_is_no_alarm(ana: Membership, main: Channel) -> None:
    mail.outbox.clear()
    mark_state(main, ChannelState.DISCONNECTED, "by_hand")
    with later(minutes=1):
        watch_pools()
        drain()
    assert mail.outbox == []
