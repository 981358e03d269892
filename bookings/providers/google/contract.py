"""What a calendar says and takes, in our own terms."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class CalendarEvent:
    """An event as Google tells it; ``start`` and ``end`` are moments, or days for an event of whole days.

    A cancelled one may have its id alone. ``mark`` is what Prosa wrote into its own events, empty for others.
    """

    id: str
    is_cancelled: bool = False
    is_busy: bool = True
    start: datetime | date | None = None
    end: datetime | date | None = None
    mark: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Changes:
    """One page of changes; exactly one of the tokens is set, the sync token on the last page."""

    events: list[CalendarEvent]
    next_page: str = ""
    sync_token: str = ""


@dataclass(frozen=True)
class Watch:
    """A channel on which Google says that something changed, until ``until``."""

    id: str
    resource: str
    until: datetime


@dataclass(frozen=True)
class Entry:
    """An event that Prosa writes. ``id`` is ours, of the letters a to v and digits, which makes writing idempotent."""

    id: str
    summary: str
    description: str
    location: str
    start: datetime
    end: datetime
    zone: str
    mark: dict[str, str]

    def body(self) -> dict[str, Any]:
        """Return it as Google takes it; patching with it brings a deleted event back."""
        return {
            "summary": self.summary, "description": self.description, "location": self.location,
            "start": {"dateTime": self.start.isoformat(), "timeZone": self.zone},
            "end": {"dateTime": self.end.isoformat(), "timeZone": self.zone},
            "status": "confirmed", "transparency": "opaque", "reminders": {"useDefault": True},
            "extendedProperties": {"private": self.mark},
        }  # fmt: skip
