"""Receipts understood: in order per channel, in batches, one transaction each."""

import dataclasses
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from core.clock import now
from core.jobs import job
from core.live import signal
from core.tenancy import across_organizations
from gateways.contract import ConnectionUpdate, DeliveryUpdate, Ignored, InboundMessage, Parsed
from gateways.events import MessagesReceived, StatusesReceived
from gateways.models import Channel, Receipt, ReceiptState
from gateways.registry import get_adapter
from gateways.services.states import mark_state
from gateways.statuses import record_statuses
from sagas.outbox import publish

logger = logging.getLogger(__name__)

BATCH = 500
OLD_AFTER = timedelta(minutes=10)


@job("ingest")
def drain_receipts(*, organization_id: str, channel_id: str) -> None:
    """Process a channel's receipts until none waits."""
    while drain_batch(UUID(channel_id)):
        pass


@job("ingest")
def drain_missed() -> None:
    """Ring for channels whose receipts wait although their bell was lost."""
    with across_organizations():
        waiting = Receipt.objects.filter(state=ReceiptState.PENDING, received_at__lt=now() - timedelta(seconds=2))
        for organization_id, channel_id in waiting.values_list("organization_id", "channel_id").distinct():
            drain_receipts.enqueue(
                coalesce_key=str(channel_id), organization_id=str(organization_id), channel_id=str(channel_id)
            )


@transaction.atomic
def drain_batch(channel_id: UUID) -> int:
    """Process the next receipts of a channel in their order; return how many. Another worker's channel is left alone."""
    if not _lock(channel_id):
        return 0
    channel = Channel.objects.get(pk=channel_id)
    receipts = list(
        Receipt.objects.filter(channel_id=channel_id, state=ReceiptState.PENDING).order_by("pk")[:BATCH]
    )
    if not receipts:
        return 0
    parsed = [_understand(channel, receipt) for receipt in receipts]
    _apply(channel, [item for items in parsed for item in items])
    Receipt.objects.bulk_update(receipts, ["state", "note", "attempts", "processed_at"])
    Channel.objects.filter(pk=channel_id).update(last_event_at=now())
    return len(receipts)


def replay_receipt(receipt: Receipt) -> None:
    """Let a receipt be understood again; what it caused before is found and not repeated."""
    Receipt.objects.filter(pk=receipt.pk).update(state=ReceiptState.PENDING, processed_at=None, note="")
    drain_receipts.enqueue(organization_id=str(receipt.organization_id), channel_id=str(receipt.channel_id))


def _lock(channel_id: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 1))", [f"drain:{channel_id}"])
        row = cursor.fetchone()
    return bool(row and row[0])


def _understand(channel: Channel, receipt: Receipt) -> list[Parsed]:
    adapter = get_adapter(channel.provider)
    receipt.attempts += 1
    receipt.processed_at = now()
    try:
        parsed = adapter.parse(adapter.config_model.model_validate(channel.config), bytes(receipt.body))
    except Exception as error:  # a payload may be wrong in any way; it is kept with the reason and can be replayed
        logger.exception("receipt not understood", extra={"receipt": receipt.pk})
        receipt.state, receipt.note = ReceiptState.FAILED, f"{type(error).__name__}: {error}"[:500]
        return []
    ignored = [item.reason for item in parsed if isinstance(item, Ignored)]
    receipt.state = ReceiptState.IGNORED if len(ignored) == len(parsed) else ReceiptState.DONE
    receipt.note = "; ".join(ignored)[:500]
    return parsed


def _apply(channel: Channel, parsed: Iterable[Parsed]) -> None:
    items = list(parsed)
    for update in items:
        if isinstance(update, ConnectionUpdate):
            mark_state(channel, update.state, update.reason, phone=update.phone)
    _apply_statuses(channel, [item for item in items if isinstance(item, DeliveryUpdate)])
    messages = [_message(channel, item) for item in items if isinstance(item, InboundMessage)]
    if messages:
        publish(MessagesReceived(str(channel.organization_id), str(channel.pk), messages))


def _apply_statuses(channel: Channel, updates: list[DeliveryUpdate]) -> None:
    if not updates:
        return
    record_statuses(channel, updates)
    external_ids = list(dict.fromkeys(update.external_id for update in updates))
    publish(StatusesReceived(str(channel.organization_id), str(channel.pk), external_ids))
    signal(channel.organization_id, "channels")


def _message(channel: Channel, message: InboundMessage) -> dict[str, Any]:
    body = dataclasses.asdict(message)
    body["at"] = message.at.isoformat()
    body["text"] = message.text.replace("\x00", "")
    body["is_old"] = _is_old(message.at)
    return body


def _is_old(at: datetime) -> bool:
    return at < now() - OLD_AFTER
