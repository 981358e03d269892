"""How fast campaigns leave, against the gateway's own limit (wrk) and django-post_office, interleaved in one run.

Four sender processes with 16 connections each drive four unpaced numbers of one campaign over a fake WAHA server that
answers in 20 ms; every message is claimed and committed before its request. Each process (:func:`work`) is the product's
own sender, plus a count of its statements, plus an adapter without WAHA's pace.
"""

import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper

from accounts.models import Organization
from billing.services import start_subscription
from campaigns.models import Campaign, Recipient
from campaigns.sender import engine
from campaigns.services import lifecycle
from campaigns.services.lifecycle import VariantDraft
from core.database import database_url
from core.phones import match_key
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelState, NumberCheck
from gateways.providers.waha.adapter import WahaAdapter
from gateways.registry import ADAPTERS
from leads.models import Contact, ContactList, ListMembership

ROUNDS: Final = 3
WORKERS: Final = 4
CONNECTIONS: Final = 16
LATENCY_MS: Final = 20
WRK_SECONDS: Final = 4
PACED: Final = (80, 1_000)
PACED_SECONDS: Final = 6
PROVIDER: Final = "bench"
GOALS: Final = {
    "to_limit": 0.85, "wire_to_limit": 0.95, "to_peer": 1.8, "paced_80": 0.98, "paced_1000": 0.98,
    "statements_per_message": 0.05, "cpu_ms_per_message": 0.8, "duplicates": 0,
}  # fmt: skip
AT_MOST: Final = {"statements_per_message", "cpu_ms_per_message", "duplicates"}


class UnpacedWaha(WahaAdapter):
    """WAHA without the pace of a phone's number, so that the sender itself is what is measured."""

    code = PROVIDER
    is_paced = False


def register() -> None:
    """Make the provider known to this process, which is a bench and not the product."""
    ADAPTERS[PROVIDER] = f"{UnpacedWaha.__module__}.{UnpacedWaha.__qualname__}"


def run(size: int = 10_000) -> dict[str, Any]:
    """Return ``figures``, ``ratios``, ``goals`` and whether all were ``met``; needs ``wrk`` for the limit."""
    register()
    load = os.getloadavg()[0]
    organization = Organization.objects.create(name="Bench")
    start_subscription(organization, plan_code="enterprise")
    try:
        with ExitStack() as stack, activate_organization(organization.pk):
            bench = stack.enter_context(open_bench(organization, size))
            rounds = [_round(bench) for _ in range(ROUNDS)]
            paced = {rate: _paced(bench, rate) for rate in PACED}
    finally:
        Organization.objects.filter(pk=organization.pk).delete()
    return _report(size, rounds, paced, load)


# ---- The set-up -----------------------------------------------------------------------------------------------------


class Bench:
    """A gateway with its history, numbers on it, and a list of contacts whose numbers are known to exist."""

    def __init__(
        self, organization: Organization, size: int, folder: Path, gateway: str, numbers: int = WORKERS
    ) -> None:
        self.organization, self.size, self.folder, self.gateway = organization, size, folder, gateway
        self.history = folder / "history.jsonl"
        self.channels = [self._channel(number) for number in range(numbers)]
        self.contacts = _people(size)
        for channel in self.channels:
            _know(channel, self.contacts)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE leads_contact, gateways_numbercheck")  # as autovacuum does within the minute

    def _channel(self, number: int) -> Channel:
        channel = Channel(
            organization=self.organization, provider=PROVIDER, name=f"Bench {number}", state=ChannelState.CONNECTED
        )
        channel.config = {"base_url": self.gateway, "session": "bench"}
        channel.save()
        return channel

    def campaign(self, count: int, gap_ms: int) -> Campaign:
        """Return a paused campaign with a frozen audience: resuming it is the starting gun."""
        Channel.objects.update(min_gap_ms=gap_ms, max_gap_ms=gap_ms, next_send_at=None, lease_until=None)
        self.empty()
        contact_list: ContactList = ContactList.objects.create(name="Bench", size=count)
        ListMembership.objects.bulk_create(
            ListMembership(
                organization=self.organization, contact_list=contact_list, contact=contact, row_number=number
            )
            for number, contact in enumerate(self.contacts[:count])
        )  # fmt: skip
        campaign = lifecycle.create_campaign(
            name="Bench", list_ids=[contact_list.pk], channel_ids=[channel.pk for channel in self.channels],
            variants=[VariantDraft("Oi, {nome}! Aqui é da clínica. Quer que eu veja um horário para você?")],
        )  # fmt: skip
        started = time.perf_counter()
        lifecycle.start(campaign)
        lifecycle.build_if_missing(campaign.pk)
        self.audience_seconds = time.perf_counter() - started
        return lifecycle.pause(campaign)

    @staticmethod
    def empty() -> None:
        """Forget all sends: what nobody answered would be left out of the fourth campaign, and people stay with a number."""
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE campaigns_recipient, conversations_conversation CASCADE")

    def sends(self, since: int) -> list[dict[str, Any]]:
        lines = self.history.read_text().splitlines() if self.history.exists() else []
        return [json.loads(line) for line in lines[since:]]

    def position(self) -> int:
        return len(self.sends(0))


