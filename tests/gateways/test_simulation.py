"""The Simulator's server: virtual contacts who call our webhooks when their time comes."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.events import OrganizationCreated
from accounts.models import Membership, Organization
from conversations.models import Attachment, Conversation, Origin
from conversations.services.send import send_message
from core.clock import now
from core.tenancy import across_organizations, activate_organization
from core.uploads import check_upload
from gateways.calls import HttpReply
from gateways.contract import Outcome, OutgoingMessage
from gateways.jobs import purge_receipts, run_simulated_contacts
from gateways.models import Channel, ChannelState, MessageStatus, Receipt, SimulatedHook
from gateways.providers.simulator.media import SAMPLES, sample_bytes
from gateways.services.media import download
from gateways.services.sending import send_once
from gateways.services.simulation import deliver_due_hooks
from gateways.subscribers import open_a_simulator
from sagas.models import OutboxEvent
from tests.gateways.conftest import MakeChannel
from tests.support.jobs import drain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]

START = datetime.fromisoformat("2026-11-20T12:00:00+00:00")


def simulator(make_channel: MakeChannel, **config: Any) -> Channel:
    return make_channel(
        provider="simulator", config=config, state=ChannelState.CONNECTED, connected_at=START - timedelta(days=1)
    )


def replies() -> list[str]:
    events = OutboxEvent.objects.filter(name="gateways.MessagesReceived").order_by("pk")
    return [m["text"] for event in events for m in event.payload["messages"]]


def test_a_keen_contact_receives_reads_and_answers(make_channel: MakeChannel) -> None:
    channel = simulator(make_channel, mix={"hot": 100}, speed=1)
    with time_machine.travel(START, tick=False) as traveller:
        result = send_once(channel, OutgoingMessage("+5511999998888", "Oi, tudo bem?"))
        assert result.outcome is Outcome.SENT
        assert deliver_due_hooks() == 0
        traveller.shift(6)
        run_simulated_contacts()
        drain()
        assert MessageStatus.objects.get().state == "delivered"
        traveller.shift(60)
        run_simulated_contacts()
        drain()
        assert MessageStatus.objects.get().state == "read"
        assert len(replies()) >= 1


def test_speed_makes_their_time_pass_faster(make_channel: MakeChannel) -> None:
    slow, fast = simulator(make_channel, speed=1), simulator(make_channel, speed=60)
    with time_machine.travel(START, tick=False):
        for channel in (slow, fast):
            send_once(channel, OutgoingMessage("+5511999998888", "Oi"))
        waits = [
            max(hook.due_at - START for hook in SimulatedHook.objects.filter(channel=channel)).total_seconds()
            for channel in (slow, fast)
        ]
    assert waits[0] / waits[1] == pytest.approx(60, rel=0.01)


def test_each_message_moves_the_conversation_on(make_channel: MakeChannel) -> None:
    channel = simulator(make_channel, mix={"hot": 100})
    for text in ("Oi!", "Qual o seu nome?", "De que bairro você é?"):
        send_once(channel, OutgoingMessage("+5511999998888", text))
    bodies = [hook.body for hook in SimulatedHook.objects.filter(channel=channel) if hook.body["type"] == "message"]
    assert len({body["text"] for body in bodies}) >= 3


def test_nobody_lives_at_some_phones(make_channel: MakeChannel) -> None:
    channel = simulator(make_channel, mix={"invalid": 100})
    assert send_once(channel, OutgoingMessage("+5511999998888", "Oi")).outcome is Outcome.INVALID_NUMBER
    assert not SimulatedHook.objects.exists()


def test_refusals_of_virtual_phones_do_not_restrict_the_simulator(make_channel: MakeChannel) -> None:
    channel = simulator(make_channel, mix={"failing": 100}, speed=1000)
    for number in range(8):
        send_once(channel, OutgoingMessage(f"+55119999988{number:02}", "Oi"))
    SimulatedHook.objects.update(due_at=START)
    run_simulated_contacts()
    drain()
    assert set(MessageStatus.objects.values_list("state", flat=True)) == {"failed"}
    assert Channel.objects.get().state == ChannelState.CONNECTED


def test_a_webhook_that_is_delivered_twice_counts_once(make_channel: MakeChannel) -> None:
    channel = simulator(make_channel, mix={"silent": 100})
    send_once(channel, OutgoingMessage("+5511999998888", "Oi"))
    SimulatedHook.objects.update(due_at=START)
    first = deliver_due_hooks()
    assert deliver_due_hooks() == 0
    SimulatedHook.objects.update(delivered_at=None)
    deliver_due_hooks()
    assert Receipt.objects.count() == first
    assert sum(Receipt.objects.values_list("duplicates", flat=True)) == first


def test_contacts_of_a_removed_simulator_stay_silent(make_channel: MakeChannel) -> None:
    channel = simulator(make_channel)
    send_once(channel, OutgoingMessage("+5511999998888", "Oi"))
    SimulatedHook.objects.update(due_at=START)
    Channel.objects.update(removed_at=START)
    assert deliver_due_hooks() > 0
    assert not Receipt.objects.exists()


def test_a_new_business_gets_one_simulator(acme: Organization, ana: Membership) -> None:
    event = OrganizationCreated(str(acme.pk), str(ana.pk))
    open_a_simulator(event)
    open_a_simulator(event)
    channel = Channel.objects.get()
    assert (channel.provider, channel.state, channel.name) == ("simulator", "connected", "Simulador")


def test_each_business_has_its_own_virtual_contacts(make_channel: MakeChannel, carla: Membership) -> None:
    hers = make_channel(carla.organization, provider="simulator", state=ChannelState.CONNECTED)
    with activate_organization(carla.organization_id):
        send_once(hers, OutgoingMessage("+5511999998888", "Oi"))
    assert not SimulatedHook.objects.exists()
    with across_organizations():
        SimulatedHook.objects.update(due_at=START)
    run_simulated_contacts()
    assert set(Receipt.objects.values_list("organization_id", flat=True)) == {carla.organization_id}


def test_raw_webhooks_are_forgotten_after_a_month(make_channel: MakeChannel) -> None:
    channel = simulator(make_channel, mix={"silent": 100}, speed=1000)
    with time_machine.travel(START, tick=False) as traveller:
        send_once(channel, OutgoingMessage("+5511999998888", "Oi"))
        traveller.shift(60)
        run_simulated_contacts()
        drain()
        Receipt.objects.update(received_at=START)
        MessageStatus.objects.update(updated_at=START)
        purge_receipts()
        assert Receipt.objects.exists()
        traveller.shift(timedelta(days=31))
        purge_receipts()
        assert not Receipt.objects.exists()
        assert not SimulatedHook.objects.exists()
        assert MessageStatus.objects.exists()
        traveller.shift(timedelta(days=180))
        purge_receipts()
        assert not MessageStatus.objects.exists()


@pytest.mark.parametrize(("kind", "mimetype"), [("audio", "audio/ogg"), ("image", "image/jpeg")])
def test_virtual_contacts_send_real_files(make_channel: MakeChannel, kind: str, mimetype: str) -> None:
    channel = simulator(make_channel)
    reply = download(channel, {"mimetype": mimetype, "filename": "", "url": SAMPLES[kind].url})
    assert isinstance(reply, HttpReply)
    upload = check_upload(reply.body, filename=SAMPLES[kind].filename)
    assert (upload.kind, upload.mimetype) == (kind, mimetype)
    assert len(reply.body) < 20_000


@pytest.mark.parametrize("url", ["", "simulator://media/", "simulator://media/../config.py", "simulator://send"])
def test_no_other_file_can_be_fetched(make_channel: MakeChannel, url: str) -> None:
    reply = download(simulator(make_channel), {"mimetype": "", "filename": "", "url": url})
    assert reply is None or reply.body == b"{}"


def test_files_travel_both_ways_through_the_inbox(make_channel: MakeChannel, ana: Membership) -> None:
    channel = simulator(make_channel, mix={"voice": 100}, speed=1000)
    phone = "+5511999998888"
    hook = {"type": "message", "id": "in-1", "phone": phone, "name": "Bia", "text": "", "kind": "audio"}
    SimulatedHook.objects.create(channel=channel, phone=phone, body=hook, due_at=now())
    run_simulated_contacts()
    drain()
    received = Attachment.objects.get()
    assert (received.kind, received.mimetype, received.error) == ("audio", "audio/ogg", "")
    assert received.size > 1_000
    thread = Conversation.objects.get()
    photo = check_upload(sample_bytes(SAMPLES["image"].url) or b"", filename="foto.jpg")
    sent = send_message(thread, body="", author=ana, origin=Origin.HUMAN, upload=photo)
    drain()
    sent.refresh_from_db()
    assert (sent.state, sent.kind) == ("sent", "image")
    SimulatedHook.objects.update(due_at=START)
    run_simulated_contacts()
    drain()
    sent.refresh_from_db()
    assert sent.state in {"delivered", "read"}
