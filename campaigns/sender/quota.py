"""What the plan still allows: messages of the day and month, reserved before the claim, and the rate per minute."""

import time
from collections import deque
from datetime import date
from threading import Lock
from uuid import UUID
from zoneinfo import ZoneInfo

from billing import services as billing
from core.clock import now
from core.ratelimit import reserve

# A plan without limits is asked in blocks of this size; one with limits for exactly what the next claim may take.
FREE_BLOCK = 500
# GCRA lets its rate and one more into the worst minute; this much slower, the worst minute holds exactly the limit.
MINUTE_SECONDS = 60.6
STALE_SECONDS = 1.0


class PlanQuota:
    """Messages reserved of an organization's plan by one drain. Methods run in a database thread."""

    def __init__(self, organization_id: UUID, zone: str) -> None:
        self.organization_id, self.zone = organization_id, ZoneInfo(zone)
        self.left = 0
        self._lock = Lock()
        self.day: date = now().astimezone(self.zone).date()
        usage = billing.usage(organization_id, now())
        self.is_limited = usage.daily_limit is not None or usage.monthly_limit is not None

    def ask(self, count: int) -> tuple[int, str]:
        """Return how many of ``count`` may be claimed, and why not more: a code of ``Grant.reason`` or nothing."""
        at = now()
        if at.astimezone(self.zone).date() != self.day:
            self.release()
            self.day = at.astimezone(self.zone).date()
        reason = ""
        with self._lock:
            if self.left < count:
                wanted = count - self.left if self.is_limited else FREE_BLOCK
                grant = billing.reserve_messages(self.organization_id, wanted, at=at)
                self.left += grant.granted
                reason = grant.reason
            return min(count, self.left), reason

    def use(self, count: int) -> None:
        """Note messages that were claimed, or with a negative count claims that ended without a message."""
        with self._lock:
            self.left -= count

    def release(self) -> None:
        """Give back what was reserved and not used."""
        with self._lock:
            left, self.left = self.left, 0
            billing.release_messages(self.organization_id, left, day=self.day)


class MinuteSlots:
    """Instants at which the organization may send, handed out by the limiter that all senders share."""

    def __init__(self, organization_id: UUID) -> None:
        self.organization_id = organization_id
        self.limit = billing.messages_per_minute(organization_id)
        self._instants: deque[float] = deque()

    @property
    def is_limited(self) -> bool:
        return self.limit is not None

    def first(self, count: int) -> float:
        """Return the seconds until the first of up to ``count`` slots; raises LimitUnavailableError without Redis."""
        at = time.monotonic()
        while self._instants and self._instants[0] < at - STALE_SECONDS:
            self._instants.popleft()
        if not self._instants and self.limit:
            rate = self.limit / MINUTE_SECONDS
            waits = reserve("send", str(self.organization_id), rate_per_second=rate, burst=1, count=count)
            self._instants.extend(at + wait for wait in waits)
        return max(0.0, self._instants[0] - at) if self._instants else 0.0

    def within(self, seconds: float) -> int:
        """Return how many of the slots lie within the next seconds."""
        limit = time.monotonic() + seconds
        return sum(1 for instant in self._instants if instant <= limit)

    def take(self, count: int) -> list[float]:
        """Return the instants of ``count`` sends, on the monotonic clock."""
        return [self._instants.popleft() for _ in range(min(count, len(self._instants)))]
