"""The gateway of a test: a fake WAHA server in its own process, whose append-only log is the truth about who was written to."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from campaigns.bench import free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Gateway:
    url: str
    history: Path

    def hits(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the messages that the server accepted, in order: session, chatId, text, at, id."""
        lines = self.history.read_bytes().split(b"\n")[:-1] if self.history.exists() else []
        return [json.loads(line) for line in lines[since:]]

    def count(self) -> int:
        return self.history.read_bytes().count(b"\n") if self.history.exists() else 0

    def phones(self) -> Counter[str]:
        """Return how often each phone was written to."""
        return Counter(phone_of(hit) for hit in self.hits())

    def twice(self) -> list[str]:
        return [phone for phone, count in self.phones().items() if count > 1]

    def behave(self, **faults: Any) -> None:
        """Change what the server does from now on; what is not named stays."""
        requests.post(f"{self.url}/_faults", json=faults, timeout=10).raise_for_status()


def phone_of(hit: dict[str, Any]) -> str:
    return "+" + str(hit["chatId"]).partition("@")[0]


@contextmanager
def gateway_process(folder: Path, sessions: Sequence[str], port: int = 0, **faults: float) -> Iterator[Gateway]:
    """Run a server, on a free port where none is given; one that comes back goes on with its history."""
    folder.mkdir(exist_ok=True)
    history = folder / "history.jsonl"
    command = [sys.executable, "-m", "tests.support.fake_waha", "--history", str(history)]
    for name in sessions:
        command += ["--session", name]
    for name, value in faults.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    process, url = _serve(command, port)
    try:
        yield Gateway(url, history)
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout:
            process.stdout.close()


def _serve(command: list[str], port: int) -> tuple["subprocess.Popen[str]", str]:
    # Below the ports that outgoing connections are given; another test may still be quicker.
    for _attempt in range(5):
        process = subprocess.Popen(
            [*command, "--port", str(port or free_port())],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout
        if url := process.stdout.readline().strip():
            return process, url
        process.wait(30)
    raise AssertionError("the gateway did not start")
