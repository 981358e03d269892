"""A campaign whose senders are killed all the time: who was written to, how often, and what the report says of it.

Three senders work for paced numbers over a fake WAHA server that keeps a log of what it accepted. One of them, chosen at
random, is killed without warning again and again, and another takes its place at once. The server's log is the truth: nobody
may be in it twice, nobody may be forgotten, and who may have been written to without anybody knowing must be listed.
"""

import ctypes
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import Organization
from billing.services import start_subscription
from campaigns.bench import Bench, open_bench, process_environment, register
from campaigns.models import SENT_STATES, Campaign, CampaignState, Recipient, RecipientState
from campaigns.queries import stats
from campaigns.sender import claims, drain, engine
from campaigns.services import lifecycle
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelState

SENDERS: Final = 3
NUMBERS: Final = 24
FAST_MS, GAP_MS, SLOW_MS = 20, 250, 3_000
SECONDS: Final = 600.0
KILLS_PER_RECIPIENT: Final = 0.1
LONGEST_LIFE: Final = 0.6
GOALS: Final = {
    "twice": 0, "forgotten": 0, "unlisted": 0, "wrong_in_report": 0, "doubtful_without_kill": 0,
    "doubtful_per_kill": NUMBERS / SENDERS, "seconds": SECONDS,
}  # fmt: skip
OPEN: Final = (RecipientState.QUEUED, RecipientState.SENDING)
REACHED: Final = SENT_STATES


def run(size: int = 10_000) -> dict[str, Any]:
    """Return ``figures``, ``goals`` and whether all were ``met``: ``size`` recipients and a tenth as many kills."""
    register()
    organization = Organization.objects.create(name="Bench")
    start_subscription(organization, plan_code="enterprise")
    try:
        with activate_organization(organization.pk), open_bench(organization, size, NUMBERS) as bench:
            figures = _figures(bench, int(size * KILLS_PER_RECIPIENT))
    finally:
        Organization.objects.filter(pk=organization.pk).delete()
    missed = [name for name, goal in GOALS.items() if figures[name] > goal]
    return {
        "figures": figures,
        "goals": GOALS,
        "missed": missed,
        "met": not missed and figures["kills"] == figures["kills_wanted"],
    }


def _figures(bench: Bench, kills: int) -> dict[str, Any]:
    seed = random.randrange(1_000_000)  # noqa: S311  # no secret
    campaign = lifecycle.resume(bench.campaign(bench.size, GAP_MS))
    began = time.monotonic()
    with _host() as host:
        storm = _Storm(bench, campaign, host, random.Random(seed), ends=began + SECONDS * 0.9)  # noqa: S311
        storm.rage(kills)
        calm = time.monotonic()
        storm.finish()
    return {
        "recipients": bench.size, "senders": SENDERS, "seed": seed, "kills": storm.killed, "kills_wanted": kills,
        "kills_per_second": round(storm.killed / (calm - began), 2), "seconds": round(time.monotonic() - began, 1),
    } | _truth(bench, campaign, storm)  # fmt: skip


def _truth(bench: Bench, campaign: Campaign, storm: "_Storm") -> dict[str, Any]:
    """Compare the rows and the report with the server's log."""
    log = {"+" + hit["chatId"].partition("@")[0]: hit["id"] for hit in bench.sends(0)}
    written = Counter("+" + hit["chatId"].partition("@")[0] for hit in bench.sends(0))
    rows = Recipient.objects.filter(campaign=campaign)
    unknown = set(rows.filter(state=RecipientState.UNKNOWN).values_list("phone", flat=True))
    sent = dict(rows.filter(state__in=REACHED).values_list("phone", "external_id"))
    report = stats(campaign)
    return {
        "accepted": len(bench.sends(0)),
        "twice": sum(1 for count in written.values() if count > 1),
        "forgotten": bench.size - len(sent) - len(unknown),
        "unlisted": len(set(log) - set(sent) - unknown),
        "wrong_in_report": sum(1 for phone, known in sent.items() if log.get(phone) != known)
        + abs(report.sent - len(sent)) + abs(report.unknown - len(unknown)) + report.failed + report.skipped,
        "doubtful": len(unknown),
        "doubtful_that_left": len(unknown & set(log)),
        "doubtful_without_kill": len(unknown - storm.in_flight),
        "doubtful_per_kill": round(len(unknown) / max(1, storm.killed), 2),
    }  # fmt: skip