@contextmanager
def open_bench(organization: Organization, size: int, numbers: int = WORKERS) -> Iterator[Bench]:
    """Start the gateway and make what a campaign needs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = free_port()
        command = ["-m", "tests.support.fake_waha", "--port", str(port), "--history", str(folder / "history.jsonl"),
                   "--latency-ms", str(LATENCY_MS), "--session", "bench"]  # fmt: skip
        with bench_process(command, wait_for="http", quiet=True):
            yield Bench(organization, size, folder, f"http://127.0.0.1:{port}", numbers)


def free_port() -> int:
    """Return a port that nothing listens on, below those that connections going out are given."""
    while True:
        port = random.randrange(20_000, 30_000)  # noqa: S311  # no secret
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


@contextmanager
def bench_process(arguments: list[str], *, wait_for: str = "", quiet: bool = False) -> Iterator[subprocess.Popen[str]]:
    errors = subprocess.DEVNULL if quiet else None
    process = subprocess.Popen(  # noqa: S603  # our own modules
        [sys.executable, *arguments], cwd=settings.BASE_DIR, stdout=subprocess.PIPE, stderr=errors, text=True,
        env=os.environ | process_environment(),
    )  # fmt: skip
    try:
        while wait_for and process.stdout and wait_for not in process.stdout.readline():
            if process.poll() is not None:
                raise RuntimeError(f"{arguments} did not start")
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(60)


def process_environment() -> dict[str, str]:
    """Return what another process of the product needs to work on this one's database and Redis."""
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": database_url(), "REDIS_URL": settings.REDIS_URL,
        "PROSA_DATA": str(settings.DATA_DIR), "PROSA_REDIS_PREFIX": settings.REDIS_PREFIX,
        "PROSA_ALLOW_PRIVATE_HOSTS": "1", "PROSA_LOG_LEVEL": "WARNING",
    }  # fmt: skip


def _people(size: int) -> list[Contact]:
    phones = [f"+55119{80_000_000 + number:08d}" for number in range(size)]
    contacts: list[Contact] = Contact.objects.bulk_create(
        [
            Contact(
                organization_id=_active(), name=f"Pessoa {number}", phone=phone, phone_key=match_key(phone)
            )
            for number, phone in enumerate(phones)
        ],
        batch_size=2_000,
    )  # fmt: skip
    return contacts


def _know(channel: Channel, contacts: list[Contact]) -> None:
    NumberCheck.objects.bulk_create(
        [
            NumberCheck(
                organization_id=channel.organization_id, channel=channel, phone=contact.phone, exists=True,
                chat_id=f"{contact.phone[1:]}@c.us",
            )
            for contact in contacts
        ],
        batch_size=2_000,
    )  # fmt: skip


def _active() -> UUID:
    return Channel.objects.values_list("organization_id", flat=True)[0]  # type: ignore[no-any-return]


# ---- The rounds -----------------------------------------------------------------------------------------------------


def _round(bench: Bench) -> dict[str, float]:
    figures = {"limit": _limit(bench)}
    figures |= _ours(bench)
    if find_spec("post_office"):
        figures["peer"] = _peer(bench)
    return figures


