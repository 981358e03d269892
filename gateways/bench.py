"""How fast webhooks come in and are understood, beside their limits in the same run.

Coming in: the web server of the product takes signed webhooks of a kilobyte over 64 connections and answers each after its
commit; the limit is a loop of eight processes that do nothing but INSERT the same rows with psycopg. Understood: batches
beside one receipt at a time.
"""

import asyncio
import hashlib
import hmac
import itertools
import multiprocessing
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import UUID

import orjson
import psycopg
import uvloop
from django.conf import settings
from django.db import connection

from accounts.models import Organization
from core.clock import now
from core.jobs import queue
from core.tenancy import activate_organization
from gateways.intake.receipts import NewReceipt, insert_receipts
from gateways.models import Channel, ChannelState, Receipt, ReceiptState
from gateways.services.drain import BATCH, drain_batch

ROUNDS: Final = 3
SECONDS: Final = 4.0
WARM_SECONDS: Final = 1.0
CONNECTIONS: Final = 64
CLIENTS: Final = 2
INSERTERS: Final = 8
SERVER_WORKERS: Final = 4
SERVER_THREADS: Final = 16
BODIES: Final = 500
ALONE: Final = 400
KEY: Final = "bench"
GOALS: Final = {"to_limit": 0.8, "p95_ms": 25.0, "batch_to_alone": 15.0, "batch_to_ingest": 1.5, "lost": 0}
AT_MOST: Final = {"p95_ms", "lost"}

INSERT: Final = """
INSERT INTO gateways_receipt (organization_id, channel_id, dedupe_key, body) VALUES (%b, %b, %t, %b)
ON CONFLICT (channel_id, dedupe_key) DO NOTHING
"""


def run(size: int = 10_000) -> dict[str, Any]:
    """Measure; ``size`` is how many receipts a round of the batch worker understands."""
    load = os.getloadavg()[0]
    organization = Organization.objects.create(name="Bench")
    try:
        with activate_organization(organization.pk):
            channel = _channel(organization)
            rounds = [_round(channel, size) for _ in range(ROUNDS)]
    finally:
        Receipt.objects.filter(organization=organization).delete()
        organization.delete()
        queue("ingest").empty()  # type: ignore[no-untyped-call]
    return _report(size, rounds, load)


def _channel(organization: Organization) -> Channel:
    channel = Channel(organization=organization, provider="waha", name="Bench", state=ChannelState.CONNECTED)
    channel.config = {"base_url": "http://127.0.0.1:3000", "hmac_key": KEY}
    channel.save()
    return channel


def _round(channel: Channel, size: int) -> dict[str, float]:
    limit = _inserts(channel)
    figures = {"limit_per_s": limit} | _ingest(channel)
    figures["alone_per_s"] = _understood(channel, ALONE, 1)
    figures["batch_per_s"] = _understood(channel, size, BATCH)
    return figures


def _report(size: int, rounds: Sequence[dict[str, float]], load: float) -> dict[str, Any]:
    figures = {name: round(statistics.median(one[name] for one in rounds), 2) for name in rounds[0]}
    ratios = {
        "to_limit": round(figures["ingest_per_s"] / figures["limit_per_s"], 3),
        "batch_to_alone": round(figures["batch_per_s"] / figures["alone_per_s"], 1),
        "batch_to_ingest": round(figures["batch_per_s"] / figures["ingest_per_s"], 2),
    }
    reached = figures | ratios
    met = {name: reached[name] <= goal if name in AT_MOST else reached[name] >= goal for name, goal in GOALS.items()}
    return {
        "size": size, "runs": len(rounds), "load": load, "client": "wrk" if shutil.which("wrk") else "own",
        "figures": figures, "ratios": ratios, "goals": GOALS,
        "reached": met, "met": all(met.values()), "rounds": list(rounds),
    }  # fmt: skip


# ---- The limit: nothing but the INSERT ------------------------------------------------------------------------------


def _inserts(channel: Channel) -> float:
    """Return the rows a second that eight processes commit one by one."""
    _empty(channel)
    body = _webhook(1)
    loop = partial(_insert_loop, _parameters(), channel.organization_id, channel.pk, body)
    return sum(_in_processes(INSERTERS, loop)) / SECONDS


def _insert_loop(parameters: dict[str, Any], organization: UUID, channel: UUID, body: bytes, number: int) -> int:
    count = 0
    with psycopg.connect(**parameters, autocommit=True) as own, own.cursor() as cursor:
        ends = time.perf_counter() + SECONDS
        while time.perf_counter() < ends:
            cursor.execute(INSERT, (organization, channel, f"{number}-{count}", body), prepare=True)
            count += 1
    return count


def _parameters() -> dict[str, Any]:
    found = connection.get_connection_params()
    return {name: found[name] for name in ("dbname", "user", "password", "host", "port") if found.get(name)}


