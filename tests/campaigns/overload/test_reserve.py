"""Numbers in reserve help while there is more to send than fits; standing in for a number that stopped comes first."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import AuditEntry, Membership, Organization
from campaigns.models import CampaignChannel, DemandDecision, Recipient
from campaigns.overload.decisions import decide, undo
from campaigns.overload.reserve import can_help
from campaigns.overload.settings import save_demand_settings
from campaigns.services.standby import arrange_standbys
from core.clock import now
from gateways.models import Channel, ChannelEvent, ChannelRole, ChannelState
from gateways.pacing import pace_of, used_today
from gateways.services.states import mark_state
from tests.campaigns.overload.conftest import hours, look, serving
from tests.campaigns.preflight.clock import dice, send_by
from tests.support.jobs import drain

__all__ = ["dice"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def by_itself(in_acme: Organization, ana: Membership) -> None:
    save_demand_settings({"help": "itself", "window": "day"}, actor=ana)


def standby(number: Any, name: str = "Reserva", cap: int = 20, **values: Any) -> Channel:
    return number(name, cap, role="standby", **values)  # type: ignore[no-any-return]


def change(channel: Channel, **values: Any) -> None:
    Channel.objects.filter(pk=channel.pk).update(**values)


def test_by_itself_as_many_help_as_close_the_gap(
    by_itself: None, clock: Any, number: Any, running: Any
) -> None:  # fmt: skip
    main = number(cap=20)
    for name in ("Reserva A", "Reserva B", "Reserva C"):
        standby(number, name)
    running(90, [main])
    look()
    assert Counter(serving().values()) == {"helps": 2}
    assert ChannelEvent.objects.filter(kind="helps").count() == 2
    assert AuditEntry.objects.filter(action="campaign.standby_helps").count() == 2


def test_nobody_helps_unasked(clock: Any, number: Any, running: Any) -> None:
    main, reserve = number(cap=20), standby(number)
    running(60, [main, reserve])
    look()
    look()
    assert serving() == {"Reserva": "rests"}


def test_where_it_is_never_wanted_nobody_helps(
    clock: Any, ana: Membership, number: Any, running: Any, by_itself: None
) -> None:
    main, reserve = number(cap=20), standby(number)
    running(60, [main, reserve])
    look()
    assert serving() == {"Reserva": "helps"}
    save_demand_settings({"help": "never", "window": "day"}, actor=ana)
    look()
    assert serving() == {"Reserva": "rests"}


def test_so_many_help_as_people_decide(clock: Any, ana: Membership, number: Any, running: Any) -> None:
    main = number(cap=20)
    running(120, [main, standby(number, "Reserva A"), standby(number, "Reserva B"), standby(number, "Reserva C")])
    look()
    decide("reserve", actor=ana, numbers=2)
    look()
    assert Counter(serving().values()) == {"helps": 2, "rests": 1}


def test_a_decision_about_the_reserve_is_taken_back(clock: Any, ana: Membership, number: Any, running: Any) -> None:
    running(60, [number(cap=20), standby(number)])
    look()
    (decision,) = decide("reserve", actor=ana, numbers=1)
    assert serving() == {"Reserva": "helps"}
    undo(decision.pk, actor=ana)
    look()
    assert serving() == {"Reserva": "rests"}
    assert ChannelEvent.objects.filter(kind="stepped_back").count() == 1


def test_what_was_sent_back_by_a_person_is_not_called_again(
    by_itself: None, clock: Any, ana: Membership, number: Any, running: Any
) -> None:
    running(60, [number(cap=20), standby(number)])
    look()
    undo(DemandDecision.objects.get().pk, actor=ana)
    look()
    assert serving() == {"Reserva": "rests"}


def test_they_step_back_when_it_fits_again_and_not_before(
    by_itself: None, clock: Any, number: Any, running: Any
) -> None:  # fmt: skip
    campaign = running(60, [number(cap=20), standby(number)])
    look()
    for left in (41, 39, 37):
        rows = list(campaign.recipients.filter(state="queued").order_by("position").values_list("pk", flat=True))
        Recipient.objects.filter(pk__in=rows[: len(rows) - left]).update(state="sent")
        look()
        assert serving() == {"Reserva": "helps"}, left
    rows = list(campaign.recipients.filter(state="queued").values_list("pk", flat=True))
    Recipient.objects.filter(pk__in=rows[:3]).update(state="sent")
    look()
    assert serving() == {"Reserva": "rests"}
    changes = ChannelEvent.objects.filter(kind__in=["helps", "stepped_back"]).values_list("kind", flat=True)
    assert Counter(changes) == {"helps": 1, "stepped_back": 1}


@pytest.mark.parametrize(
    ("values", "helps"),
    [
        ({}, True),
        ({"role": ChannelRole.WARMING}, False),
        ({"role": ChannelRole.ACTIVE}, False),
        ({"state": ChannelState.DISCONNECTED}, False),
        ({"connected_at": None}, False),
        ({"restricted_until": "later"}, False),
        ({"careful_until": "later"}, False),
        ({"paused_until": "later"}, False),
        ({"restricted_until": "before", "careful_until": "before", "paused_until": "before"}, True),
        ({"provider": "telegram"}, False),
    ],
    ids=[
        "well",
        "warming",
        "active",
        "away",
        "never connected",
        "restricted",
        "coming back",
        "resting",
        "long ago",
        "bot",
    ],
)
def test_only_healthy_standbys_help(values: dict[str, Any], helps: bool, clock: Any, number: Any) -> None:
    one = standby(number)
    moments = {"later": clock.at + hours(1), "before": clock.at - hours(1)}
    for name, value in values.items():
        setattr(one, name, moments.get(value, value) if isinstance(value, str) else value)
    assert can_help(one, clock.at) is helps


def test_who_helps_keeps_its_own_warm_up(by_itself: None, clock: Any, number: Any, running: Any) -> None:
    young = standby(number, cap=None)
    change(young, warm_up=True, connected_at=clock.at)
    running(700, [number(cap=600), young])
    look()
    young.refresh_from_db()
    assert serving() == {"Reserva": "helps"}
    assert pace_of(young, clock.at).daily_cap == 20


def test_a_stranger_of_another_kind_does_not_help(
    by_itself: None, clock: Any, number: Any, running: Any, make_channel: Any
) -> None:
    """The Simulator reaches nobody, and an official number costs: neither comes into a campaign by itself."""
    make_channel("Simulador", role="standby")
    make_channel("Oficial", "cloud", role="standby", config={})
    running(60, [number(cap=20)])
    look()
    assert serving() == {}


def test_a_dead_number_goes_first(by_itself: None, clock: Any, number: Any, running: Any) -> None:
    main, reserve = number(cap=20), standby(number)
    running(60, [main, reserve])
    look()
    assert serving() == {"Reserva": "helps"}
    change(main, state=ChannelState.RESTRICTED, state_at=now(), restricted_until=now() + hours(24))
    arrange_standbys()
    assert serving() == {"Reserva": "stands in"}
    assert list(ChannelEvent.objects.order_by("at", "pk").values_list("kind", flat=True)) == ["helps", "took_over"]
    look()
    assert serving() == {"Reserva": "stands in"}


def test_an_idle_standby_takes_a_dead_numbers_place_before_one_that_helps(
    clock: Any, ana: Membership, number: Any, running: Any
) -> None:
    main, first, second = number(cap=20), standby(number, "Reserva A", cap=30), standby(number, "Reserva B")
    running(90, [main, first, second])
    look()
    decide("reserve", actor=ana, numbers=1)
    assert serving() == {"Reserva A": "helps", "Reserva B": "rests"}
    change(main, state=ChannelState.RESTRICTED, state_at=now(), restricted_until=now() + hours(24))
    arrange_standbys()
    assert serving() == {"Reserva A": "helps", "Reserva B": "stands in"}


def test_who_stands_in_elsewhere_helps_no_more(by_itself: None, clock: Any, number: Any, running: Any) -> None:
    main, other, reserve = number(cap=20), number("Outra", cap=50), standby(number)
    running(60, [main, reserve])
    running(5, [other], "Pequena")
    look()
    assert serving() == {"Reserva": "helps"}
    mark_state(other, ChannelState.RESTRICTED, "ban")
    drain()
    arrange_standbys()
    links = CampaignChannel.objects.filter(channel=reserve).order_by("campaign__name")
    found = {one.campaign.name: (one.took_over_at is not None, one.helps_since is not None) for one in links}
    assert found == {"Novembro": (False, False), "Pequena": (True, False)}


def test_a_standby_that_is_banned_while_it_helps_is_replaced(
    by_itself: None, clock: Any, number: Any, running: Any
) -> None:
    main, first, second = number(cap=20), standby(number, "Reserva A", cap=25), standby(number, "Reserva B")
    running(60, [main, first, second])
    look()
    assert serving() == {"Reserva A": "helps", "Reserva B": "rests"}
    change(first, state=ChannelState.RESTRICTED, state_at=now(), restricted_until=now() + hours(24))
    arrange_standbys()
    look()
    assert serving() == {"Reserva A": "rests", "Reserva B": "helps"}
    assert ChannelEvent.objects.filter(kind="stepped_back", channel=first).count() == 1


def test_a_campaign_that_becomes_late_later_is_helped_by_the_same(
    by_itself: None, clock: Any, number: Any, running: Any
) -> None:
    main, reserve = number(cap=20), standby(number, cap=100)
    running(60, [main])
    look()
    running(60, [main], "Segunda")
    look()
    assert CampaignChannel.objects.filter(channel=reserve).exclude(took_over_at=None).count() == 2


def test_everybody_is_written_to_once_and_nobody_more_than_may(
    by_itself: None, clock: Any, number: Any, running: Any, in_acme: Organization, dice: Any
) -> None:
    main, reserve = number(cap=20), standby(number)
    campaign = running(60, [main, reserve])
    look()
    send_by(clock, in_acme.timezone, campaign, clock.at + timedelta(hours=13))
    sent = campaign.recipients.filter(state="sent")
    assert Counter(sent.values_list("channel__name", flat=True)) == {"Recepção": 20, "Reserva": 20}
    assert sent.exclude(attempts=1).count() == 0
    for one in (main, reserve):
        one.refresh_from_db()
        assert used_today(one, clock.at, in_acme.timezone) <= 20
    look()
    send_by(clock, in_acme.timezone, campaign, clock.at + timedelta(hours=13))
    assert campaign.recipients.filter(state="sent", attempts=1).count() == 60
