"""Starts the processes of the product, starts again what dies, and ends all of them in order."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STOP_SECONDS = 20.0
MAX_BACKOFF = 15.0
PR_SET_PDEATHSIG = 1


@dataclass
class Process:
    """One supervised program; ``failures`` in a row make the pause before the next start longer."""

    name: str
    command: Sequence[str]
    failures: int = 0
    started: float = 0.0
    due: float = 0.0
    child: subprocess.Popen[str] | None = field(default=None, repr=False)


class Supervisor:
    """Runs until told to stop."""

    def __init__(self, processes: Sequence[Process], env: Mapping[str, str], say: Callable[[str], None]) -> None:
        self.processes, self.env, self.say = list(processes), dict(env), say
        self.stopping = threading.Event()

    def run(self, ready: Callable[[], None]) -> None:
        """Start everything and watch; ``ready`` is called once, in a thread, after the first start."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.stopping.set())
        for process in self.processes:
            self._start(process)
        threading.Thread(target=ready, daemon=True).start()
        while not self.stopping.wait(0.3):
            for process in self.processes:
                self._watch(process)
        self._stop()

    def _start(self, process: Process) -> None:
        process.started = time.monotonic()
        process.child = subprocess.Popen(  # noqa: S603  # our own programs
            process.command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            text=True, errors="replace", start_new_session=True, preexec_fn=_die_with_parent,
        )  # fmt: skip
        threading.Thread(target=self._print, args=(process, process.child), daemon=True).start()

    def _print(self, process: Process, child: "subprocess.Popen[str]") -> None:
        assert child.stdout is not None
        for line in child.stdout:
            self.say(f"{process.name:<8} | {line.rstrip()}")

    def _watch(self, process: Process) -> None:
        assert process.child is not None
        if process.child.poll() is None:
            return
        at = time.monotonic()
        if not process.due:
            _end_group(process.child)
            lived = at - process.started
            process.failures = 0 if lived > 30 else process.failures + 1
            pause = min(MAX_BACKOFF, 0.5 * 2**process.failures) if process.failures > 1 else 0.2
            process.due = at + pause
            self.say(f"{process.name:<8} | ended ({process.child.returncode}); starting again in {pause:.1f} s")
        elif at >= process.due:
            process.due = 0.0
            self._start(process)

    def _stop(self) -> None:
        alive = [p.child for p in self.processes if p.child and p.child.poll() is None]
        for child in alive:
            child.terminate()
        ends = time.monotonic() + STOP_SECONDS
        for child in alive:
            try:
                child.wait(max(0.1, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"{child.pid} does not end by itself; it is killed")
            _end_group(child)
            child.wait()


def _end_group(child: "subprocess.Popen[str]") -> None:
    # Each program leads its own group. The workers of a killed web server would go on answering with old code.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _die_with_parent() -> None:
    # A killed supervisor must not leave senders behind that nobody watches.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def program(*arguments: str) -> list[str]:
    """Return the command line of a manage.py command."""
    return [sys.executable, str(Path(__file__).resolve().parent.parent / "manage.py"), *arguments]
