"""What the fakes of the providers share: each runs in a thread of its own and knows which messages it accepted."""

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import aiohttp
import orjson

from tests.support.fake_http import Request, Response, listen


@dataclass
class Fault:
    """What the next calls to paths that begin with ``path`` are answered instead of served; ``times`` runs out."""

    path: str
    response: Response
    times: int = 1


@dataclass
class FakeGateway:
    """``accepted`` is the truth about what was sent to whom, ``calls`` everything that was asked."""

    accepted: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    hooks: Counter[int] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.http: aiohttp.ClientSession
        self.loop: asyncio.AbstractEventLoop
        self.tasks: set[asyncio.Task[None]] = set()

    def serve(self, request: Request) -> Response:
        """Answer one request; each fake says how."""
        raise NotImplementedError

    def handle(self, request: Request) -> Response:
        self.calls.append((request.method, request.path, request.json()))
        for fault in self.faults:
            if fault.times > 0 and request.path.startswith(fault.path):
                fault.times -= 1
                return fault.response
        return self.serve(request)

    def post_hook(self, url: str, value: Any, headers: Mapping[str, str] | None = None) -> None:
        """Call a webhook from the fake's own loop, again after each answer that is no success."""
        body = orjson.dumps(value)
        asyncio.run_coroutine_threadsafe(self._deliver(url, body, dict(headers or {})), self.loop)

    def post_raw(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        asyncio.run_coroutine_threadsafe(self._deliver(url, body, dict(headers)), self.loop)

    async def _deliver(self, url: str, body: bytes, headers: dict[str, str]) -> None:
        for attempt in range(5):
            status = 0
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with self.http.post(
                    url, data=body, headers={"Content-Type": "application/json", **headers}
                ) as answer:
                    status = answer.status
            self.hooks[status] += 1
            if 200 <= status < 300 or 400 <= status < 500:
                return
            await asyncio.sleep(min(0.2 * 2**attempt, 2))


F = TypeVar("F", bound=FakeGateway)


@dataclass
class Running(Generic[F]):
    url: str
    fake: F


@contextmanager
def running(fake: F, *, tell_url: Callable[[str], None] = lambda url: None) -> Iterator[Running[F]]:
    """Run a fake on a free port beside the test."""
    ready, stopped = threading.Event(), threading.Event()
    fake.loop, stop, found = asyncio.new_event_loop(), asyncio.Event(), []

    async def run() -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as fake.http:
            server, port, connections = await listen(fake.handle, 0)
            found.append(port)
            ready.set()
            await stop.wait()
            server.close()
            for connection in list(connections):
                connection.transport.abort()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        stopped.set()

    thread = threading.Thread(target=lambda: fake.loop.run_until_complete(run()), daemon=True)
    thread.start()
    if not ready.wait(10):
        raise RuntimeError("the fake server did not start")
    url = f"http://127.0.0.1:{found[0]}"
    tell_url(url)
    try:
        yield Running(url, fake)
    finally:
        fake.loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        fake.loop.close()
