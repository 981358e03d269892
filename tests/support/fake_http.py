"""A web server of the smallest kind, fast enough to stand in for a gateway in benchmarks: keep-alive, no pipelining."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import orjson

REASONS = {200: "OK", 201: "Created", 302: "Found", 401: "Unauthorized", 404: "Not Found", 422: "Unprocessable Entity"}


@dataclass(slots=True)
class Request:
    """Header names are in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


@dataclass(slots=True)
class Response:
    """``cut`` sends only half of it and closes; ``reset`` sends nothing and cuts hard; ``hang`` never answers."""

    status: int
    body: Any = b""
    headers: tuple[str, ...] = ()
    delay: float = 0.0
    cut: bool = False
    reset: bool = False
    hang: bool = False

    def encoded(self, closes: bool) -> bytes:
        body = self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Status')}", "Content-Type: application/json"]
        lines += [f"Content-Length: {len(body)}", *self.headers]
        lines += ["Connection: close"] if closes else []
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


Handler = Callable[[Request], Response]


class Connection(asyncio.Protocol):
    def __init__(self, handle: Handler, connections: set["Connection"]) -> None:
        self.handle, self.connections = handle, connections
        self.buffer = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's has another base
        self.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, separator, rest = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        request = _request(head, rest)
        if len(rest) < int(request.headers.get("content-length", 0)):
            return
        self.buffer = b""
        response = self.handle(request)
        closes = request.headers.get("connection", "").lower() == "close"
        if response.delay:
            asyncio.get_running_loop().call_later(response.delay, self._answer, response, closes)
        else:
            self._answer(response, closes)

    def _answer(self, response: Response, closes: bool) -> None:
        if response.hang or self.transport.is_closing():
            return
        if response.reset:
            self.transport.abort()
            return
        data = response.encoded(closes)
        self.transport.write(data[: len(data) - len(data) // 4] if response.cut else data)
        if closes or response.cut:
            self.transport.close()


def _request(head: bytes, body: bytes) -> Request:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _version = first.split(" ", 2)
    path, _, query = target.partition("?")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Request(method, path, query, headers, body)


async def listen(handle: Handler, port: int) -> tuple[asyncio.Server, int, set[Connection]]:
    """Serve on the loopback; port 0 finds a free one. Returns the server, its port and its open connections."""
    connections: set[Connection] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(handle, connections), "127.0.0.1", port, backlog=1024)
    return server, server.sockets[0].getsockname()[1], connections
