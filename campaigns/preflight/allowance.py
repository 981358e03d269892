"""What holds all numbers of an organization back together: its plan, and Meta's limit of people."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from billing.services import Usage
from core.clock import day_bounds, local

SHARED_FOR = timedelta(hours=24)


@dataclass
class Allowance:
    """What the organization's plan lets leave, day by day and month by month."""

    usage: Usage
    asked_at: datetime
    zone: str
    used: dict[date, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        today = local(self.asked_at, self.zone).date()
        self.used = {today: self.usage.sent_today}
        self.months = {(today.year, today.month): self.usage.sent_month}

    @property
    def is_limited(self) -> bool:
        limits = (self.usage.daily_limit, self.usage.monthly_limit, self.usage.trial_ends_at)
        return any(limit is not None for limit in limits)

    def left(self, at: datetime, day: date) -> tuple[int | None, str]:
        """Return how many messages may still leave, None for any number, and what holds the next one back."""
        if self.usage.trial_ends_at is not None and at >= self.usage.trial_ends_at:
            return 0, "trial_expired"
        found = [
            (limit - used, reason)
            for limit, used, reason in (
                (self.usage.daily_limit, self.used.get(day, 0), "daily_limit"),
                (self.usage.monthly_limit, self.months.get((day.year, day.month), 0), "monthly_limit"),
            )
            if limit is not None
        ]
        return min(found, default=(None, ""))

    def take(self, day: date, count: int) -> None:
        self.used[day] = self.used.get(day, 0) + count
        month = (day.year, day.month)
        self.months[month] = self.months.get(month, 0) + count

    def resets_at(self, day: date, reason: str) -> datetime | None:
        match reason:
            case "daily_limit":
                return day_bounds(day, self.zone)[1]
            case "monthly_limit":
                return day_bounds((day.replace(day=1) + timedelta(days=32)).replace(day=1), self.zone)[0]
        return None


class People:
    """How many different people the official numbers of one business may write to in any 24 hours, and when it did of late."""

    def __init__(self, limit: int, taken: Iterable[tuple[datetime, int]] = ()) -> None:
        self.limit = limit
        self._taken = deque(sorted(taken))
        self._sum = sum(count for _since, count in self._taken)

    def room(self, at: datetime) -> int:
        while self._taken and self._taken[0][0] <= at - SHARED_FOR:
            self._sum -= self._taken.popleft()[1]
        return self.limit - self._sum

    def frees_at(self) -> datetime | None:
        """Return when somebody leaves the 24 hours; None where nobody is in them."""
        return self._taken[0][0] + SHARED_FOR if self._taken else None

    def take(self, at: datetime, count: int) -> None:
        self._taken.append((at, count))
        self._sum += count
