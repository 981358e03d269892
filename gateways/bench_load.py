"""The load of the bench of webhooks: signed bodies of a kilobyte as WAHA sends them, asked by wrk or by clients of our own."""

import asyncio
import hashlib
import hmac
import itertools
import multiprocessing
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import orjson
import uvloop
from django.db import connection

from core.clock import now

CONNECTIONS: Final = 64
CLIENTS: Final = 2
BODIES: Final = 500
KEY: Final = "bench"
# Longer than any round.
LONGEST_SECONDS: Final = 90.0


@dataclass(frozen=True)
class Answers:
    """``count`` is of those with 200; times are in milliseconds."""

    count: int
    failed: int
    p50: float
    p95: float
    p99: float


_LUA: Final = """
local threads = 0
function setup(thread) threads = threads + 1; thread:set("id", threads) end
function init() count = 0; prefix = id .. "-" .. os.time() .. "-" end
function request()
  count = count + 1
  local one = requests[count % #requests + 1]
  return one[1] .. "X-Webhook-Request-Id: " .. prefix .. count .. "\\r\\n\\r\\n" .. one[2]
end
function done(summary, latency)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  local found = {summary.requests - summary.errors.status, failed}
  for _, part in ipairs({50, 95, 99}) do found[#found + 1] = latency:percentile(part) / 1000 end
  io.write("\\nfound " .. table.concat(found, " ") .. "\\n")
end
"""


def by_wrk(port: int, path: str, seconds: float) -> Answers:
    """Ask with wrk, which takes little of the machine away from what is measured."""
    requests = ",\n".join(
        f"{{{_lua(head)}, {_lua(body)}}}" for head, body in (_request(path, n) for n in range(BODIES))
    )
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f"requests = {{{requests}}}\n{_LUA}")
        script.flush()
        command = [
            "wrk", f"-t{CLIENTS}", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "-s", script.name, f"http://127.0.0.1:{port}",
        ]  # fmt: skip
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    count, failed, *percentiles = output.rpartition("found ")[2].split()
    return Answers(int(count), int(failed), *(float(value) for value in percentiles))


def _lua(value: bytes) -> str:
    return '"' + "".join(chr(byte) if chr(byte).isalnum() else f"\\{byte:03d}" for byte in value) + '"'


def by_ourselves(port: int, path: str, seconds: float) -> Answers:
    """Ask without wrk; it takes more of the machine away from what is measured."""
    clients = in_processes(CLIENTS, partial(_client, port, path, seconds))
    answered = [latency * 1000 for latencies, _failed in clients for latency in latencies]
    percentiles = statistics.quantiles(answered, n=100)
    failed = sum(failed for _latencies, failed in clients)
    return Answers(len(answered), failed, percentiles[49], percentiles[94], percentiles[98])


@dataclass
class _Load:
    """What one client process sends: heads and bodies ready to be joined with a number of its own."""

    prefix: str
    requests: list[tuple[bytes, bytes]]
    ends: float
    latencies: list[float] = field(default_factory=list)
    failed: int = 0
    counter: "itertools.count[int]" = field(default_factory=itertools.count)


class _Connection(asyncio.Protocol):
    """One keep-alive connection that asks again as soon as it is answered."""

    def __init__(self, load: _Load, done: "asyncio.Future[None]") -> None:
        self.load, self.done = load, done

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.ask()

    def ask(self) -> None:
        number = next(self.load.counter)
        head, body = self.load.requests[number % len(self.load.requests)]
        identifier = f"X-Webhook-Request-Id: {self.load.prefix}-{number}\r\n\r\n".encode()
        self.asked = time.perf_counter()
        self.transport.write(head + identifier + body)

    def data_received(self, data: bytes) -> None:
        # Answers without a body fit in one segment.
        at = time.perf_counter()
        if b" 200 " in data[:20]:
            self.load.latencies.append(at - self.asked)
        else:
            self.load.failed += 1
        if at < self.load.ends:
            self.ask()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


def _client(port: int, path: str, seconds: float, number: int) -> tuple[list[float], int]:
    load = _Load(f"c{number}", [_request(path, index) for index in range(BODIES)], time.perf_counter() + seconds)
    uvloop.run(_drive(load, port))
    return load.latencies, load.failed


async def _drive(load: _Load, port: int) -> None:
    loop = asyncio.get_running_loop()
    ended = [loop.create_future() for _ in range(CONNECTIONS // CLIENTS)]
    for done in ended:
        await loop.create_connection(partial(_Connection, load, done), "127.0.0.1", port)
    await asyncio.gather(*ended)


def _request(path: str, number: int) -> tuple[bytes, bytes]:
    body = webhook(number)
    signature = hmac.new(KEY.encode(), body, hashlib.sha512).hexdigest()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"X-Webhook-Hmac: {signature}\r\nX-Webhook-Hmac-Algorithm: sha512\r\n"
    )
    return head.encode(), body


def webhook(number: int) -> bytes:
    """Return a kilobyte as WAHA sends it: three acknowledgements for each message, as campaigns bring."""
    chat = f"55119{number % 5000 + 80_000_000:08d}@c.us"
    payload: dict[str, Any] = {"from": chat, "fromMe": True, "timestamp": int(now().timestamp())}
    if number % 4:
        event, payload = "message.ack", payload | {"id": f"true_{chat}_B{number // 4}", "ack": number % 4}
    else:
        event, said = "message.any", {"id": f"false_{chat}_A{number}", "fromMe": False, "body": "Quanto custa?"}
        payload = payload | said | {"hasMedia": False, "source": "app", "to": "5511988880000@c.us"}
    envelope = {
        "id": f"evt_{number:012d}", "timestamp": payload["timestamp"] * 1000, "event": event, "session": "default",
        "me": {"id": "5511988880000@c.us", "pushName": "Loja"}, "payload": payload, "engine": "GOWS",
        "environment": {"version": "2026.7.1", "engine": "GOWS", "tier": "CORE", "browser": None},
    }  # fmt: skip
    payload["_data"] = {"fill": "x" * max(0, 1_000 - len(orjson.dumps(envelope)))}
    return orjson.dumps(envelope)


def in_processes(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run the function in that many forks at once and return what each gives back."""
    connection.close()
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    processes = [context.Process(target=lambda n=number: results.put(work(n))) for number in range(count)]
    for process in processes:
        process.start()
    found = [results.get(timeout=LONGEST_SECONDS) for _ in processes]
    for process in processes:
        process.join()
    return found
