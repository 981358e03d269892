"""What Evolution keeps of the past: the messages of a span, in pages (v2.1 to 2.3, where it saves new messages)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from gateways.calls import Answer, HttpCall, HttpReply, Operation
from gateways.contract import History, RawHook
from gateways.formats.loose import inside, listing, mapping, text, when
from gateways.providers.evolution.config import EvolutionConfig
from gateways.providers.evolution.outcomes import detail_of

PAGE, MOST_PAGES = 100, 100
SECONDS = 30.0


def read_history(config: EvolutionConfig, since: datetime, until: datetime) -> Operation[History]:
    """Return what people wrote from ``since`` to ``until``."""
    span = {"gte": since.astimezone(UTC).isoformat(), "lte": until.astimezone(UTC).isoformat()}
    url = config.address(f"/chat/findMessages/{config.instance}")
    hooks: list[RawHook] = []
    for page in range(1, MOST_PAGES + 1):
        body = {"where": {"messageTimestamp": span}, "page": page, "offset": PAGE}
        reply = yield HttpCall("POST", url, config.headers, body, timeout_seconds=SECONDS)
        if problem := _problem(reply):
            return History(tuple(hooks), problem)
        answer = mapping(reply.json()) if isinstance(reply, HttpReply) else {}
        rows = [mapping(row) for row in listing(inside(answer, "messages", "records"))]
        hooks += _hooks(config, rows, since, until)
        pages = inside(answer, "messages", "pages")
        if not rows or not isinstance(pages, int) or page >= pages:
            return History(tuple(hooks))
    return History(tuple(hooks), "too many messages")


def _hooks(config: EvolutionConfig, rows: list[dict[str, Any]], since: datetime, until: datetime) -> Iterator[RawHook]:
    for row in rows:
        key = mapping(row.get("key"))
        if key.get("fromMe") is True or not text(key.get("id")):
            continue
        if since <= when(row.get("messageTimestamp")) <= until:
            body = {"event": "messages.upsert", "instance": config.instance, "data": row}
            yield RawHook({}, orjson.dumps(body))


def _problem(reply: Answer) -> str:
    if not isinstance(reply, HttpReply):
        return f"unreachable: {reply.detail}"[:200]
    if reply.status < 300 and isinstance(inside(reply.json(), "messages"), dict):
        return ""
    return f"HTTP {reply.status} {detail_of(reply.json())}".strip()[:200]