# ---- The storm ------------------------------------------------------------------------------------------------------


@dataclass
class _Host:
    """The process of :func:`host` and what it is asked for."""

    process: "subprocess.Popen[str]"

    def ask(self, order: str) -> int:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def _host() -> Iterator[_Host]:
    starter = "import django; django.setup(); from campaigns.bench_chaos import host; host()"
    with subprocess.Popen(  # noqa: S603  # our own module
        [sys.executable, "-c", starter], cwd=settings.BASE_DIR, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env=os.environ | process_environment() | {"PROSA_LOG_LEVEL": "ERROR"},
    ) as process:  # fmt: skip
        yield _Host(process)


@dataclass
class _Storm:
    bench: Bench
    campaign: Campaign
    host: _Host
    dice: random.Random
    ends: float
    senders: list[int] = field(default_factory=list)
    in_flight: set[str] = field(default_factory=set)
    killed: int = 0
    gap_ms: int = GAP_MS

    def rage(self, kills: int) -> None:
        """Kill, at random moments, but so often that each kill finds work left."""
        self.senders = [self.host.ask("start") for _ in range(SENDERS)]
        while self.killed < kills and time.monotonic() < self.ends and self._rows(RecipientState.QUEUED).exists():
            self._wait(self.bench.size * (self.killed + 1) // (kills + 2))
            victim = self.dice.randrange(SENDERS)
            os.kill(self.senders[victim], signal.SIGKILL)
            self.host.ask(f"wait {self.senders[victim]}")
            self.killed += 1
            self.in_flight |= set(self._rows(RecipientState.SENDING).values_list("phone", flat=True))
            self.senders[victim] = self.host.ask("start")

    def _wait(self, share: int) -> None:
        """Let the senders work for a moment; the numbers slow down while more has left than was to leave before this kill."""
        ends = time.monotonic() + self.dice.uniform(0.02, LONGEST_LIFE)
        gone = 0
        while time.monotonic() < ends and gone < share:
            time.sleep(0.02)
            gone = self.bench.size - self._rows(RecipientState.QUEUED).count()
        self._pace(SLOW_MS if gone > share else GAP_MS)

    def _pace(self, gap_ms: int) -> None:
        if gap_ms != self.gap_ms:
            self.gap_ms = gap_ms
            Channel.objects.update(min_gap_ms=gap_ms, max_gap_ms=gap_ms, next_send_at=None)

    def finish(self) -> None:
        """Let the senders that live do the rest, as fast as it goes, and end them in order."""
        self._pace(FAST_MS)
        while self._rows(*OPEN).exists() or Campaign.objects.get(pk=self.campaign.pk).state == CampaignState.RUNNING:
            if time.monotonic() > self.ends + SECONDS:
                raise RuntimeError("the campaign did not get through")
            # Where the machine stood still for seconds, a number seems down; no heartbeat of the product runs here.
            Channel.objects.exclude(state=ChannelState.CONNECTED).update(state=ChannelState.CONNECTED)
            time.sleep(0.1)
        for pid in self.senders:
            os.kill(pid, signal.SIGTERM)
            self.host.ask(f"wait {pid}")

    def _rows(self, *states: str) -> QuerySet[Recipient]:
        return Recipient.objects.filter(campaign=self.campaign, state__in=states)  # type: ignore[no-any-return]


# ---- The senders ----------------------------------------------------------------------------------------------------


def host() -> None:
    """Fork senders, so that the next one works a moment later: Django is loaded only once.

    Reads ``start`` and answers the new sender's pid; reads ``wait pid`` and answers its exit code. Leases are short, so that
    a minute sees what takes hours.
    """
    register()
    engine.TICK_SECONDS, claims.LEASE_SECONDS = 0.2, 5.0
    drain.CHANNEL_LEASE_SECONDS, drain.KEEP_SECONDS = 0.5, 0.15
    children: set[int] = set()
    for line in sys.stdin:
        order, _, pid = line.strip().partition(" ")
        answer = _fork() if order == "start" else os.waitstatus_to_exitcode(os.waitpid(int(pid), 0)[1])
        children = children | {answer} if order == "start" else children - {int(pid)}
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    for left in children:
        os.kill(left, signal.SIGKILL)


def _fork() -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # nothing goes on sending when the bench is ended
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        engine.run_sender()
    finally:
        os._exit(0)
