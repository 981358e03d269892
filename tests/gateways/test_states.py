"""The connection state: changed in one place, believed with care."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from core.clock import now
from gateways.contract import DeliveryUpdate
from gateways.models import Channel, ChannelEvent, ChannelState
from gateways.services.evidence import failed_streak, note_events
from gateways.services.states import mark_state, pause_until
from tests.gateways.conftest import MakeChannel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]

START = datetime.fromisoformat("2026-11-20T12:00:00+00:00")


def kinds(channel: Channel) -> list[str]:
    return list(ChannelEvent.objects.filter(channel=channel).order_by("at", "pk").values_list("kind", flat=True))


def fresh(channel: Channel) -> Channel:
    return Channel.objects.get(pk=channel.pk)


def test_a_change_is_noted_told_and_logged(make_channel: MakeChannel) -> None:
    channel = make_channel()
    assert mark_state(channel, ChannelState.CONNECTED, "WORKING", phone="+5511988880000") is True
    stored = fresh(channel)
    assert (stored.state, stored.state_reason, stored.phone) == ("connected", "WORKING", "+5511988880000")
    assert stored.connected_at is not None
    assert kinds(channel) == ["connected"]
    assert (channel.state, channel.phone) == ("connected", "+5511988880000")


def test_no_news_is_one_read_and_no_write(channel: Channel, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    mark_state(channel, ChannelState.CONNECTED, "WORKING")
    with django_assert_num_queries(1):
        assert mark_state(channel, ChannelState.CONNECTED, "WORKING") is False


def test_a_stale_copy_of_the_row_decides_nothing(channel: Channel) -> None:
    stale = fresh(channel)
    mark_state(channel, ChannelState.DISCONNECTED, "FAILED")
    assert mark_state(stale, ChannelState.CONNECTED, "") is True
    assert fresh(channel).state == ChannelState.CONNECTED


def test_the_first_connection_counts_the_age(channel: Channel) -> None:
    first = channel.connected_at
    mark_state(channel, ChannelState.DISCONNECTED)
    mark_state(channel, ChannelState.CONNECTED)
    assert fresh(channel).connected_at == first


def test_what_a_person_paused_stays_paused(channel: Channel) -> None:
    mark_state(channel, ChannelState.PAUSED, "by_hand")
    for state in (ChannelState.CONNECTED, ChannelState.CONNECTING, ChannelState.QR_REQUIRED, ChannelState.DISCONNECTED):
        assert mark_state(channel, state) is False
    assert mark_state(channel, ChannelState.RESTRICTED, "banned") is True


def test_a_restriction_is_slept_over_for_an_hour_and_felt_for_a_day(channel: Channel) -> None:
    with time_machine.travel(START, tick=False) as traveller:
        mark_state(channel, ChannelState.RESTRICTED, "banned")
        assert fresh(channel).restricted_until == START + timedelta(hours=24)
        traveller.shift(timedelta(minutes=59))
        assert mark_state(channel, ChannelState.CONNECTED) is False
        mark_state(channel, ChannelState.DISCONNECTED)
        assert mark_state(channel, ChannelState.CONNECTED) is False
        traveller.shift(timedelta(minutes=2))
        assert mark_state(channel, ChannelState.CONNECTED) is True
        assert fresh(channel).restricted_until == START + timedelta(hours=24)


def test_a_removed_number_changes_no_more(channel: Channel) -> None:
    Channel.objects.filter(pk=channel.pk).update(removed_at=now())
    assert mark_state(channel, ChannelState.DISCONNECTED) is False


def test_leaving_the_qr_code_forgets_it(make_channel: MakeChannel) -> None:
    channel = make_channel(state=ChannelState.QR_REQUIRED, qr="2@abc", qr_at=now())
    mark_state(channel, ChannelState.CONNECTED)
    assert (fresh(channel).qr, fresh(channel).qr_at) == ("", None)


def test_a_needed_qr_code_is_fetched_at_once(channel: Channel) -> None:
    Channel.objects.filter(pk=channel.pk).update(next_check_at=now() + timedelta(hours=1))
    mark_state(channel, ChannelState.QR_REQUIRED, "SCAN_QR_CODE")
    assert fresh(channel).next_check_at <= now()


def test_the_longest_rest_holds(channel: Channel) -> None:
    pause_until(channel, START + timedelta(hours=2), "429")
    pause_until(channel, START + timedelta(hours=1), "429 again")
    stored = fresh(channel)
    assert (stored.paused_until, stored.pause_reason) == (START + timedelta(hours=2), "429")
    assert kinds(channel) == ["rest"]


@pytest.mark.parametrize(("states", "expected"), [
    ([], (0, False)), (["failed"], (1, False)), (["failed", "failed"], (2, False)), (["failed", "queued", "failed"], (2, False)),
    (["delivered"], (0, True)), (["failed", "read", "failed"], (1, True)), (["failed", "sent"], (0, True)), (["queued"], (0, False)),
])  # fmt: skip
def test_a_streak_of_refusals(states: list[str], expected: tuple[int, bool]) -> None:
    assert failed_streak(states) == expected


def tell(channel: Channel, *states: str) -> None:
    note_events(fresh(channel), [DeliveryUpdate(f"M{n}", state, now()) for n, state in enumerate(states)], at=now())


def test_five_refusals_in_a_row_are_a_sign_of_a_ban(channel: Channel) -> None:
    tell(channel, "failed", "failed")
    tell(channel, "failed", "failed")
    assert (fresh(channel).state, fresh(channel).failed_streak) == ("connected", 4)
    tell(channel, "failed")
    stored = fresh(channel)
    assert (stored.state, stored.state_reason) == ("restricted", "failed_acks")
    assert stored.restricted_until is not None


def test_one_delivery_ends_the_streak(channel: Channel) -> None:
    tell(channel, "failed", "failed", "failed", "failed")
    tell(channel, "delivered", "failed")
    assert (fresh(channel).state, fresh(channel).failed_streak) == ("connected", 1)


def test_an_acknowledgement_clears_the_silence(channel: Channel) -> None:
    Channel.objects.filter(pk=channel.pk).update(unacked_sends=14, silent_since=now())
    tell(channel, "queued")
    assert fresh(channel).unacked_sends == 14
    tell(channel, "sent")
    assert (fresh(channel).unacked_sends, fresh(channel).silent_since) == (0, None)


def test_a_silent_number_that_speaks_again_is_back(channel: Channel) -> None:
    mark_state(channel, ChannelState.DISCONNECTED, "no_acks")
    tell(channel, "delivered")
    assert fresh(channel).state == ChannelState.CONNECTED


def test_events_without_states_only_show_that_it_lives(channel: Channel) -> None:
    Channel.objects.filter(pk=channel.pk).update(unacked_sends=3, failed_streak=2)
    with time_machine.travel(START, tick=False):
        tell(channel)
    stored: Any = fresh(channel)
    assert (stored.last_event_at, stored.last_ack_at, stored.unacked_sends, stored.failed_streak) == (START, None, 3, 2)
