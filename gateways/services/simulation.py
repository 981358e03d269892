"""The Simulator's server: takes sends and lets its virtual contacts call our webhooks when their time comes."""

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta

import orjson
from django.db import transaction

from core.clock import now
from core.ids import uuid7
from core.tenancy import across_organizations, activate_organization
from gateways.calls import HttpCall, HttpReply
from gateways.contract import RawHook
from gateways.intake.ingest import store_hooks
from gateways.models import Channel, SimulatedHook
from gateways.providers.simulator.brain import react, virtual_contact
from gateways.providers.simulator.config import SimulatorConfig
from gateways.providers.simulator.media import sample_bytes

BATCH = 500
KEPT = timedelta(days=30)


def simulator_port(channel: Channel) -> Callable[[HttpCall], HttpReply]:
    """Return the server side of one Simulator channel."""
    config = SimulatorConfig.model_validate(channel.config if channel.provider == "simulator" else {})

    def serve(call: HttpCall) -> HttpReply:
        if call.url in {"simulator://send", "simulator://check"} and _is_nobody(config, call.json["phone"]):
            return HttpReply(404, b'{"error": "no such number"}')
        if (file := sample_bytes(call.url)) is not None:
            return HttpReply(200, file)
        if call.url == "simulator://send":
            return _accept(channel, config, call.json["phone"], call.json["text"])
        return HttpReply(200, b"{}")

    return serve


def _is_nobody(config: SimulatorConfig, phone: str) -> bool:
    return config.replies and virtual_contact(config, phone, 0).persona == "invalid"


def _accept(channel: Channel, config: SimulatorConfig, phone: str, text: str) -> HttpReply:
    with activate_organization(channel.organization_id):
        turn = _turns(channel, phone)
        external_id = f"sim-{uuid7().hex}"
        at = now()
        SimulatedHook.objects.bulk_create(
            SimulatedHook(
                organization_id=channel.organization_id,
                channel=channel,
                phone=phone,
                body=action.body,
                due_at=at + timedelta(seconds=action.delay_seconds / config.speed),
            )
            for action in react(config, phone=phone, external_id=external_id, text=text, turn=turn)
        )
    return HttpReply(201, orjson.dumps({"id": external_id}))


def _turns(channel: Channel, phone: str) -> int:
    """Return how many messages the virtual contact has had from us: each is acknowledged as sent once."""
    mine = SimulatedHook.objects.filter(channel=channel, phone=phone, body__type="ack", body__state="sent")
    return int(mine.count())


def deliver_due_hooks() -> int:
    """Let every virtual contact whose time has come call its channel's webhook; return how many did.

    Rows are locked while their webhooks are stored, so that two workers share the work, and a webhook that is delivered
    twice all the same has the same bytes and is counted as repeated.
    """
    with across_organizations(), transaction.atomic():
        due = list(
            SimulatedHook.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(due_at__lte=now(), delivered_at=None)
            .select_related("channel")
            .order_by("due_at", "pk")[:BATCH]
        )
        by_channel: dict[Channel, list[RawHook]] = defaultdict(list)
        for hook in due:
            body = {**hook.body, "at": hook.due_at.isoformat()}
            by_channel[hook.channel].append(RawHook({}, orjson.dumps(body)))
        for channel, hooks in by_channel.items():
            if channel.removed_at is None:
                store_hooks(channel, hooks)
        SimulatedHook.objects.filter(pk__in=[hook.pk for hook in due]).update(delivered_at=now())
    return len(due)


def forget_old_hooks() -> None:
    """Delete what virtual contacts did long ago; they have forgotten us as well."""
    with across_organizations():
        SimulatedHook.objects.filter(delivered_at__lt=now() - KEPT).delete()