def _in_processes(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run the function in that many forks at once and return what each gives back."""
    connection.close()
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    processes = [context.Process(target=lambda n=number: results.put(work(n))) for number in range(count)]
    for process in processes:
        process.start()
    found = [results.get(timeout=SECONDS * 10 + 30) for _ in processes]
    for process in processes:
        process.join()
    return found


# ---- Coming in: the product's own server -----------------------------------------------------------------------------


def _ingest(channel: Channel) -> dict[str, float]:
    """Return how many webhooks a second are answered after their commit, and how long the answers take."""
    _empty(channel)
    path = f"/hooks/waha/{channel.hook_token}/"
    ask = _by_wrk if shutil.which("wrk") else _by_ourselves
    with _server() as port:
        # Once in vain: every thread of the server opens its connection and looks the number up.
        ask(port, path, WARM_SECONDS)
        _empty(channel)
        answers = ask(port, path, SECONDS)
    stored = Receipt.objects.filter(channel=channel).count()
    return {
        "ingest_per_s": answers.count / SECONDS,
        "p50_ms": answers.p50,
        "p95_ms": answers.p95,
        "p99_ms": answers.p99,
        "failed": answers.failed,
        "lost": max(0, answers.count - stored),
    }


@dataclass(frozen=True)
class _Answers:
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


def _by_wrk(port: int, path: str, seconds: float) -> _Answers:
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
    return _Answers(int(count), int(failed), *(float(value) for value in percentiles))


def _lua(value: bytes) -> str:
    return '"' + "".join(chr(byte) if chr(byte).isalnum() else f"\\{byte:03d}" for byte in value) + '"'


def _by_ourselves(port: int, path: str, seconds: float) -> _Answers:
    """Ask without wrk; it takes more of the machine away from what is measured."""
    clients = _in_processes(CLIENTS, partial(_client, port, path, seconds))
    answered = [latency * 1000 for latencies, _failed in clients for latency in latencies]
    percentiles = statistics.quantiles(answered, n=100)
    failed = sum(failed for _latencies, failed in clients)
    return _Answers(len(answered), failed, percentiles[49], percentiles[94], percentiles[98])


@contextmanager
def _server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-access-log",
        "--workers", str(SERVER_WORKERS), "--blocking-threads", str(SERVER_THREADS), "--backpressure", "1024",
        "--backlog", "2048", "--log-level", "error", "config.wsgi:application",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=os.environ | _environment())  # noqa: S603  # our own
    try:
        _await(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _environment() -> dict[str, str]:
    parameters = _parameters()
    dsn = psycopg.conninfo.make_conninfo(**parameters)
    query = "&".join(part for part in (f"host={parameters['host'].replace('/', '%2F')}",) if parameters.get("host"))
    url = f"postgresql://{parameters.get('user', '')}@/{parameters['dbname']}?{query}"
    return {
        "DATABASE_URL": os.environ.get("DATABASE_URL", url if parameters.get("host", "").startswith("/") else dsn),
        "REDIS_URL": settings.REDIS_URL, "PROSA_REDIS_PREFIX": settings.REDIS_PREFIX, "PROSA_DATA": str(settings.DATA_DIR),
        "PROSA_LOG_LEVEL": "WARNING",
    }  # fmt: skip


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _attempt in range(300):
        if process.poll() is not None:
            raise RuntimeError("the server did not start")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            time.sleep(1.0)  # every worker listens by then
            return
        time.sleep(0.1)
    raise RuntimeError("the server does not listen")


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
    body = _webhook(number)
    signature = hmac.new(KEY.encode(), body, hashlib.sha512).hexdigest()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"X-Webhook-Hmac: {signature}\r\nX-Webhook-Hmac-Algorithm: sha512\r\n"
    )
    return head.encode(), body


def _webhook(number: int) -> bytes:
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


# ---- Understood ------------------------------------------------------------------------------------------------------


def _understood(channel: Channel, count: int, size: int) -> float:
    """Return the receipts a second that one worker understands, so many to a transaction."""
    _empty(channel)
    for start in range(0, count, 1_000):
        numbers = range(start, min(start + 1_000, count))
        insert_receipts([NewReceipt(channel.organization_id, channel.pk, f"u{n}", _webhook(n)) for n in numbers])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE gateways_receipt")  # as autovacuum does within the minute
    started = time.perf_counter()
    while drain_batch(channel.pk, size=size):
        pass
    elapsed = time.perf_counter() - started
    if Receipt.objects.filter(channel=channel).exclude(state=ReceiptState.DONE).exists():
        raise RuntimeError("not every receipt was understood")
    return count / elapsed


def _empty(channel: Channel) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM gateways_receipt WHERE channel_id = %s", [channel.pk])
        cursor.execute("DELETE FROM gateways_messagestatus WHERE channel_id = %s", [channel.pk])
        cursor.execute("VACUUM gateways_receipt")
