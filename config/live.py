"""The live process: one small ASGI application that streams "this topic changed" to open pages (server-sent events).

It reads the organization's Redis stream from the cursor that the page was rendered with, so nothing falls between; when the
cursor is older than what is kept, the page is told to look at everything again.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

import asyncio  # noqa: E402
import re  # noqa: E402
from collections.abc import Awaitable, Callable  # noqa: E402
from http.cookies import CookieError, SimpleCookie  # noqa: E402
from importlib import import_module  # noqa: E402
from typing import Any  # noqa: E402
from urllib.parse import parse_qs  # noqa: E402

import orjson  # noqa: E402
from asgiref.sync import sync_to_async  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user  # noqa: E402
from django.db import close_old_connections  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from redis.exceptions import RedisError  # noqa: E402

from accounts.middleware import find_membership  # noqa: E402
from core.live import stream_key  # noqa: E402
from core.redis import async_redis_client  # noqa: E402

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

BLOCK_MS = 15_000
LIFE_SECONDS = 15 * 60
CURSOR = re.compile(r"^\d{1,20}-\d{1,20}$")


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["type"] != "http":
        return
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
    cors = _cors(headers.get("origin", ""), headers.get("host", ""))
    if scope["path"] == "/health/live":
        await _answer(send, 200, b"ok", cors)
        return
    organization_id = await sync_to_async(_organization_of, thread_sensitive=False)(headers.get("cookie", ""))
    if organization_id is None or scope["method"] != "GET":
        await _answer(send, 401, b"", cors)
        return
    query = parse_qs(scope["query_string"].decode("latin-1"))
    cursor = headers.get("last-event-id") or (query.get("since") or ["$"])[0]
    await _stream(organization_id, cursor if CURSOR.match(cursor) else "$", receive, send, cors)


async def _stream(
    organization_id: str, cursor: str, receive: Receive, send: Send, cors: list[tuple[bytes, bytes]]
) -> None:
    headers = [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        *cors,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"retry: 3000\n\n", "more_body": True})
    gone = asyncio.ensure_future(_disconnected(receive))
    client = async_redis_client(blocking_seconds=BLOCK_MS / 1000)
    ends = asyncio.get_running_loop().time() + LIFE_SECONDS
    key = stream_key(organization_id)
    try:
        if cursor != "$" and await _is_trimmed(client, key, cursor):
            await send({"type": "http.response.body", "body": b"event: resync\ndata: {}\n\n", "more_body": True})
        while not gone.done() and asyncio.get_running_loop().time() < ends:
            read = asyncio.ensure_future(client.xread({key: cursor}, count=100, block=BLOCK_MS))
            await asyncio.wait({read, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                read.cancel()
                break
            body, cursor = _events(read.result(), cursor)
            await send({"type": "http.response.body", "body": body or b": still here\n\n", "more_body": True})
    except (RedisError, OSError):
        # The page reconnects by itself and polls meanwhile.
        pass
    finally:
        gone.cancel()
        await client.aclose()  # type: ignore[attr-defined]  # the stubs are older than the library
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _events(read: Any, cursor: str) -> tuple[bytes, str]:
    parts: list[bytes] = []
    for _key, entries in read or []:
        for entry_id, fields in entries:
            cursor = entry_id.decode()
            data = orjson.dumps({"topic": fields[b"topic"].decode(), "data": orjson.loads(fields[b"data"])})
            parts.append(b"event: signal\nid: " + entry_id + b"\ndata: " + data + b"\n\n")
    return b"".join(parts), cursor


async def _is_trimmed(client: Any, key: str, cursor: str) -> bool:
    oldest = await client.xrange(key, count=1)
    if not oldest:
        return cursor != "0-0"
    return cursor != "0-0" and _order(cursor) < _order(oldest[0][0].decode())


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence)


def _organization_of(cookies: str) -> str | None:
    try:
        jar = SimpleCookie(cookies)
    except CookieError:
        return None
    if settings.SESSION_COOKIE_NAME not in jar:
        return None
    close_old_connections()
    try:
        request = HttpRequest()
        store = import_module(settings.SESSION_ENGINE).SessionStore
        request.session = store(jar[settings.SESSION_COOKIE_NAME].value)
        request.user = get_user(request)
        membership = find_membership(request) if request.user.is_authenticated else None
        return str(membership.organization_id) if membership else None
    finally:
        close_old_connections()


def _cors(origin: str, host: str) -> list[tuple[bytes, bytes]]:
    # The pages come from the web process on another port of the same host, or from the configured address.
    same_host = origin.split("://")[-1].rsplit(":", 1)[0] == host.rsplit(":", 1)[0]
    if not origin or not (same_host or origin == settings.BASE_URL):
        return []
    return [
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]


async def _answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    await send(
        {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain"), *headers]}
    )
    await send({"type": "http.response.body", "body": body})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
