"""What did not reach us is fetched from the provider's own history, where it keeps one.

After a silence its span is asked for; and every ten minutes the last ones are compared, because single webhooks get lost
without anybody being down. What is new goes through the same door as every webhook and is stored once, however often it is
found.
"""

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from core.breaker import CircuitOpenError
from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations
from gateways.contract import Adapter, History, InboundMessage, RawHook
from gateways.intake.ingest import store_hooks
from gateways.models import Channel, ChannelState, MissingSpan
from gateways.registry import ADAPTERS, get_adapter
from gateways.services.simulation import simulator_port
from gateways.services.states import tell_pages
from gateways.transport import sync

logger = logging.getLogger(__name__)

LOST = "lost"
MOST_TRIES = 5
FIRST_RETRY = timedelta(minutes=5)
LOOKED_FOR = timedelta(days=2)
# Messages of the last moments may still be on their way to us.
SETTLED = timedelta(minutes=2)
OVERLAP, FIRST_LOOK, LONGEST_LOOK = timedelta(minutes=5), timedelta(hours=1), timedelta(hours=24)
EDGE = timedelta(minutes=1)

Known = Callable[[UUID, Collection[str]], set[str]]
_sources: list[Known] = []


def known_messages(source: Known) -> Known:
    """Register who knows which of a channel's external ids are stored already."""
    if source not in _sources:
        _sources.append(source)
    return source


@dataclass(frozen=True)
class Found:
    """The messages that were new to us, and what kept the provider from telling all; both may be."""

    moments: tuple[datetime, ...] = ()
    problem: str = ""

    @property
    def count(self) -> int:
        return len(self.moments)


def fetch(channel: Channel, since: datetime, until: datetime) -> Found:
    """Bring in what people wrote from one moment to another and we do not have."""
    adapter = get_adapter(channel.provider)
    config = adapter.config_model.model_validate(channel.config)
    start = max(since, channel.connected_at or since)
    try:
        history = sync.run(adapter.history(config, start, until), simulator=simulator_port(channel))
    except CircuitOpenError as rest:
        return Found(problem=rest.code)
    missing = _missing(channel, adapter, config, history)
    with transaction.atomic():
        store_hooks(channel, [hook for hook, _message in missing])
    if history.problem:
        logger.info("history not read", extra={"channel": str(channel.pk), "problem": history.problem})
    return Found(tuple(message.at for _hook, message in missing), history.problem)


def _missing(
    channel: Channel, adapter: Adapter, config: Any, history: History
) -> list[tuple[RawHook, InboundMessage]]:  # fmt: skip
    told = {
        message.external_id: (hook, message) for hook in history.hooks for message in _messages(adapter, config, hook)
    }
    known = {one for source in _sources for one in source(channel.pk, told.keys())} if told else set()
    return sorted((pair for key, pair in told.items() if key not in known), key=lambda pair: pair[1].at)


def _messages(adapter: Adapter, config: Any, hook: RawHook) -> Iterable[InboundMessage]:
    return (item for item in adapter.parse(config, hook.body) if isinstance(item, InboundMessage) and not item.from_me)


# ---- After a silence


@job("default")
def look_back() -> None:
    """Ring for every silence that is over and whose messages were not fetched yet."""
    at = now()
    with across_organizations():
        over = MissingSpan.objects.filter(until__gt=at - LOOKED_FOR, dismissed_at=None, recovered=None)
        for span in over.filter(tries__lt=MOST_TRIES, channel__removed_at=None):
            if span.looked_at is None or span.looked_at + FIRST_RETRY * (1 << span.tries) <= at:
                look_into.enqueue(organization_id=str(span.organization_id), span_id=str(span.pk))


@job("bulk", timeout_seconds=600)
def look_into(*, organization_id: str, span_id: str) -> None:
    """Fetch the messages of one silence."""
    span = MissingSpan.objects.select_related("channel").filter(pk=span_id, recovered=None).first()
    if span is not None and span.until is not None and span.tries < MOST_TRIES:
        recover(span, now())


def recover(span: MissingSpan, at: datetime) -> MissingSpan:
    """Ask the provider for what it has of a silence, and note what came of it."""
    keeps = get_adapter(span.channel.provider).keeps_history
    until = (span.until or at) + EDGE
    found = fetch(span.channel, span.since - EDGE, until) if keeps else Found(problem="none kept")
    span.looked_at, span.tries = at, span.tries + 1 if keeps else MOST_TRIES
    span.recovered = found.count if found.count or not found.problem else None
    span.save(update_fields=["looked_at", "tries", "recovered"])
    tell_pages(span.channel)
    return span


# ---- While all seems well


@job("default")
def compare_histories() -> None:
    """Ring for every connected number whose provider keeps a history."""
    keeping = [code for code in ADAPTERS if get_adapter(code).keeps_history]
    with across_organizations():
        rows = Channel.objects.filter(provider__in=keeping, state=ChannelState.CONNECTED, removed_at=None)
        for organization_id, pk in rows.values_list("organization_id", "pk"):
            compare_history.enqueue(
                coalesce_key=str(pk), organization_id=str(organization_id), channel_id=str(pk)
            )  # fmt: skip


@job("bulk", timeout_seconds=600)
def compare_history(*, organization_id: str, channel_id: str) -> None:
    """Bring in what was lost on its way to us since the last comparison."""
    channel = Channel.objects.filter(pk=channel_id, removed_at=None, state=ChannelState.CONNECTED).first()
    if channel is not None:
        compare(channel, now())


def compare(channel: Channel, at: datetime) -> Found:
    """Compare the time since the last comparison; what was lost is shown as a silence that is over."""
    since = channel.compared_at - OVERLAP if channel.compared_at else at - FIRST_LOOK
    found = fetch(channel, max(since, at - LONGEST_LOOK), at - SETTLED)
    with transaction.atomic():
        if not found.problem:
            Channel.objects.filter(pk=channel.pk).update(compared_at=at - SETTLED)
        if found.count:
            _show(channel, found, at)
    return found


def _show(channel: Channel, found: Found, at: datetime) -> None:
    """Add what was found to a silence of that time that people still see, or show a new one."""
    first, last = found.moments[0], found.moments[-1]
    shown = MissingSpan.objects.filter(channel=channel, dismissed_at=None, until__gte=first - LONGEST_LOOK)
    near = shown.filter(since__lte=last, recovered__isnull=False).order_by("-since").first()
    if near is None:
        MissingSpan.objects.create(
            channel=channel, reason=LOST, since=first, until=last, looked_at=at, recovered=found.count, tries=1
        )  # fmt: skip
    else:
        until = max(near.until or last, last)
        MissingSpan.objects.filter(pk=near.pk).update(recovered=F("recovered") + found.count, until=until, looked_at=at)
    tell_pages(channel)
