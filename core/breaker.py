"""Circuit breakers shared by all processes: a dependency that fails is left alone for a while, then probed by one.

A breaker opens when at least ``failures`` calls failed within ``window`` seconds and they are at least ``ratio`` of
all. After ``cool_down`` seconds one caller at a time, holding a lease, may try; its success closes the breaker. From
the second failure in a row on, no more calls are let out together than failures are still allowed, so that a crowd of
workers does not hammer a server that has just died.
"""

import logging
import math
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import ClassVar
from uuid import UUID, uuid4

from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from core.errors import DomainError
from core.redis import redis_client, redis_key, run_script

logger = logging.getLogger(__name__)

OPEN_BOARD = "breakers:open"
_NOW = "local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"

# KEYS state, outcomes, in flight, probe, board of the open ones. ARGV failures, cool-down, lease, token.
# Answers {0 refused, 1 admitted, 2 probe, 3 not while so many are out; milliseconds to wait}.
_ADMIT = f"""{_NOW}
local opened = redis.call('HGET', KEYS[1], 'opened_at')
if opened then
  local wait = opened + ARGV[2] - now
  if wait > 0 then return {{0, wait}} end
  if redis.call('SET', KEYS[4], ARGV[4], 'NX', 'PX', ARGV[3]) then return {{2, 0}} end
  return {{0, math.max(1, redis.call('PTTL', KEYS[4]))}}
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
local streak = tonumber(redis.call('HGET', KEYS[1], 'streak') or '0')
if streak >= 2 and streak + redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[1]) then return {{3, 1000}} end
redis.call('ZADD', KEYS[3], now + ARGV[3], ARGV[4])
redis.call('PEXPIRE', KEYS[3], ARGV[3])
return {{1, 0}}
"""

# ARGV outcome (1 good, 0 bad, -1 neither), token, failures, ratio, window, cool-down, name. Answers the change, if any.
_SETTLE = f"""{_NOW}
redis.call('ZREM', KEYS[3], ARGV[2])
local outcome = tonumber(ARGV[1])
local kept = ARGV[5] + ARGV[6]
if redis.call('GET', KEYS[4]) == ARGV[2] then
  redis.call('DEL', KEYS[4])
  if outcome == 1 then redis.call('DEL', KEYS[1], KEYS[2]); redis.call('HDEL', KEYS[5], ARGV[7]); return 'closed' end
  if outcome == 0 then
    redis.call('HSET', KEYS[1], 'opened_at', now); redis.call('PEXPIRE', KEYS[1], kept)
    redis.call('HSET', KEYS[5], ARGV[7], now .. ':' .. ARGV[6])
  end
  return ''
end
if outcome == -1 or redis.call('HGET', KEYS[1], 'opened_at') then return '' end
redis.call('LPUSH', KEYS[2], now .. ':' .. outcome)
redis.call('LTRIM', KEYS[2], 0, 199)
redis.call('PEXPIRE', KEYS[2], ARGV[5])
if outcome == 1 then redis.call('HDEL', KEYS[1], 'streak'); return '' end
redis.call('HINCRBY', KEYS[1], 'streak', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[5])
local bad, all = 0, 0
for _, entry in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
  local at, result = string.match(entry, '(%d+):(%d)')
  if tonumber(at) > now - ARGV[5] then
    all = all + 1
    if result == '0' then bad = bad + 1 end
  end
end
if bad < tonumber(ARGV[3]) or bad / all < tonumber(ARGV[4]) then return '' end
redis.call('HSET', KEYS[1], 'opened_at', now)
redis.call('PEXPIRE', KEYS[1], kept)
redis.call('HSET', KEYS[5], ARGV[7], now .. ':' .. ARGV[6])
return 'open'
"""


