"""Receipts understood: in order per channel, in batches, one transaction each.

Whatever has waited long is taken one by one, its attempt committed before it is touched: a payload that kills its
worker is known after three attempts and put aside, and its neighbours get through.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from accounts.models import Membership
from accounts.services.audit import record_audit
from core.clock import now
from core.jobs import job
from core.live import signal
from core.tenancy import across_organizations
from gateways.contract import (
    AccountUpdate,
    ConnectionUpdate,
    DeliveryUpdate,
    ForOthers,
    Ignored,
    InboundMessage,
    MessageChange,
    Parsed,
    TemplateUpdate,
    Watermark,
)
from gateways.events import MessagesReceived, StatusesReceived, WatermarkPassed, change_payload, message_payload
from gateways.models import Channel, ChannelState, Receipt, ReceiptState
from gateways.official.services import update_status
from gateways.pool.hours import note_received
from gateways.registry import get_adapter
from gateways.services.evidence import note_events
from gateways.services.routing import Post
from gateways.services.states import log_event, mark_state, note_account
from gateways.statuses import record_statuses
from sagas.outbox import publish

logger = logging.getLogger(__name__)

BATCH = 500
MESSAGES_PER_EVENT = 100
MAX_ATTEMPTS = 3
MISSED_AFTER = timedelta(seconds=2)
CAREFUL_AFTER = timedelta(seconds=30)
OLD_AFTER = timedelta(minutes=10)
HISTORY_SLACK = timedelta(minutes=2)
STRANGERS_NOTED = timedelta(days=1)
NOT_YET = frozenset({ChannelState.CONNECTING, ChannelState.QR_REQUIRED})


@dataclass
class Understood:
    """A receipt and what its payload says; ``state`` and ``note`` are what its row will show.

    ``others`` is what it says of other accounts of the same app.
    """

    receipt: Receipt
    items: Sequence[Parsed]
    state: str
    note: str
    others: Sequence[ForOthers] = ()


@job("ingest")
def drain_receipts(*, organization_id: str, channel_id: str) -> None:
    """Process a channel's receipts until none waits."""
    drain_channel(UUID(channel_id))


@job("ingest")
def drain_missed() -> None:
    """Ring for channels whose receipts wait although their bell was lost."""
    with across_organizations():
        waiting = Receipt.objects.filter(state=ReceiptState.PENDING).filter(
            Q(attempts=0, received_at__lt=now() - MISSED_AFTER) | Q(received_at__lt=now() - CAREFUL_AFTER)
        )
        for organization_id, channel_id in waiting.values_list("organization_id", "channel_id").distinct():
            drain_receipts.enqueue(
                coalesce_key=str(channel_id), organization_id=str(organization_id), channel_id=str(channel_id)
            )


def drain_channel(channel_id: UUID) -> int:
    """Process what waits for the channel; return how many receipts were looked at.

    A receipt that cannot be processed stays and is tried again by later runs, three times in all.
    """
    done = drain_old(channel_id)
    while True:
        batch = drain_batch(channel_id)
        if batch is None:
            return done
        done += len(batch)
        # Whoever rang while we held the lock went away again, so what came until now is ours to find.
        if not batch and not _fresh(channel_id).exists():
            return done


def drain_batch(channel_id: UUID, *, size: int = BATCH) -> list[Receipt] | None:
    """Process the next receipts of the channel in their order and return them; None while another worker is at it."""
    with transaction.atomic():
        if not _lock(channel_id):
            return None
        receipts = list(_fresh(channel_id).order_by("pk")[:size])
        for receipt in receipts:
            receipt.attempts = 1
        if receipts:
            _process(channel_id, receipts)
    return receipts


def drain_old(channel_id: UUID) -> int:
    """Process one by one what should have been processed long ago; return how many."""
    old = _pending(channel_id).filter(received_at__lt=now() - CAREFUL_AFTER).order_by("pk")
    return sum(_drain_alone(channel_id, pk) for pk in list(old.values_list("pk", flat=True)[:BATCH]))


