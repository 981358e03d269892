"""Webhooks in: verified, checked for syntax and stored raw, all before anything in them is understood.

The same function answers the fast door (:mod:`gateways.intake.wsgi`) and the Django view (:mod:`gateways.intake.webhooks`); they
differ in who commits. What is refused here was never stored; what is our own fault is for the caller to answer with a
503, because some providers never retry after a 4xx.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Exists, OuterRef, Q

from core.clock import now
from core.tenancy import across_organizations
from gateways.contract import Adapter, ConnectionUpdate, Ignored, RawHook
from gateways.intake.receipts import Address, NewReceipt, insert_receipts
from gateways.models import Channel, Receipt, ReceiptState
from gateways.registry import ADAPTERS, get_adapter
from gateways.services.drain import drain_receipts

MAX_BODY_BYTES = 1024 * 1024
MAX_DEPTH = 64
KNOWN_SECONDS = 5.0
MOST_KNOWN = 5_000
KEY_LENGTH = 128
REFUSED_NOTED = timedelta(minutes=1)

Store = Callable[[NewReceipt], None]


class Refusal(Exception):  # noqa: N818  # it is an answer, not an error
    """The hook is not stored; ``status`` is the HTTP answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Receiver:
    """The channel behind a webhook address, with its secrets opened."""

    organization_id: UUID
    channel_id: UUID
    adapter: Adapter
    config: Any
    known_until: float


_known: dict[tuple[str, str], Receiver] = {}


def receive(provider: str, token: str, headers: Mapping[str, str], body: bytes, *, store: Store) -> None:
    """Verify a webhook and store it, or raise :class:`Refusal`. Header names are in lower case."""
    receiver = find_receiver(provider, token)
    if len(body) > MAX_BODY_BYTES:
        raise Refusal(413, "too large")
    hook = RawHook(headers, body)
    if not receiver.adapter.verify_hook(receiver.config, hook):
        _note_refused(receiver)
        raise Refusal(401, "bad signature")
    check_json(body)
    receipt = receipt_of(receiver, hook)
    if receipt is not None:
        store(receipt)


def find_receiver(provider: str, token: str) -> Receiver:
    """Return the channel that the address names; it is remembered for some seconds. Raises :class:`Refusal` 404."""
    key = (provider, token)
    known = _known.get(key)
    if known is None or known.known_until < time.monotonic():
        known = _look_up(provider, token)
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[key] = known
    return known


def forget_receivers() -> None:
    """Let this process read the channels anew; others do so within seconds."""
    _known.clear()


def _look_up(provider: str, token: str) -> Receiver:
    channel = None
    # PostgreSQL knows no NUL in a text, and our own tokens are plain.
    if provider in ADAPTERS and token.isascii() and token.isprintable():
        with across_organizations():
            channel = Channel.objects.filter(hook_token=token, provider=provider, removed_at=None).first()
    if channel is None:
        raise Refusal(404, "unknown address")
    return receiver_of(channel)


def receiver_of(channel: Channel) -> Receiver:
    """Return the channel as the receiver of its own webhooks."""
    adapter = get_adapter(channel.provider)
    config = adapter.config_model.model_validate(channel.config)
    return Receiver(channel.organization_id, channel.pk, adapter, config, time.monotonic() + KNOWN_SECONDS)


def check_json(body: bytes) -> None:
    """Raise :class:`Refusal` 400 unless the body is JSON that no reader will choke on."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal(400, "not JSON") from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_deeper(value, MAX_DEPTH):
        raise Refusal(400, "nested too deeply")


def _is_deeper(value: Any, limit: int) -> bool:
    level = [value]
    for _depth in range(limit):
        children = (child for parent in level for child in (parent.values() if isinstance(parent, dict) else parent))
        level = [child for child in children if isinstance(child, dict | list)]
    return bool(level)


def _note_refused(receiver: Receiver) -> None:
    """Let the number's page show that webhooks come unsigned, once a minute at most: its owner may have to change that."""
    with across_organizations():
        Channel.objects.filter(
            Q(refused_hook_at=None) | Q(refused_hook_at__lt=now() - REFUSED_NOTED), pk=receiver.channel_id
        ).update(refused_hook_at=now())


def receipt_of(receiver: Receiver, hook: RawHook) -> NewReceipt | None:
    """Return what is to be stored, secrets redacted; None for a connection event that tells nothing new."""
    adapter = receiver.adapter
    key = adapter.dedupe_key(hook)[:KEY_LENGTH]
    if any(mark in hook.body for mark in adapter.connection_marks):
        epoch = _epoch_of_news(receiver, hook.body)
        if epoch is None:
            return None
        # Old servers send the same bytes for each "connecting": it is news again once the state has changed in between.
        key = f"{key[: KEY_LENGTH - 20]}:{epoch}"
    body = adapter.redact(receiver.config, hook.body)
    return NewReceipt(receiver.organization_id, receiver.channel_id, key, body)


def _epoch_of_news(receiver: Receiver, body: bytes) -> int | None:
    """Return when the state that this connection event may change began, or None when it would change nothing.

    Gateways repeat such events many times a second while they cannot reach WhatsApp, so no row is written for those. A
    read is enough unless something waits in line that may change the state first.
    """
    updates = [item for item in receiver.adapter.parse(receiver.config, body) if not isinstance(item, Ignored)]
    pending = Receipt.objects.filter(channel_id=OuterRef("pk"), state=ReceiptState.PENDING)
    with across_organizations():
        row = Channel.objects.filter(pk=receiver.channel_id).annotate(waits=Exists(pending))
        state, reason, state_at, waits = row.values_list("state", "state_reason", "state_at", "waits").get()
    # Whatever else such an event says, and words that nobody knows yet, are kept.
    is_same = bool(updates) and all(
        isinstance(u, ConnectionUpdate) and (u.state, u.reason[:300]) == (state, reason) for u in updates
    )
    if is_same and not waits:
        return None
    return int(state_at.timestamp() * 1000) if state_at else 0


def store_now(receipt: NewReceipt) -> None:
    """Insert one receipt on the caller's connection and ring for it on commit."""
    _ring_on_commit(insert_receipts([receipt]))


def _ring_on_commit(addresses: set[Address]) -> None:
    for organization_id, channel_id in addresses:
        drain_receipts.enqueue(
            coalesce_key=str(channel_id), organization_id=str(organization_id), channel_id=str(channel_id)
        )


def ring(address: Address) -> None:
    """Ring for a channel whose new receipts are committed; a bell that already waits is not repeated."""
    organization_id, channel_id = str(address[0]), str(address[1])
    drain_receipts.ring(coalesce_key=channel_id, organization_id=organization_id, channel_id=channel_id)


def store_hooks(channel: Channel, hooks: list[RawHook]) -> None:
    """Store webhooks that the product makes itself, as the Simulator does, in one statement."""
    receiver = receiver_of(channel)
    receipts = [receipt for hook in hooks if (receipt := receipt_of(receiver, hook)) is not None]
    if receipts:
        _ring_on_commit(insert_receipts(receipts))