class CircuitOpenError(DomainError):
    """The dependency failed too often lately; nothing was sent."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, retry_after: float, *, is_open: bool = True) -> None:
        super().__init__(_("This service is failing and rests for a moment. Try again soon."), code="circuit_open")
        self.retry_after = max(1, math.ceil(retry_after))
        self.is_open = is_open
        """Whether the service is known to fail; else too many calls wait for its answer to add one more."""


@dataclass(frozen=True)
class Breaker:
    """One dependency, e.g. ``openai:<organization id>``; times are in seconds.

    ``lease`` is how long a call may take before it is taken for dead; it should exceed the call's own time-outs.
    """

    name: str
    failures: int = 5
    ratio: float = 0.5
    window: float = 60.0
    cool_down: float = 30.0
    lease: float = 70.0

    _alone: ClassVar[defaultdict[str, threading.BoundedSemaphore]] = defaultdict(lambda: threading.BoundedSemaphore(1))

    @contextmanager
    def guard(self, counts: tuple[type[BaseException], ...] = (Exception,)) -> Iterator[None]:
        """Let the block run unless open; the exceptions named in ``counts`` are failures, others say nothing."""
        token = uuid4().hex
        try:
            limits = (self.failures, _ms(self.cool_down), _ms(self.lease), token)
            verdict, wait = run_script(_ADMIT, self._keys(), limits)
        except RedisError:
            with self._one_at_a_time():
                yield
            return
        if verdict in {0, 3}:
            raise CircuitOpenError(int(wait) / 1000, is_open=verdict == 0)
        outcome = -1
        try:
            yield
            outcome = 1
        except counts:
            outcome = 0
            raise
        finally:
            self._settle(outcome, token)

    def state(self) -> str:
        """Return ``closed``, ``open`` or ``half_open``."""
        opened = redis_client().hget(self._keys()[0], "opened_at")
        if opened is None:
            return "closed"
        seconds, micros = redis_client().time()
        return "open" if seconds + micros / 1e6 < int(opened) / 1000 + self.cool_down else "half_open"

    def reset(self) -> None:
        """Close the breaker and forget what happened."""
        *own, board = self._keys()
        redis_client().delete(*own)
        redis_client().hdel(board, self.name)

    def _settle(self, outcome: int, token: str) -> None:
        try:
            limits = (
                outcome, token, self.failures, self.ratio, _ms(self.window), _ms(self.cool_down), self.name,
            )  # fmt: skip
            change = run_script(_SETTLE, self._keys(), limits)
        except RedisError:
            # The lease of the call ends by itself; losing one outcome only delays the breaker.
            logger.warning("breaker outcome lost", extra={"dependency": self.name}, exc_info=True)
            return
        if change:
            logger.warning("breaker changed", extra={"dependency": self.name, "state": change.decode()})

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        # Without Redis nobody knows the state: the breaker counts as closed, but only one call of the process goes out.
        semaphore = self._alone[self.name]
        if not semaphore.acquire(blocking=False):
            raise CircuitOpenError(1, is_open=False)
        try:
            yield
        finally:
            semaphore.release()

    def _keys(self) -> tuple[str, str, str, str, str]:
        base = redis_key(f"breaker:{self.name}")
        return base, f"{base}:outcomes", f"{base}:flying", f"{base}:probe", redis_key(OPEN_BOARD)


def breaker_of(dependency: str, organization_id: UUID | str, *, place: str = "", **limits: float) -> Breaker:
    """Return the breaker of one dependency for one organization: another's wrong key must stop nobody else.

    ``place`` tells apart the servers of a dependency that has several, e.g. ``gateway.example.com_3000``.
    """
    name = f"{dependency}@{place.replace(':', '_')}" if place else dependency
    return Breaker(f"{name}:{organization_id}", **limits)  # type: ignore[arg-type]  # its own fields


@dataclass(frozen=True)
class OpenBreaker:
    """A dependency that is left alone; ``retry_at`` is when one call may try it."""

    dependency: str
    place: str
    organization_id: str
    opened_at: datetime
    retry_at: datetime


def open_breakers(organization_id: UUID | str | None = None) -> list[OpenBreaker]:
    """Return what is not closed now, of one organization or of all, oldest first; nothing when Redis is away."""
    try:
        board = redis_client().hgetall(redis_key(OPEN_BOARD))
        # What nobody has called for long is forgotten by its own keys first.
        names = [name.decode() for name in board if redis_client().exists(redis_key(f"breaker:{name.decode()}"))]
        found = [_open_from(name, board[name.encode()].decode()) for name in names]
    except RedisError:
        logger.warning("open breakers unknown", exc_info=True)
        return []
    mine = [one for one in found if organization_id is None or one.organization_id == str(organization_id)]
    return sorted(mine, key=lambda one: one.opened_at)


def _open_from(name: str, value: str) -> OpenBreaker:
    whole, _colon, organization_id = name.partition(":")
    dependency, _at, place = whole.partition("@")
    opened_ms, _colon, rest_ms = value.partition(":")
    opened_at = datetime.fromtimestamp(int(opened_ms) / 1000, UTC)
    return OpenBreaker(dependency, place, organization_id, opened_at, opened_at + timedelta(milliseconds=int(rest_ms)))


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