def _drain_alone(channel_id: UUID, pk: int) -> bool:
    with transaction.atomic():
        if not _lock(channel_id):
            return False
        receipt = _pending(channel_id).filter(pk=pk)
        receipt.filter(attempts__gte=MAX_ATTEMPTS).update(
            state=ReceiptState.FAILED, note="given up after three attempts", processed_at=now()
        )
        receipt.update(attempts=F("attempts") + 1)
    with transaction.atomic():
        found = receipt.first() if _lock(channel_id) else None
        if found is not None:
            _process(channel_id, [found])
    return found is not None


def replay_receipt(receipt: Receipt, *, actor: Membership | None = None) -> None:
    """Let a receipt be understood again; what it caused before is found and not repeated."""
    with transaction.atomic():
        Receipt.objects.filter(pk=receipt.pk).update(state=ReceiptState.PENDING, attempts=0, processed_at=None, note="")
        record_audit("receipt.replayed", actor=actor, target=str(receipt.pk))
        drain_receipts.enqueue(organization_id=str(receipt.organization_id), channel_id=str(receipt.channel_id))


def _pending(channel_id: UUID) -> "QuerySet[Receipt]":
    return Receipt.objects.filter(channel_id=channel_id, state=ReceiptState.PENDING)


def _fresh(channel_id: UUID) -> "QuerySet[Receipt]":
    return _pending(channel_id).filter(attempts=0)


def _lock(channel_id: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 1))", [f"drain:{channel_id}"])
        row = cursor.fetchone()
    return bool(row and row[0])


def _process(channel_id: UUID, receipts: Sequence[Receipt]) -> None:
    """Understand and apply the receipts all together, or one by one when something in them is refused."""
    channel = Channel.objects.get(pk=channel_id)
    if channel.removed_at is not None:
        _write_down([Understood(receipt, [], ReceiptState.IGNORED, "the number was removed") for receipt in receipts])
        return
    adapter = get_adapter(channel.provider)
    config = adapter.config_model.model_validate(channel.config)
    understood = [_understand(channel, partial(adapter.parse, config), receipt) for receipt in receipts]
    _hand_on(channel, config, understood)
    try:
        with transaction.atomic():
            _apply(channel, [item for one in understood for item in one.items])
    except Exception:  # one receipt may be refused by the database or a listener; the others must get through
        logger.exception("batch refused, going one by one", extra={"channel": str(channel_id), "count": len(receipts)})
        for one in understood:
            _apply_alone(channel, one)
    _write_down(understood)
    updates = [item for one in understood for item in one.items if isinstance(item, DeliveryUpdate)]
    note_events(channel, updates, at=now())


def _understand(channel: Channel, parse: Callable[[bytes], list[Parsed]], receipt: Receipt) -> Understood:
    try:
        parsed = parse(_without_nul(bytes(receipt.body)))
    except Exception as error:  # a payload may be wrong in any way; it is kept with the reason and can be replayed
        logger.exception("receipt not understood", extra={"receipt": receipt.pk})
        return Understood(receipt, [], *_failure(receipt, error))
    items = [_history(channel, item) for item in parsed]
    reasons = list(dict.fromkeys(item.reason for item in items if isinstance(item, Ignored)))
    others = [item for item in items if isinstance(item, ForOthers)]
    kept = [item for item in items if not isinstance(item, Ignored | ForOthers)]
    return Understood(receipt, kept, ReceiptState.DONE if kept else ReceiptState.IGNORED, "; ".join(reasons), others)


def _hand_on(channel: Channel, config: Any, understood: Sequence[Understood]) -> None:
    """Give other channels of the same app what is theirs; what nobody here has stays in the raw webhook and shows."""
    mixed = [one for one in understood if one.others]
    if not mixed:
        return
    post = Post(channel, config.app_secret)
    for one in mixed:
        names, unknown = post.take(one.receipt, one.others)
        if names:
            one.state = ReceiptState.DONE
        notes = [
            one.note,
            f"handed on to {', '.join(names)}" * bool(names),
            *(f"nobody here: {who}" for who in unknown),
        ]
        one.note = "; ".join(note for note in notes if note)
        for who in unknown:
            _note_stranger(channel, who)
    for organization_id, channel_id in post.hand_over():
        drain_receipts.enqueue(
            coalesce_key=str(channel_id), organization_id=str(organization_id), channel_id=str(channel_id)
        )


