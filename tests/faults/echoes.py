"""What a gateway tells in its webhooks about messages that it took: posted at the fast door, as a server would."""

import io
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection

from core.clock import now
from gateways.models import Channel
from gateways.wsgi import HookDoor
from tests.gateways.conftest import signed
from tests.support.jobs import drain


class Door:
    """The product's WSGI entrance for webhooks, with its committer, called from several threads."""

    def __init__(self) -> None:
        self.wsgi = HookDoor(lambda _environ, _start: [])

    def post(self, channel: Channel, event: dict[str, Any]) -> int:
        """Deliver one signed webhook and return the status of the answer."""
        body, headers = signed(event)
        statuses: list[int] = []
        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": f"/hooks/waha/{channel.hook_token}/", "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body),
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
        }  # fmt: skip
        self.wsgi(environ, lambda status, _fields: statuses.append(int(status[:3])))
        return statuses[0]

    def post_all(self, hooks: Iterable[tuple[Channel, dict[str, Any]]], threads: int = 8) -> list[int]:
        """Deliver webhooks, several at the same time; return the statuses."""

        def deliver(hook: tuple[Channel, dict[str, Any]]) -> int:
            try:
                return self.post(*hook)
            finally:
                connection.close()

        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(deliver, hooks))


@contextmanager
def open_door() -> Iterator[Door]:
    door = Door()
    try:
        yield door
    finally:
        door.wsgi.committer.close()


def echo(hit: dict[str, Any]) -> dict[str, Any]:
    """Return the webhook in which the server tells of a message that its API sent."""
    payload = {
        "id": f"true_{hit['chatId']}_{hit['id']}", "timestamp": int(now().timestamp()), "from": "5511988880000@c.us",
        "to": hit["chatId"], "fromMe": True, "source": "api", "body": hit["text"], "hasMedia": False, "ack": 0,
    }  # fmt: skip
    return {"event": "message.any", "session": hit["session"], "payload": payload, "id": f"evt_echo_{hit['id']}"}


def tell_echoes(channels: Sequence[Channel], hits: Sequence[dict[str, Any]]) -> None:
    """Let the product learn of every message in the server's log."""
    by_session = {str(channel.config["session"]): channel for channel in channels}
    with open_door() as door:
        statuses = door.post_all((by_session[hit["session"]], echo(hit)) for hit in hits)
    assert statuses == [200] * len(hits)
    drain()
