"""Watches the embedded PostgreSQL and Redis while the product runs and starts again what dies."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from config.embedded import ensure_services, redis_socket

EVERY_SECONDS = 1.0
PORT_LINE, FOLDER_LINE = 3, 4


@dataclass(frozen=True)
class Guardian:
    """Looks after the embedded servers of a folder, those that are wanted, until told to stop."""

    data_dir: Path
    postgres: bool
    redis_server: bool
    say: Callable[[str], None]

    def watch(self, stopping: threading.Event) -> None:
        """Look once a second; a server that does not come back is tried again for as long as the product runs."""
        while not stopping.wait(EVERY_SECONDS):
            for name in self._dead():
                self.say(f"{name:<8} | ended; starting again")
                self._revive(name)

    def _dead(self) -> list[str]:
        found = []
        if self.redis_server and not listens(redis_socket(self.data_dir)):
            found.append("redis")
        if self.postgres and not listens(postgres_socket(self.data_dir)):
            found.append("postgres")
        return found

    def _revive(self, name: str) -> None:
        if name == "postgres" and not clear_dead_postmaster(self.data_dir):
            return
        try:
            ensure_services(self.data_dir, postgres=name == "postgres", redis_server=name == "redis")
        except Exception as error:  # whatever it is, the next look tries again, and the person sees why
            self.say(f"{name:<8} | {error}")


def listens(address: Path | None) -> bool:
    """Tell whether a process listens on a unix socket; a busy one that answers late still does."""
    if address is None:
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(EVERY_SECONDS)
        try:
            probe.connect(str(address))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True


def postgres_socket(data_dir: Path) -> Path | None:
    """Return where the server said that it listens; None before its first start and after its end."""
    try:
        lines = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
        return Path(lines[FOLDER_LINE].strip()) / f".s.PGSQL.{lines[PORT_LINE].strip()}"
    except (FileNotFoundError, IndexError):
        return None


def clear_dead_postmaster(data_dir: Path) -> bool:
    """Remove the lock files of a server that is surely gone; False while one of its processes still lives.

    Where nobody reaps orphans at once, as in many containers, a killed server stays a zombie and PostgreSQL takes its
    files for those of a living one. Two servers on one folder would destroy it, so its last process must have ended.
    """
    pgdata, address = data_dir / "postgres", postgres_socket(data_dir)
    if any(_is_alive(process) and _works_in(process, pgdata) for process in psutil.process_iter()):
        return False
    if address is not None:
        Path(f"{address}.lock").unlink(missing_ok=True)
    (pgdata / "postmaster.pid").unlink(missing_ok=True)
    return True


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _works_in(process: psutil.Process, pgdata: Path) -> bool:
    try:
        return Path(process.cwd()) == pgdata.resolve()
    except psutil.Error:
        return False  # gone, or of another user and so not ours
