"""The Simulator's server: takes sends and lets its virtual contacts call our webhooks when their time comes."""

from collections.abc import Callable
from datetime import timedelta

import orjson

from core.clock import now
from core.ids import uuid7
from core.tenancy import activate_organization, across_organizations
from gateways.contract import HttpCall, HttpReply, RawHook
from gateways.ingest import store_hook
from gateways.models import Channel, SimulatedHook
from gateways.providers.simulator.brain import react, virtual_contact
from gateways.providers.simulator.config import SimulatorConfig

BATCH = 200


def simulator_port(channel: Channel) -> Callable[[HttpCall], HttpReply]:
    """Return the server side of one Simulator channel."""
    config = SimulatorConfig.model_validate(channel.config if channel.provider == "simulator" else {})

    def serve(call: HttpCall) -> HttpReply:
        if call.url != "simulator://send":
            return HttpReply(200, b"{}")
        return _accept(channel, config, call.json["phone"], call.json["text"])

    return serve


def _accept(channel: Channel, config: SimulatorConfig, phone: str, text: str) -> HttpReply:
    with activate_organization(channel.organization_id):
        mine = SimulatedHook.objects.filter(channel=channel, phone=phone, body__type="ack", body__state="delivered")
        turn = mine.count()
        if virtual_contact(config, phone, turn).persona == "invalid" and config.replies:
            return HttpReply(404, b'{"error": "no such number"}')
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


def deliver_due_hooks() -> int:
    """Let every virtual contact whose time has come call its channel's webhook; return how many did."""
    with across_organizations():
        due = list(
            SimulatedHook.objects.filter(due_at__lte=now(), delivered_at=None)
            .select_related("channel")
            .order_by("due_at", "pk")[:BATCH]
        )
        for hook in due:
            body = {**hook.body, "at": hook.due_at.isoformat()}
            store_hook(hook.channel, RawHook({}, orjson.dumps(body)))
        SimulatedHook.objects.filter(pk__in=[hook.pk for hook in due]).update(delivered_at=now())
    return len(due)


