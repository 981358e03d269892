"""When an agent works: days of the week and one span of hours, by the business's own clock. A span may pass midnight."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

WEEK = range(7)


@dataclass(frozen=True)
class WorkingHours:
    """``days`` are 0 to 6, Monday first, those on which the span begins."""

    days: frozenset[int]
    start: time
    end: time

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "WorkingHours | None":
        """Read ``{"days": [0..6], "start": "09:00", "end": "18:00"}``; empty means always."""
        if not data:
            return None
        return cls(frozenset(data["days"]), time.fromisoformat(data["start"]), time.fromisoformat(data["end"]))

    def as_json(self) -> dict[str, Any]:
        return {"days": sorted(self.days), "start": f"{self.start:%H:%M}", "end": f"{self.end:%H:%M}"}

    def is_open(self, at: datetime) -> bool:
        """Tell whether a local moment falls into the hours; the last minute does not."""
        today, yesterday, clock = at.weekday() in self.days, (at.weekday() - 1) % 7 in self.days, at.time()
        if self.start < self.end:
            return today and self.start <= clock < self.end
        return (today and clock >= self.start) or (yesterday and clock < self.end)

    def opening_after(self, at: datetime) -> datetime:
        """Return the next local moment at which the hours begin."""
        first = at.replace(hour=self.start.hour, minute=self.start.minute, second=0, microsecond=0)
        days = (first + timedelta(days=distance) for distance in range(8))
        return next(day for day in days if day > at and day.weekday() in self.days)
