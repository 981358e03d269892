"""Rate limits shared by all processes, each decided by one Redis script on Redis' own clock.

:func:`check` and :func:`take` keep a sliding log: no window of the period ever holds more than the limit, wherever it
begins, and still the whole limit may be used at once. (A token bucket or GCRA with that burst lets twice the limit
through in the worst window, a fixed window does so at its edge.) :func:`reserve` is GCRA: it hands out future instants.
"""

import hashlib
import ipaddress
import logging
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from core.problem import problem, wants_problem
from core.redis import redis_key, run_script

logger = logging.getLogger(__name__)

LONGEST_KEY = 120

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

# ARGV limit, period in microseconds, wanted, whether a part of it is welcome. Answers {granted, remaining, wait}.
_SLIDING = """
local t = redis.call('TIME'); local now = t[1] * 1000000 + t[2]
local limit, period, wanted, partly = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local oldest = redis.call('LINDEX', KEYS[1], 0)
while oldest and tonumber(oldest) <= now - period do
  redis.call('LPOP', KEYS[1]); oldest = redis.call('LINDEX', KEYS[1], 0)
end
local used = redis.call('LLEN', KEYS[1])
local granted = math.max(0, math.min(wanted, limit - used))
if granted < wanted and not partly then granted = 0 end
for _ = 1, granted do redis.call('RPUSH', KEYS[1], now) end
if granted > 0 then redis.call('PEXPIRE', KEYS[1], math.ceil(period / 1000)) end
used = used + granted
if granted == wanted then return {granted, math.max(0, limit - used), 0} end
local needed = partly and 1 or math.min(wanted, limit)
local frees = redis.call('LINDEX', KEYS[1], used + needed - limit - 1)
return {granted, math.max(0, limit - used), frees and math.max(1, frees + period - now) or period}
"""

# ARGV interval in microseconds, burst, count. Answers the microseconds to wait for each.
_GCRA = """
local t = redis.call('TIME'); local now = t[1] * 1000000 + t[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local waits = {}
for i = 1, tonumber(ARGV[3]) do
  waits[i] = math.max(0, math.floor(due - (burst - 1) * interval - now))
  due = due + interval
end
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1000)
return waits
"""


class LimitUnavailableError(Exception):
    """Redis did not answer, so nobody knows when a slot is free."""


@dataclass(frozen=True)
class Verdict:
    """Whether a call may pass, or how many of the wanted ones; ``retry_after`` is in whole seconds."""

    allowed: bool
    limit: int
    remaining: int
    retry_after: int
    granted: int = 0

    @property
    def headers(self) -> dict[str, str]:
        base = {"X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remaining": str(self.remaining)}
        return base if self.allowed else {**base, "Retry-After": str(self.retry_after)}


def check(name: str, key: str, *, limit: int, period: int, cost: int = 1, fail_open: bool = False) -> Verdict:
    """Count ``cost`` calls against ``limit`` per ``period`` seconds, all or none. Without Redis: ``fail_open``."""
    return _decide(name, key, limit, period, cost, partly=False, fail_open=fail_open)


def take(name: str, key: str, *, limit: int, period: int, wanted: int, fail_open: bool = False) -> Verdict:
    """Count as many of ``wanted`` calls as fit now and say how many in ``granted``."""
    return _decide(name, key, limit, period, wanted, partly=True, fail_open=fail_open)


def reserve(name: str, key: str, *, rate_per_second: float, burst: int = 1, count: int = 1) -> list[float]:
    """Reserve ``count`` slots and return the seconds to wait for each; raises :class:`LimitUnavailableError`."""
    try:
        waits = run_script(_GCRA, [_key(name, key)], [1_000_000 / rate_per_second, burst, count])
    except RedisError as error:
        raise LimitUnavailableError(name) from error
    return [int(wait) / 1_000_000 for wait in waits]


def _decide(name: str, key: str, limit: int, period: int, wanted: int, *, partly: bool, fail_open: bool) -> Verdict:
    try:
        answer = run_script(_SLIDING, [_key(name, key)], [limit, period * 1_000_000, wanted, int(partly)])
    except RedisError:
        return _blind(name, limit, period, wanted, fail_open=fail_open)
    return _verdict(answer, limit, wanted)


def _key(name: str, key: str) -> str:
    # A key may be what somebody typed into a form.
    short = key if len(key) <= LONGEST_KEY else hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
    return redis_key(f"limit:{name}:{short}")


def _verdict(answer: Any, limit: int, wanted: int) -> Verdict:
    granted, remaining, wait = (int(number) for number in answer)
    return Verdict(granted == wanted, limit, remaining, math.ceil(wait / 1_000_000), granted)


def _blind(name: str, limit: int, period: int, wanted: int, *, fail_open: bool) -> Verdict:
    logger.warning("rate limit not counted", extra={"limit": name, "passed": fail_open}, exc_info=True)
    return Verdict(fail_open, limit, 0, 0 if fail_open else period, wanted if fail_open else 0)


def by_address(request: HttpRequest) -> str:
    """Return the caller's address behind the trusted proxies; of IPv6 the network, which one household has whole."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    if trusted := getattr(settings, "ALLAUTH_TRUSTED_PROXY_COUNT", 0):
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        address = hops[-trusted] if len(hops) >= trusted else address
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network(f"{parsed}/64", strict=False)) if parsed.version == 6 else str(parsed)


def rate_limited(
    name: str, *, limit: int, period: int, methods: Collection[str] = ()
) -> Callable[[View], View]:  # fmt: skip
    """Limit a view by the caller's address; ``methods`` leaves the others unlimited. Without Redis nobody is kept out."""

    def decorate(view: View) -> View:
        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if methods and request.method not in methods:
                return view(request, *args, **kwargs)
            verdict = check(name, by_address(request), limit=limit, period=period, fail_open=True)
            response = view(request, *args, **kwargs) if verdict.allowed else too_many(request, verdict)
            for header, value in verdict.headers.items():
                response.headers.setdefault(header, value)
            return response

        return cast(View, limited)

    return decorate


def too_many(request: HttpRequest, verdict: Verdict) -> HttpResponse:
    """Return the 429 answer: a page for people, problem+json for programs."""
    if wants_problem(request):
        return problem(429, _("Too many requests"), headers=verdict.headers)
    response = render(request, "429.html", {"retry_after": verdict.retry_after}, status=429)
    for header, value in verdict.headers.items():
        response.headers[header] = value
    return response
