"""Rate limits shared by all processes: a sliding log in one Redis script.

No window of the period ever holds more than the limit, wherever it begins.
"""

import math
from dataclasses import dataclass

from redis.exceptions import RedisError

from core.redis import redis_client, redis_key

_SCRIPT = """
local now = redis.call('TIME'); local at = now[1] * 1000000 + now[2]
local period = tonumber(ARGV[2]) * 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at - period)
local used = redis.call('ZCARD', KEYS[1])
local limit, cost = tonumber(ARGV[1]), tonumber(ARGV[3])
if used + cost > limit then
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  local wait = oldest[2] and (tonumber(oldest[2]) + period - at) or period
  return {0, math.max(0, limit - used), wait}
end
for i = 1, cost do redis.call('ZADD', KEYS[1], at, at .. '-' .. i .. '-' .. used) end
redis.call('PEXPIRE', KEYS[1], math.ceil(period / 1000))
return {1, limit - used - cost, 0}
"""


@dataclass(frozen=True)
class Verdict:
    """Whether a call may pass; ``retry_after`` is in whole seconds."""

    allowed: bool
    limit: int
    remaining: int
    retry_after: int

    @property
    def headers(self) -> dict[str, str]:
        base = {"X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remaining": str(self.remaining)}
        return base if self.allowed else {**base, "Retry-After": str(self.retry_after)}


def check(name: str, key: str, *, limit: int, period: int, cost: int = 1, fail_open: bool = False) -> Verdict:
    """Count a call against ``limit`` per ``period`` seconds. Without Redis the answer is ``fail_open``."""
    try:
        passed, remaining, wait = redis_client().eval(
            _SCRIPT, 1, redis_key(f"limit:{name}:{key}"), limit, period, cost
        )
    except RedisError:
        return Verdict(fail_open, limit, 0, 0 if fail_open else period)
    return Verdict(bool(passed), limit, int(remaining), math.ceil(int(wait) / 1_000_000))
