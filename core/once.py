"""A form that is sent twice acts once.

A double click, or a reload that sends again, carries the same key as the first time (``{% once %}`` writes one into each
form as it is drawn); the second request gets the address that the first one led to. Two tabs have two keys: whoever opens
a form twice means it twice. The database still refuses what must never be; this only spares people the duplicates that
it cannot tell from intention.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar, cast

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from redis.exceptions import RedisError

from core.redis import redis_client, redis_key

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
FIELD: Final = "once"
LONGEST_KEY: Final = 64
KEEP_SECONDS: Final = 3600
PATIENCE_SECONDS: Final = 10.0
RUNNING: Final = "-"
NOWHERE: Final = "."


def once(back: str) -> Callable[[View], View]:
    """Let each key of a form act once; ``back`` names the page for a second request whose first led nowhere.

    A refused form gives its key back, for it is sent again corrected.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            name = _name(request)
            if not name or _claim(name):
                return _first(name, lambda: view(request, *args, **kwargs))
            return redirect(_where_the_first_went(name) or resolve_url(back))

        return cast(View, guarded)

    return decorate


def _name(request: HttpRequest) -> str:
    key = request.POST.get(FIELD, "") if request.method == "POST" else ""
    session = request.session.session_key or ""
    return redis_key(f"once:{session}:{key}") if key and len(key) <= LONGEST_KEY and session else ""


def _claim(name: str) -> bool:
    try:
        return bool(redis_client().set(name, RUNNING, nx=True, ex=KEEP_SECONDS))
    except RedisError:
        return True  # rather a duplicate than nothing: Redis is never the truth


def _first(name: str, act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    try:
        response = act()
    except BaseException:
        _keep(name, "")
        raise
    done = response.status_code < 400
    _keep(name, (response.headers.get("Location") or NOWHERE) if done else "")
    return response


def _keep(name: str, address: str) -> None:
    """Remember where the first request led, or forget the key when nothing was done."""
    if not name:
        return
    try:
        if address:
            redis_client().set(name, address.encode(), ex=KEEP_SECONDS)
        else:
            redis_client().delete(name)
    except RedisError:
        return  # the key runs out by itself


def _where_the_first_went(name: str) -> str:
    """Wait for the first request, which may still run; nothing when it had no address or did not end in time."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        try:
            said = redis_client().get(name)
        except RedisError:
            return ""
        address = (said or b"").decode()
        if address != RUNNING:
            return address if address != NOWHERE else ""
        time.sleep(0.05)
    return ""
