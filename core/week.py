"""A week by its hours: how often something happened on each weekday and hour of an organization's own clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.clock import local

DAYS, HOURS = 7, 24
LEVELS = 5
# Shown even where nothing happened, so that a map of a few hours is read as one.
USUAL_HOURS = range(8, 20)


@dataclass(frozen=True)
class Week:
    """``counts`` by weekday, Monday first, and hour of the local day."""

    counts: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, found: Iterable[tuple[int, int, int]]) -> "Week":
        """Add up (weekday from 0, hour, how many)."""
        counts = [[0] * HOURS for _day in range(DAYS)]
        for day, hour, count in found:
            counts[day][hour] += count
        return cls(tuple(tuple(day) for day in counts))

    @property
    def total(self) -> int:
        return sum(map(sum, self.counts))

    @property
    def by_hour(self) -> list[int]:
        return [sum(day[hour] for day in self.counts) for hour in range(HOURS)]

    @property
    def hours(self) -> range:
        """The hours of the day that a map shows."""
        busy = [hour for hour, count in enumerate(self.by_hour) if count]
        return range(min([*busy, USUAL_HOURS[0]]), max([*busy, USUAL_HOURS[-1]]) + 1)

    @property
    def best(self) -> tuple[int, int] | None:
        """The weekday and hour in which most happened."""
        if not self.total:
            return None
        return max(
            ((day, hour) for day in range(DAYS) for hour in range(HOURS)), key=lambda at: self.counts[at[0]][at[1]]
        )

    def level(self, day: int, hour: int) -> int:
        """Return how dark a cell is, 0 for nothing to 5 for the most."""
        most = max(map(max, self.counts))
        return -(-self.counts[day][hour] * LEVELS // most) if most else 0


def utc_hours(zone: str, near: datetime) -> list[tuple[int, int]]:
    """Return for each hour of the week of UTC, Monday 0 h first, the local weekday and hour, by the clock of that week."""
    today = near.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    moments = [local(monday + timedelta(hours=number), zone) for number in range(DAYS * HOURS)]
    return [(at.weekday(), at.hour) for at in moments]
