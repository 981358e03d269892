"""Real driver processes of a test, and what may be done to them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection

from campaigns.bench import process_environment
from tests.sagas import outside


class Drivers:
    """Starts drivers that share the test's database and Redis."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.running: list[int] = []
        self.look_here()

    def look_here(self) -> None:
        """Several hosts may live in one test process: the world that is looked at is the one of who acted last."""
        os.environ[outside.FOLDER] = str(self.folder)

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.look_here()
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def start(self, **options: Any) -> int:
        pid: int = self._ask({"start": options})["pid"]
        self.running.append(pid)
        return pid

    def end(self, pid: int) -> int:
        """Wait for the process and return its exit code, minus the signal's number for who was killed."""
        self.running.remove(pid)
        status: int = self._ask({"wait": pid})["status"]
        return status

    def run(self, **options: Any) -> bool:
        """Run a driver to its end or its death; return whether it died as told."""
        status = self.end(self.start(**options))
        assert status in {0, -signal.SIGKILL}, f"a driver ended with {status}"
        return status == -signal.SIGKILL

    def kill_all(self) -> None:
        for pid in list(self.running):
            os.kill(pid, signal.SIGKILL)
            self.end(pid)


def lapse_leases() -> None:
    """Let the time pass for which the dead are still believed to be alive."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sagas_sagaexecution SET lease_until = clock_timestamp() - interval '1 second' "
            "WHERE lease_until IS NOT NULL"
        )


def is_frozen(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "T"


@contextmanager
def driver_host(folder: Path) -> Iterator[Drivers]:
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | process_environment() | {
        outside.FOLDER: str(folder),
        "PYTHONUNBUFFERED": "1", "PROSA_LOG_LEVEL": "CRITICAL", "PROSA_SAGA_FIRST_RETRY_SECONDS": "0.01",
    }  # fmt: skip
    errors = folder / "errors.log"
    with errors.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.sagas.host"], cwd=root, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
        drivers = Drivers(process, folder)
        try:
            assert process.stdout and json.loads(process.stdout.readline() or "{}").get("ready"), errors.read_text()
            yield drivers
        finally:
            drivers.kill_all()
            if process.stdin:
                process.stdin.close()
            process.wait(30)
