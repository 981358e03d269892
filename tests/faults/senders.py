"""Real sender processes of a test, and what may be done to them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaigns.bench import process_environment

LAST_SECONDS = 180.0


def until(condition: Callable[[], Any], what: str, seconds: float = LAST_SECONDS) -> None:
    """Wait for a condition; the limit is generous, because it only matters when the condition never comes true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.01)


@dataclass
class Sender:
    """One process; ``pid`` is its own."""

    pid: int
    host: "Senders"
    status: int | None = None

    def is_alive(self) -> bool:
        if self.status is None:
            self.status = self.host.ask({"wait": self.pid})["status"]
        return self.status is None

    def is_frozen(self) -> bool:
        stat = Path(f"/proc/{self.pid}/stat")
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "T"

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> bool:
        """Kill without warning; return whether it was alive until then."""
        if not self.is_alive():
            return False
        self.signal(signal.SIGKILL)
        return self.end() == -signal.SIGKILL

    def stop(self, seconds: float = LAST_SECONDS) -> float:
        """Ask it to end and return how many seconds it took."""
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        self.end(seconds)
        return time.monotonic() - began

    def end(self, seconds: float = LAST_SECONDS) -> int:
        until(lambda: not self.is_alive(), "the sender has ended", seconds)
        assert self.status is not None
        return self.status


class Senders:
    """Starts senders that share the test's database and the given Redis."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.started: list[Sender] = []

    def ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def start(self, **options: Any) -> Sender:
        sender = Sender(self.ask({"start": options})["pid"], self)
        self.started.append(sender)
        return sender

    def end_all(self) -> None:
        for sender in self.started:
            if sender.is_alive():
                sender.signal(signal.SIGKILL)
                sender.end()
        self.started.clear()


@contextmanager
def sender_host(redis_url: str, errors: Path) -> Iterator[Senders]:
    """Run a host whose senders write what they log to a file."""
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | process_environment() | {"REDIS_URL": redis_url, "PYTHONUNBUFFERED": "1"}
    with errors.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.host"], cwd=root, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
        senders = Senders(process)
        try:
            assert process.stdout and json.loads(process.stdout.readline() or "{}").get("ready"), errors.read_text()
            yield senders
            senders.end_all()
        finally:
            if process.stdin:
                process.stdin.close()
            process.wait(30)