def _limit(bench: Bench) -> float:
    """Return the requests a second that wrk gets from the gateway over as many connections."""
    script = bench.folder / "post.lua"
    body = json.dumps({"session": "bench", "chatId": "5511988887777@c.us", "text": "Oi, Ana! Aqui é da clínica."})
    script.write_text(f"wrk.method = 'POST'\nwrk.body = [[{body}]]\nwrk.headers['Content-Type'] = 'application/json'\n")
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("install wrk: it measures the limit")
    threads = f"-c{WORKERS * CONNECTIONS}"
    command = [wrk, "-t2", threads, f"-d{WRK_SECONDS}s", "-s", str(script), f"{bench.gateway}/api/sendText"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if found is None:
        raise RuntimeError(output)
    return float(found[1])


def _ours(bench: Bench) -> dict[str, float]:
    campaign = bench.campaign(bench.size, 0)
    since = bench.position()
    with ExitStack() as stack:
        workers = [stack.enter_context(worker()) for _ in range(WORKERS)]
        cpu = sum(cpu_seconds(one.pid) for one in workers)
        for one in workers:
            one.send_signal(signal.SIGUSR1)
        begun = time.time()
        lifecycle.resume(campaign)
        wait_until_sent(campaign, seconds=120)
        cpu = sum(cpu_seconds(one.pid) for one in workers) - cpu
        ended = time.time()
        statements = sum(_statements(one) for one in workers)
    sends = bench.sends(since)
    moments = [send["at"] for send in sends]
    last = max(Recipient.objects.order_by("-sent_at").values_list("sent_at", flat=True)[:1]).timestamp()
    return {
        "mps": len(sends) / (ended - begun), "wire": (len(sends) - 1) / (max(moments) - min(moments)),
        "audience_seconds": bench.audience_seconds, "last_answer_seconds": last - begun,
        "cpu_ms_per_message": cpu * 1_000 / len(sends), "statements_per_message": statements / len(sends),
        "duplicates": len(sends) - len({send["chatId"] for send in sends}),
        "missing": bench.size - len({send["chatId"] for send in sends}),
    }  # fmt: skip


def wait_until_sent(campaign: Campaign, *, seconds: float) -> None:
    # Until the last state is committed; the campaign's own end is noted by a sweep within a second.
    deadline = time.monotonic() + seconds
    waiting = Recipient.objects.filter(campaign=campaign, state__in=["queued", "sending"])
    while waiting.exists():
        if time.monotonic() > deadline:
            raise RuntimeError("the campaign did not get through")
        time.sleep(0.02)


@contextmanager
def worker() -> Iterator[subprocess.Popen[str]]:
    starter = "import django; django.setup(); from campaigns.bench import work; work()"
    with bench_process(["-c", starter], wait_for="ready") as process:
        time.sleep(0.3)
        yield process


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _statements(worker: subprocess.Popen[str]) -> int:
    """Return how many statements the worker has executed, as it says on its way out."""
    worker.send_signal(signal.SIGTERM)
    output = worker.stdout.read() if worker.stdout else ""
    worker.wait(60)
    return int(output.split()[-1])


def _peer(bench: Bench) -> float:
    command = [sys.executable, "-m", "tests.support.peer_post_office", "--database-url", database_url(),
               "--gateway", bench.gateway, "--count", str(bench.size)]  # fmt: skip
    output = subprocess.run(command, capture_output=True, text=True, check=True, cwd=settings.BASE_DIR).stdout  # noqa: S603
    return bench.size / float(json.loads(output.splitlines()[-1])["seconds"])


def _paced(bench: Bench, rate: int) -> dict[str, float]:
    """Let the four numbers share a rate; return the achieved share of it and the fullest second."""
    count = min(bench.size, rate * PACED_SECONDS)
    campaign = bench.campaign(count, 1_000 * WORKERS // rate)
    since = bench.position()
    with ExitStack() as stack:
        for _ in range(WORKERS):
            stack.enter_context(worker())
        lifecycle.resume(campaign)
        wait_until_sent(campaign, seconds=120)
    moments = sorted(send["at"] for send in bench.sends(since))
    fullest = left = 0
    for index, moment in enumerate(moments):
        while moments[left] <= moment - 1:
            left += 1
        fullest = max(fullest, index - left + 1)
    longest = max(after - before for before, after in pairwise(moments))
    return {
        "achieved": (len(moments) - 1) / (moments[-1] - moments[0]) / rate, "fullest_second": fullest,
        "longest_gap_ms": longest * 1_000,
    }  # fmt: skip


# ---- The report -----------------------------------------------------------------------------------------------------


def _report(
    size: int, rounds: list[dict[str, float]], paced: dict[int, dict[str, float]], load: float
) -> dict[str, Any]:
    medians = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    medians["duplicates"] = sum(one["duplicates"] for one in rounds)
    ratios = {
        "to_limit": statistics.median(one["mps"] / one["limit"] for one in rounds),
        "wire_to_limit": statistics.median(one["wire"] / one["limit"] for one in rounds),
    }
    if "peer" in medians:
        ratios["to_peer"] = statistics.median(one["mps"] / one["peer"] for one in rounds)
    ratios |= {f"paced_{rate}": figures["achieved"] for rate, figures in paced.items()}
    measured = medians | ratios
    failed = [
        name for name, goal in GOALS.items()
        if not (measured.get(name, -1) <= goal if name in AT_MOST else measured.get(name, -1) >= goal)
    ]  # fmt: skip
    figures: dict[str, Any] = {name: round(value, 3) for name, value in medians.items()}
    figures |= {f"paced_{rate}": {k: round(v, 3) for k, v in one.items()} for rate, one in paced.items()}
    figures |= {"messages": size, "rounds": len(rounds), "load_average": round(load, 2), "missed_goals": failed}
    figures["absent"] = [] if "peer" in medians else ["django-post_office"]
    return {
        "figures": figures, "ratios": {k: round(v, 3) for k, v in ratios.items()}, "goals": GOALS, "met": not failed,
    }  # fmt: skip


# ---- One worker -----------------------------------------------------------------------------------------------------


def work() -> None:
    """Be one sender that counts its statements from SIGUSR1 on and says on its way out how many they were."""
    executed = 0
    execute = CursorWrapper.execute

    def counting(self: Any, sql: Any, params: Any = None) -> Any:
        nonlocal executed
        executed += 1
        return execute(self, sql, params)

    def reset(*_signal: object) -> None:
        nonlocal executed
        executed = 0

    signal.signal(signal.SIGUSR1, reset)
    CursorWrapper.execute = counting  # type: ignore[method-assign]  # it is the count that is wanted
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    register()
    engine.run_sender(CONNECTIONS)
    sys.stdout.write(f"{executed}\n")