def _note_stranger(channel: Channel, who: str) -> None:
    """Let the number's history show, once a day, that its app speaks of an account that is not connected here."""
    if not channel.events.filter(kind="stranger", detail=who, at__gt=now() - STRANGERS_NOTED).exists():
        log_event(channel, "stranger", who)


def _history(channel: Channel, item: Parsed) -> Parsed:
    # A phone that connects sends its old chats along; they are not news and nobody may answer them.
    start = channel.connected_at or (channel.created_at if channel.state in NOT_YET else None)
    if isinstance(item, InboundMessage) and start is not None and item.at < start - HISTORY_SLACK:
        return Ignored("history: older than the connection of the number")
    return item


def _failure(receipt: Receipt, error: Exception) -> tuple[str, str]:
    spent = receipt.attempts >= MAX_ATTEMPTS
    return ReceiptState.FAILED if spent else ReceiptState.PENDING, f"{type(error).__name__}: {error}"


def _apply_alone(channel: Channel, one: Understood) -> None:
    try:
        with transaction.atomic():
            _apply(channel, one.items)
    except Exception as error:
        logger.exception("receipt refused", extra={"receipt": one.receipt.pk})
        one.items, (one.state, one.note) = [], _failure(one.receipt, error)


def _apply(channel: Channel, items: Sequence[Parsed]) -> None:
    for item in items:
        if isinstance(item, ConnectionUpdate):
            mark_state(channel, item.state, item.reason, phone=item.phone)
        elif isinstance(item, AccountUpdate):
            note_account(channel, item)
        elif isinstance(item, TemplateUpdate):
            update_status(channel, item)
        elif isinstance(item, Watermark):
            organization_id, channel_id = str(channel.organization_id), str(channel.pk)
            publish(WatermarkPassed(organization_id, channel_id, item.chat_id, item.state, item.at.isoformat()))
    _apply_statuses(channel, [item for item in items if isinstance(item, DeliveryUpdate)])
    note_received(channel, [item for item in items if isinstance(item, InboundMessage)])
    at = now()
    messages = [
        message_payload(item, is_old=item.at < at - OLD_AFTER) for item in items if isinstance(item, InboundMessage)
    ]
    changes = [change_payload(item) for item in items if isinstance(item, MessageChange)]
    for start in range(0, max(len(messages), len(changes)), MESSAGES_PER_EVENT):
        part = slice(start, start + MESSAGES_PER_EVENT)
        publish(MessagesReceived(str(channel.organization_id), str(channel.pk), messages[part], changes[part]))


def _apply_statuses(channel: Channel, updates: list[DeliveryUpdate]) -> None:
    external_ids = record_statuses(channel, updates)
    if external_ids:
        publish(StatusesReceived(str(channel.organization_id), str(channel.pk), external_ids))
        signal(channel.organization_id, "channels")


_WRITE_DOWN = """
UPDATE gateways_receipt AS receipt SET
  state = new.state, note = new.note, attempts = new.attempts,
  processed_at = CASE WHEN new.state = 'pending' THEN NULL ELSE now() END
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::int[]) AS new(id, state, note, attempts)
WHERE receipt.id = new.id
"""


def _write_down(understood: Sequence[Understood]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE_DOWN,
            [
                [one.receipt.pk for one in understood],
                [str(one.state) for one in understood],
                [one.note.replace("\x00", "")[:500] for one in understood],
                [one.receipt.attempts for one in understood],
            ],
        )


def _without_nul(body: bytes) -> bytes:
    # JSON may carry a NUL in a text and PostgreSQL stores none.
    return orjson.dumps(_stripped(orjson.loads(body))) if b"\\u0000" in body else body


def _stripped(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\x00", "")
        case dict():
            return {_stripped(key): _stripped(item) for key, item in value.items()}
        case list():
            return [_stripped(item) for item in value]
    return value
