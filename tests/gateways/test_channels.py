"""The life of a number: created, changed, paused, tried, taken off."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import override_settings

from accounts.models import AuditEntry, Membership, Organization
from billing.models import Plan, Subscription
from core.clock import now
from core.tenancy import activate_organization
from gateways.contract import Outcome
from gateways.errors import ChannelConfigError, ChannelLimitError, ChannelStateError
from gateways.models import Channel, ChannelEvent, ChannelState
from gateways.pacing import pace_of
from gateways.services.channels import (
    PaceSettings,
    create_channel,
    disconnect_channel,
    pause_channel,
    remove_channel,
    resume_channel,
    send_test,
    update_channel,
)
from gateways.services.states import mark_state
from tests.gateways.conftest import Script
from tests.support.jobs import drain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]

WAHA = {"base_url": "http://localhost:3000", "api_key": "chave-da-api"}
WORKING = {"name": "default", "status": "WORKING", "me": {"id": "5511988880000@c.us"}}


def create(**values: Any) -> Channel:
    return create_channel(**({"provider": "waha", "name": " Recepção ", "config": WAHA} | values))


def stored(channel: Channel) -> Channel:
    return Channel.objects.get(pk=channel.pk)


def test_a_new_number_is_connected_by_a_worker(server: Script, ana: Membership) -> None:
    server.json("/api/sessions", WORKING, status=201).json("/api/sessions/default", WORKING)
    channel = create(phone="(11) 98888-0000", actor=ana)
    assert (channel.state, channel.name, channel.phone) == (ChannelState.CONNECTING, "Recepção", "+5511988880000")
    drain()
    assert stored(channel).state == ChannelState.CONNECTED
    assert AuditEntry.objects.get(action="channel.created").actor == ana


def test_a_simulator_is_connected_at_once(server: Script) -> None:
    channel = create(provider="simulator", config={})
    assert stored(channel).state == ChannelState.CONNECTED
    drain()
    assert server.calls == []


def test_settings_are_sealed_in_the_database(server: Script) -> None:
    channel = create(config=WAHA | {"hmac_key": "segredo"})
    sealed = stored(channel).sealed_config
    assert "chave-da-api" not in sealed
    assert "segredo" not in sealed
    assert stored(channel).config["api_key"] == "chave-da-api"


@pytest.mark.parametrize(("values", "fields"), [
    ({"provider": "fax"}, ("provider",)),
    ({"config": {}}, ("base_url",)),
    ({"config": {"base_url": "nada"}}, ("base_url",)),
    ({"config": {"base_url": "ftp://localhost"}}, ("base_url",)),
    ({"config": {"base_url": "http://u:p@localhost:3000"}}, ("base_url",)),
    ({"config": WAHA | {"session": "../admin"}}, ("session",)),
    ({"config": WAHA | {"api_key": 5, "session": []}}, ("api_key", "session")),
    ({"phone": "123"}, ("phone",)),
    ({"pace": PaceSettings(min_gap_ms=499)}, ("min_gap_ms",)),
    ({"pace": PaceSettings(max_gap_ms=0)}, ("max_gap_ms",)),
    ({"pace": PaceSettings(min_gap_ms=100, max_gap_ms=200)}, ("min_gap_ms", "max_gap_ms")),
    ({"pace": PaceSettings(min_gap_ms=9_000, max_gap_ms=8_000)}, ("min_gap_ms",)),
])  # fmt: skip
def test_wrong_settings_are_refused_by_name_and_nothing_is_created(
    values: dict[str, Any], fields: tuple[str, ...]
) -> None:
    with pytest.raises(ChannelConfigError) as refusal:
        create(**values)
    assert refusal.value.fields == fields
    assert refusal.value.status == 422
    assert not Channel.objects.exists()
    assert not AuditEntry.objects.filter(action="channel.created").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.5", "169.254.169.254", "[::1]"])
def test_private_addresses_are_refused_where_the_setting_says_so(host: str) -> None:
    with override_settings(ALLOW_PRIVATE_HOSTS=False), pytest.raises(ChannelConfigError):
        create(config={"base_url": f"http://{host}:3000"})


def test_the_metadata_address_is_refused_even_where_private_hosts_are_allowed() -> None:
    with override_settings(ALLOW_PRIVATE_HOSTS=True), pytest.raises(ChannelConfigError):
        create(config={"base_url": "http://169.254.169.254/"})


def test_the_plan_limits_real_numbers_and_not_simulators(acme: Organization, server: Script) -> None:
    Plan.objects.filter(code="enterprise").update(channels=1)
    assert Subscription.objects.get(organization=acme).plan.code == "enterprise"
    create(provider="simulator", config={})
    first = create()
    with pytest.raises(ChannelLimitError):
        create()
    create(provider="simulator", config={})
    remove_channel(first, actor=None)
    assert create().pk


@pytest.mark.parametrize(("pace", "expected"), [
    (PaceSettings(), (45_000, 60_000, 20, (time(22), time(8)))),
    (PaceSettings(500, 700, 1_000, True, (time(0), time(0))), (500, 700, 1_000, None)),
    (PaceSettings(warm_up=False, quiet=(time(12), time(13))), (45_000, 60_000, 600, (time(12), time(13)))),
])  # fmt: skip
def test_the_pace_asked_for_is_the_pace_that_holds(server: Script, pace: PaceSettings, expected: Any) -> None:
    found = pace_of(stored(create(pace=pace)), now())
    low, high = found.min_gap / timedelta(milliseconds=1), found.max_gap / timedelta(milliseconds=1)
    assert (low, high, found.daily_cap, found.quiet) == expected


def test_changing_the_access_keeps_what_was_not_said_and_tries_it(
    channel: Channel, server: Script, ana: Membership
) -> None:
    server.json("/api/sessions", WORKING, status=201).json("/api/sessions/default", WORKING)
    update_channel(channel, actor=ana, config={"session": "loja"})
    assert stored(channel).config["session"] == "loja"
    assert stored(channel).config["hmac_key"] == "segredo-do-canal"
    drain()
    assert server.calls


def test_a_refused_change_changes_nothing(channel: Channel) -> None:
    before = Channel.objects.filter(pk=channel.pk).values().get()
    with pytest.raises(ChannelConfigError):
        update_channel(channel, actor=None, name="Outro", pace=PaceSettings(min_gap_ms=1))
    assert Channel.objects.filter(pk=channel.pk).values().get() == before


def test_pausing_holds_against_the_heartbeat_and_resuming_asks_anew(
    channel: Channel, server: Script, ana: Membership
) -> None:
    server.json("/api/sessions", WORKING, status=201).json("/api/sessions/default", WORKING)
    pause_channel(channel, actor=ana)
    mark_state(channel, ChannelState.CONNECTED, "WORKING")
    assert stored(channel).state == ChannelState.PAUSED
    resume_channel(channel, actor=ana)
    assert stored(channel).state == ChannelState.CONNECTING
    drain()
    assert stored(channel).state == ChannelState.CONNECTED


def test_resuming_after_a_restriction_keeps_the_halved_pace(channel: Channel, server: Script) -> None:
    server.json("/api/sessions", WORKING, status=201).json("/api/sessions/default", WORKING)
    with time_machine.travel(datetime.fromisoformat("2026-11-20T15:00:00+00:00"), tick=False):
        mark_state(channel, ChannelState.RESTRICTED, "failed_acks")
        resume_channel(stored(channel), actor=None)
        drain()
        found = stored(channel)
        found.warm_up = False
        assert found.state == ChannelState.CONNECTED
        assert pace_of(found, now()).daily_cap == 300


def test_a_simulator_resumes_without_a_server(server: Script) -> None:
    channel = create(provider="simulator", config={})
    pause_channel(channel, actor=None)
    resume_channel(channel, actor=None)
    assert stored(channel).state == ChannelState.CONNECTED


def test_disconnecting_logs_the_phone_out_and_stays_so(channel: Channel, server: Script, ana: Membership) -> None:
    server.json("/api/sessions/default/logout", {}, status=201)
    disconnect_channel(channel, actor=ana)
    assert (stored(channel).state, stored(channel).state_reason) == ("disconnected", "by_hand")
    assert [call.url.rsplit("/", 1)[1] for call in server.calls] == ["logout"]


def test_removing_forgets_the_secrets_and_keeps_the_history(channel: Channel, ana: Membership) -> None:
    ChannelEvent.objects.create(channel=channel, kind="connected")
    remove_channel(channel, actor=ana)
    found = stored(channel)
    assert (found.role, found.config, found.state) == ("retired", {}, "disconnected")
    assert found.removed_at is not None
    assert ChannelEvent.objects.filter(channel=channel, kind="connected").exists()
    assert AuditEntry.objects.filter(action="channel.removed", actor=ana).exists()


def test_a_test_message_needs_a_connection_and_a_phone(channel: Channel, server: Script, ana: Membership) -> None:
    server.json("/api/contacts/check-exists", {"numberExists": True, "chatId": "5511999998888@c.us"})
    server.json("/api/sendText", {"id": "true_5511999998888@c.us_ABC"}, status=201)
    with pytest.raises(ChannelConfigError):
        send_test(channel, phone="1", text="oi", actor=ana)
    assert send_test(channel, phone="11 99999-8888", text="oi", actor=ana).outcome is Outcome.SENT
    mark_state(channel, ChannelState.DISCONNECTED)
    with pytest.raises(ChannelStateError):
        send_test(channel, phone="11 99999-8888", text="oi", actor=ana)
    assert ChannelEvent.objects.filter(kind="test").count() == 1


def test_numbers_of_another_business_are_not_touched(channel: Channel, carla: Membership) -> None:
    with activate_organization(carla.organization_id):
        assert not Channel.objects.filter(pk=channel.pk).exists()
        with pytest.raises(Channel.DoesNotExist):
            mark_state(channel, ChannelState.PAUSED)
