"""Whoever may miss messages is told from when until when."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from accounts.models import Membership, Organization
from gateways.models import Channel, ChannelHour, ChannelState, MissingSpan
from gateways.pool.silence import DOWN, QUIET, dismiss, is_suspiciously_quiet, listen, silences, watch_silences
from gateways.services.states import mark_state
from tests.gateways.conftest import MakeChannel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]
ZONE = ZoneInfo("America/Sao_Paulo")
AT = datetime(2026, 11, 20, 14, 30, tzinfo=ZONE)


@pytest.fixture
def busy(number: MakeChannel) -> Channel:
    """A number to which twelve people an hour have written at this time for four weeks, and today until noon."""
    made = number("Recepção", state_at=AT - timedelta(days=40), last_event_at=AT - timedelta(minutes=150))
    for week in range(1, 5):
        for hour in (12, 13, 14):
            ChannelHour.objects.create(channel=made, hour=_hour(hour) - timedelta(weeks=week), received=12)
    return made


def _hour(hour: int) -> datetime:
    return AT.replace(hour=hour, minute=0)


def test_a_number_that_was_down_leaves_a_span_from_its_fall_to_its_return(main: Channel) -> None:
    with time_machine.travel(AT, tick=False) as clock:
        mark_state(main, ChannelState.DISCONNECTED, "unreachable")
        assert listen(main, AT) is None, "a restart loses nothing"
        clock.shift(timedelta(minutes=5))
        watch_silences()
        span = MissingSpan.objects.get()
        assert (span.reason, span.since, span.until) == (DOWN, AT, None)
        mark_state(main, ChannelState.CONNECTED)
        watch_silences()
        span.refresh_from_db()
        assert span.until == AT + timedelta(minutes=5)
        watch_silences()
    assert MissingSpan.objects.count() == 1


def test_what_a_person_disconnected_is_meant(main: Channel) -> None:
    with time_machine.travel(AT, tick=False):
        mark_state(main, ChannelState.DISCONNECTED, "by_hand")
    assert listen(main, AT + timedelta(hours=3)) is None


def test_quiet_where_many_usually_write_is_noticed_and_the_number_is_asked_at_once(busy: Channel) -> None:
    with time_machine.travel(AT, tick=False):
        watch_silences()
        span = MissingSpan.objects.get()
        assert (span.reason, span.since) == (QUIET, busy.last_event_at)
        busy.refresh_from_db()
        assert busy.next_check_at is not None and busy.next_check_at <= AT
        Channel.objects.update(last_event_at=AT)
        watch_silences()
    span.refresh_from_db()
    assert span.until == AT


@pytest.mark.parametrize(
    "change",
    [
        lambda one: ChannelHour.objects.filter(channel=one).update(received=1),
        lambda one: ChannelHour.objects.filter(channel=one, hour__lt=AT - timedelta(weeks=3)).delete(),
        lambda one: ChannelHour.objects.create(channel=one, hour=_hour(14), received=1),
        lambda one: Channel.objects.update(last_event_at=AT - timedelta(hours=1)),
        lambda one: Channel.objects.update(state_at=AT - timedelta(hours=1)),
    ],
)
def test_quiet_that_may_be_chance_is_no_alarm(busy: Channel, change: Any) -> None:
    assert is_suspiciously_quiet(busy, AT)
    change(busy)
    assert not is_suspiciously_quiet(Channel.objects.get(pk=busy.pk), AT)


def test_nobody_is_missed_at_night(busy: Channel) -> None:
    ChannelHour.objects.all().delete()
    for week in range(1, 5):
        for hour in range(24):
            ChannelHour.objects.create(channel=busy, hour=_hour(hour) - timedelta(weeks=week), received=1000)
    busy.last_event_at = AT - timedelta(days=1)
    alarms = [hour for hour in range(24) if is_suspiciously_quiet(busy, AT.replace(hour=hour))]
    assert alarms == list(range(10, 22))


def test_it_is_shown_where_people_look_until_somebody_has_looked(
    ana: Membership, bruno: Membership, vera: Membership, carla: Membership, login: Any, main: Channel
) -> None:
    MissingSpan.objects.create(channel=main, reason=DOWN, since=AT, until=AT + timedelta(minutes=29))
    with time_machine.travel(AT + timedelta(hours=1)):
        client = login(bruno)
        for url in ("/numeros/", "/numeros/silencios/"):
            html = client.get(url).content.decode()
            assert "podem ter se perdido" in html and "Recepção" in html
        assert "Já conferi" in html and "Já conferi" not in login(vera).get("/numeros/silencios/").content.decode()
        assert "Recepção" not in login(carla).get("/numeros/silencios/").content.decode()
        fragment = client.get("/numeros/silencios/", headers={"HX-Request": "true"}).content.decode().strip()
        assert fragment.startswith('<div class="stack" id="silences"')
        url = f"/numeros/{main.pk}/silencio/"
        assert login(vera).post(url).status_code == 403 and login(carla).post(url).status_code == 404
        assert client.get(url).status_code == 405
        client.post(url)
        assert "podem ter se perdido" not in client.get("/numeros/").content.decode()
        assert "não falta nada" in client.get("/numeros/silencios/").content.decode()


def test_what_lasts_cannot_be_dismissed_and_old_news_ends_by_itself(main: Channel, inside: Organization) -> None:
    MissingSpan.objects.create(channel=main, reason=DOWN, since=AT)
    assert dismiss(main) == 0 and len(silences(AT)) == 1
    MissingSpan.objects.update(until=AT + timedelta(minutes=5))
    assert len(silences(AT + timedelta(days=1))) == 1 and len(silences(AT + timedelta(days=3))) == 0


def test_no_virtual_customer_is_missed(number: MakeChannel) -> None:
    number("Simulador", provider="simulator", state=ChannelState.DISCONNECTED, state_at=AT - timedelta(days=1))
    watch_silences()
    assert not MissingSpan.objects.exists()
