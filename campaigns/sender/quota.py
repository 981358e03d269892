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

# A plan without limits is only counted, in portions of this size; one with limits is asked before each claim.
COUNTED_AT_ONCE = 2_000
# GCRA lets its rate and one more into the worst minute; this much slower, the worst minute holds exactly the limit.
MINUTE_SECONDS = 60.6
STALE_SECONDS = 1.0


class PlanQuota:
    """Messages of an organization's plan that one drain may use. Methods run in the database threads."""

    def __init__(self, organization_id: UUID, zone: str) -> None:
        self.organization_id, self.zone = organization_id, ZoneInfo(zone)
        self._left = 0
        self._spent = 0
        self._lock = Lock()
        self.day: date = now().astimezone(self.zone).date()
        """That of which :meth:`ask` reserved last."""
        usage = billing.usage(organization_id, now())
        limits = (usage.daily_limit, usage.monthly_limit, usage.trial_ends_at)
        self.is_limited = any(limit is not None for limit in limits)

    def ask(self, count: int) -> tuple[int, str]:
        """Return how many of ``count`` may be claimed, and why not more: a code of ``Grant.reason`` or nothing."""
        at = now()
        if (today := at.astimezone(self.zone).date()) != self.day:
            self.release()
            self.day = today
        if not self.is_limited:
            return count, ""
        reason = ""
        with self._lock:
            if self._left < count:
                grant = billing.reserve_messages(self.organization_id, count - self._left, at=at)
                self._left += grant.granted
                reason = grant.reason
            return min(count, self._left), reason

    def claimed(self, count: int) -> None:
        """Note what was claimed of what :meth:`ask` allowed."""
        with self._lock:
            self._left -= count if self.is_limited else 0

    def settled(self, day: date, sent: int, unused: int) -> None:
        """Note how claims of a day ended: with a message that left, or may have, or without one."""
        with self._lock:
            if self.is_limited and day == self.day:
                self._left += unused
                return
            self._spent += 0 if self.is_limited else sent
            is_full = self._spent >= COUNTED_AT_ONCE
        if self.is_limited:
            billing.release_messages(self.organization_id, unused, day=day)  # what is over has no use for today
        elif is_full:
            self.release()

    def release(self) -> None:
        """Give back what was reserved and not used, and count what was used without being reserved."""
        with self._lock:
            left, self._left = self._left, 0
            spent, self._spent = self._spent, 0
        if spent:
            billing.reserve_messages(self.organization_id, spent, at=now())
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
