"""How fast webhooks come in and are understood, beside their limits in the same run.

Coming in: the web server of the product takes signed webhooks of a kilobyte over 64 connections and answers each after its
commit; the limit is a loop of eight processes that do nothing but INSERT the same rows with psycopg. Understood: batches
beside one receipt at a time.
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Final
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection

from accounts.models import Organization
from core.jobs import queue
from core.tenancy import activate_organization
from gateways.bench_load import KEY, by_ourselves, by_wrk, in_processes, webhook
from gateways.intake.receipts import NewReceipt, insert_receipts
from gateways.models import Channel, ChannelState, Receipt, ReceiptState
from gateways.services.drain import BATCH, drain_batch

ROUNDS: Final = 3
SECONDS: Final = 4.0
WARM_SECONDS: Final = 1.0
INSERTERS: Final = 8
SERVER_WORKERS: Final = 4
SERVER_THREADS: Final = 16
ALONE: Final = 400
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
    body = webhook(1)
    loop = partial(_insert_loop, _parameters(), channel.organization_id, channel.pk, body)
    return sum(in_processes(INSERTERS, loop)) / SECONDS


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


# ---- Coming in: the product's own server -----------------------------------------------------------------------------


def _ingest(channel: Channel) -> dict[str, float]:
    """Return how many webhooks a second are answered after their commit, and how long the answers take."""
    _empty(channel)
    path = f"/hooks/waha/{channel.hook_token}/"
    ask = by_wrk if shutil.which("wrk") else by_ourselves
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


# ---- Understood ------------------------------------------------------------------------------------------------------


def _understood(channel: Channel, count: int, size: int) -> float:
    """Return the receipts a second that one worker understands, so many to a transaction."""
    _empty(channel)
    for start in range(0, count, 1_000):
        numbers = range(start, min(start + 1_000, count))
        insert_receipts([NewReceipt(channel.organization_id, channel.pk, f"u{n}", webhook(n)) for n in numbers])
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
