"""Publish and subscribe over rows: an event is written in the transaction that makes it true.

Each subscriber has one delivery row per event, run at least once, in order within the event's ordering key, inside one
transaction with the mark that says it was done. Attempts are bounded; then the delivery is ``dead`` and waits for a
person in the admin.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction

from core.clock import now
from core.jobs import job
from core.tenancy import activate_organization
from sagas.events import E, Event, event_from
from sagas.models import OutboxDelivery, OutboxEvent

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
FIRST_RETRY = timedelta(seconds=2)


@dataclass(frozen=True)
class Subscriber:
    name: str
    function: Callable[[Any], None]


_subscribers: dict[str, list[Subscriber]] = defaultdict(list)


def subscriber(event_type: type[E]) -> Callable[[Callable[[E], None]], Callable[[E], None]]:
    """Declare a function of ``<app>/subscribers.py`` as a reaction to an event; it must be idempotent."""

    def declare(function: Callable[[E], None]) -> Callable[[E], None]:
        name = f"{function.__module__}.{function.__qualname__}"
        if all(known.name != name for known in _subscribers[event_type.name]):
            _subscribers[event_type.name].append(Subscriber(name, function))
        return function

    return declare


def has_subscribers(event_type: type[Event]) -> bool:
    """Say whether publishing such an event writes anything."""
    return bool(_subscribers[event_type.name])


def publish(event: Event) -> None:
    """Write the event and its deliveries in the open transaction and ring for them after commit."""
    listeners = _subscribers[event.name]
    if not listeners:
        return
    row = OutboxEvent.objects.create(
        organization_id=event.organization_id, name=event.name, payload=event.payload(), ordering_key=event.ordering_key
    )
    OutboxDelivery.objects.bulk_create(
        OutboxDelivery(event=row, subscriber=listener.name, ordering_key=event.ordering_key, due_at=row.created_at)
        for listener in listeners
    )
    deliver_events.enqueue(coalesce_key="outbox")


@job("urgent")
def deliver_events() -> None:
    """Bell of the outbox."""
    deliver_due()


def deliver_due(limit: int = 500) -> int:
    """Deliver what is due, oldest first; return how many deliveries were tried."""
    tried = 0
    while tried < limit and _deliver_next():
        tried += 1
    return tried


def _deliver_next() -> bool:
    failure: Exception | None = None
    with transaction.atomic():
        delivery = OutboxDelivery.objects.claim_next(now())
        if delivery is None:
            return False
        try:
            with transaction.atomic():
                _run(delivery)
        except Exception as error:  # a subscriber may fail in any way; the row keeps what happened
            failure = error
            logger.exception("delivery failed", extra={"subscriber": delivery.subscriber, "event": delivery.event_id})
        delivery.finish(failure, at=now(), max_attempts=MAX_ATTEMPTS, first_retry=FIRST_RETRY)
    return True


def _run(delivery: OutboxDelivery) -> None:
    stored = delivery.event
    function = next(s.function for s in _subscribers[stored.name] if s.name == delivery.subscriber)
    with activate_organization(stored.organization_id):
        function(event_from(stored.name, stored.payload))
