"""What WAHA keeps of the past: its chats, the newest first, and of each the messages of a span.

The engine NOWEB keeps nothing unless its store is on; then the answer is a 400 that says so.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

from gateways.calls import Answer, HttpCall, HttpReply, Operation
from gateways.contract import History, RawHook
from gateways.formats.jids import is_person
from gateways.formats.loose import listing, mapping, text, when
from gateways.providers.waha.config import WahaConfig
from gateways.providers.waha.ids import chat_id, chat_of
from gateways.providers.waha.outcomes import detail_of

PAGE, MOST_PAGES, MOST_CHATS = 100, 20, 400
SECONDS = 30.0


def read_history(config: WahaConfig, since: datetime, until: datetime) -> Operation[History]:
    """Return what people wrote from ``since`` to ``until``."""
    chats = yield from _chats_since(config, since)
    if isinstance(chats, str):
        return History(problem=chats)
    hooks: list[RawHook] = []
    for chat in chats[:MOST_CHATS]:
        found = yield from _messages(config, chat, since, until)
        if isinstance(found, str):
            return History(tuple(hooks), found)
        hooks += found
    return History(tuple(hooks), "too many chats" if len(chats) > MOST_CHATS else "")


def _chats_since(config: WahaConfig, since: datetime) -> Operation[list[str] | str]:
    """Return the people with whom anything was written since then; a text says what went wrong."""
    found: list[str] = []
    for page in range(MOST_PAGES):
        path = f"/api/{config.session}/chats/overview?limit={PAGE}&offset={page * PAGE}"
        reply = yield HttpCall("GET", config.address(path), config.headers, timeout_seconds=SECONDS)
        if problem := _problem(reply):
            return problem
        rows = [mapping(row) for row in _rows(reply)]
        recent = [row for row in rows if when(mapping(row.get("lastMessage")).get("timestamp")) >= since]
        found += [chat for chat in (chat_id(_plain(row.get("id"))) for row in recent) if is_person(chat)]
        # The newest come first, so an older one ends it.
        if len(rows) < PAGE or len(recent) < len(rows):
            return found
    return found


def _messages(config: WahaConfig, chat: str, since: datetime, until: datetime) -> Operation[list[RawHook] | str]:
    span = f"filter.timestamp.gte={int(since.timestamp())}&filter.timestamp.lte={int(until.timestamp()) + 1}"
    found: list[RawHook] = []
    for page in range(MOST_PAGES):
        path = f"/api/{config.session}/chats/{quote(chat, safe='')}/messages"
        query = f"limit={PAGE}&offset={page * PAGE}&downloadMedia=false&{span}"
        reply = yield HttpCall("GET", config.address(f"{path}?{query}"), config.headers, timeout_seconds=SECONDS)
        if problem := _problem(reply):
            return problem
        rows = [mapping(row) for row in _rows(reply)]
        found += _hooks(config, rows, since, until)
        # Old versions do not know the filter: there too the newest come first.
        if len(rows) < PAGE or min(when(row.get("timestamp")) for row in rows) < since:
            break
    return found


def _hooks(config: WahaConfig, rows: list[dict[str, Any]], since: datetime, until: datetime) -> Iterator[RawHook]:
    for row in rows:
        if row.get("fromMe") is not True and text(row.get("id")) and since <= when(row.get("timestamp")) <= until:
            body = {"event": "message.any", "session": config.session, "payload": _with_file(config, row)}
            yield RawHook({}, orjson.dumps(body))


def _with_file(config: WahaConfig, row: dict[str, Any]) -> dict[str, Any]:
    """Files are not loaded along with a list; the message by itself leads to its file."""
    media = mapping(row.get("media"))
    chat = chat_of(text(row.get("id"))) or chat_id(row.get("from"))
    if row.get("hasMedia") is not True or media.get("url"):
        return row
    path = f"/api/{config.session}/chats/{quote(chat, safe='')}/messages/{quote(text(row.get('id')), safe='')}"
    return row | {"media": media | {"url": path}}


def _plain(value: Any) -> Any:
    return value.get("_serialized") if isinstance(value, dict) else value


def _rows(reply: Answer) -> list[Any]:
    return listing(reply.json()) if isinstance(reply, HttpReply) else []


def _problem(reply: Answer) -> str:
    if not isinstance(reply, HttpReply):
        return f"unreachable: {reply.detail}"[:200]
    if reply.status < 300 and isinstance(reply.json(), list):
        return ""
    return f"HTTP {reply.status} {detail_of(reply.json())}".strip()[:200]
