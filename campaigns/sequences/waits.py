"""When a step of a sequence is due. No clock, no database."""

from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from campaigns.models import WaitUnit
from core.clock import local


class Wait(Protocol):
    """What a step waits after the one before, as it is kept or still being written."""

    @property
    def wait(self) -> int: ...

    @property
    def unit(self) -> str: ...


def due_at(sent_at: datetime, step: Wait, zone: str) -> datetime:
    """Return when a step is due for who got the one before; days are those of the calendar, at the same time of day."""
    if step.unit == WaitUnit.HOURS:
        return sent_at + timedelta(hours=step.wait)
    return (local(sent_at, zone).replace(tzinfo=None) + timedelta(days=step.wait)).replace(tzinfo=ZoneInfo(zone))


def due_since(at: datetime, step: Wait, zone: str) -> datetime:
    """Return how long ago the step before must have left for this one to be due."""
    if step.unit == WaitUnit.HOURS:
        return at - timedelta(hours=step.wait)
    return (local(at, zone).replace(tzinfo=None) - timedelta(days=step.wait)).replace(tzinfo=ZoneInfo(zone))
