"""Waiting for what happens on real sockets, and looking at what came of it."""

import time
from collections.abc import Callable
from typing import Any

from gateways.models import Channel
from gateways.services.health import check_channels
from sagas.models import OutboxEvent
from tests.support.jobs import drain


def until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    """Run what is due until the condition holds."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come true"
        drain()
        time.sleep(0.02)


def beat() -> None:
    """Let every number be asked how it is."""
    Channel.unscoped.update(next_check_at=None)
    check_channels()
    drain()


def state() -> str:
    return Channel.unscoped.get().state


def received() -> list[dict[str, Any]]:
    """Return every message that the numbers have understood so far."""
    events = OutboxEvent.objects.filter(name="gateways.MessagesReceived")
    return [message for event in events for message in event.payload["messages"]]
