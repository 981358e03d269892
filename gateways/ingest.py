"""Webhooks in: verified, deduplicated and stored raw in one insert, understood later."""

from dataclasses import dataclass
from uuid import UUID

import orjson
from django.db import connection

from core.tenancy import across_organizations
from gateways.contract import RawHook
from gateways.models import Channel
from gateways.registry import ADAPTERS, get_adapter
from gateways.services.drain import drain_receipts

MAX_BODY_BYTES = 1024 * 1024

_INSERT = """
INSERT INTO gateways_receipt (organization_id, channel_id, dedupe_key, body)
VALUES (%s, %s, %s, %s)
ON CONFLICT (channel_id, dedupe_key) DO UPDATE SET duplicates = gateways_receipt.duplicates + 1
RETURNING (xmax = 0)
"""


@dataclass
class Refusal(Exception):  # noqa: N818  # it is an answer, not an error
    """The hook is not stored; ``status`` is the HTTP answer."""

    status: int
    reason: str


def receive(provider: str, token: str, hook: RawHook) -> None:
    """Verify and store a webhook; raise :class:`Refusal` when it is not one of ours."""
    if len(hook.body) > MAX_BODY_BYTES:
        raise Refusal(413, "too large")
    channel = find_channel(provider, token)
    if channel is None:
        raise Refusal(404, "unknown address")
    adapter = get_adapter(channel.provider)
    if not adapter.verify_hook(adapter.config_model.model_validate(channel.config), hook):
        raise Refusal(401, "bad signature")
    try:
        orjson.loads(hook.body)
    except orjson.JSONDecodeError:
        raise Refusal(400, "not JSON") from None
    store_hook(channel, hook)


def find_channel(provider: str, token: str) -> Channel | None:
    """Return the channel that the address names."""
    if provider not in ADAPTERS:
        return None
    with across_organizations():
        channel: Channel | None = Channel.objects.filter(hook_token=token, provider=provider, removed_at=None).first()
    return channel


def store_hook(channel: Channel, hook: RawHook) -> bool:
    """Insert the receipt, secrets redacted; return whether it is new. A repeated one only counts."""
    adapter = get_adapter(channel.provider)
    body = adapter.redact(adapter.config_model.model_validate(channel.config), hook.body)
    new = _insert(channel.organization_id, channel.pk, adapter.dedupe_key(hook), body)
    if new:
        drain_receipts.enqueue(
            coalesce_key=str(channel.pk), organization_id=str(channel.organization_id), channel_id=str(channel.pk)
        )
    return new


def _insert(organization_id: UUID, channel_id: UUID, dedupe_key: str, body: bytes) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [organization_id, channel_id, dedupe_key, body])
        row = cursor.fetchone()
    return bool(row and row[0])
