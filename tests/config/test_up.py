"""The one command that starts everything, as a person uses it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from config import embedded

ROOT = Path(embedded.__file__).resolve().parent.parent
ENV = {
    key: value for key, value in os.environ.items()
    if key not in {"DATABASE_URL", "REDIS_URL"} and not key.startswith(("PROSA_", "COV_"))
}  # fmt: skip


def free_pair() -> int:
    for port in range(21000, 31000, 2):
        if all(is_free(number) for number in (port, port + 1)):
            return port
    raise AssertionError("no free pair of ports")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=3) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def until(condition: Callable[[], bool], seconds: float = 240) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.2)


def up(port: int, data: Path) -> subprocess.Popen[bytes]:
    with (data.parent / f"up-{time.monotonic_ns()}.log").open("wb") as log:
        command = [sys.executable, "manage.py", "up", "--port", str(port), "--data", str(data), "--no-demo"]
        return subprocess.Popen(command, cwd=ROOT, env=ENV | {"PROSA_DATA": str(data)}, stdout=log, stderr=log)


def web(parent: int) -> psutil.Process:
    children = psutil.Process(parent).children()
    # A process that ended a moment ago is a zombie until its parent has asked for it, and has no command line.
    alive = [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
    return next(child for child in alive if "config.wsgi:application" in child.cmdline())


@pytest.mark.fault
def test_what_dies_comes_back_and_everything_stops_and_goes_on(server_folder: Path) -> None:
    port = free_pair()
    first = up(port, server_folder)
    try:
        until(lambda: is_ready(port))
        dead = web(first.pid)
        dead.kill()
        until(lambda: any("config.wsgi:application" in c.cmdline() and c.pid != dead.pid
                          for c in psutil.Process(first.pid).children() if c.status() != psutil.STATUS_ZOMBIE))  # fmt: skip
        until(lambda: is_ready(port))
        family = psutil.Process(first.pid).children(recursive=True)
        first.send_signal(signal.SIGINT)
        assert first.wait(120) == 0
    finally:
        first.kill()
    until(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family), 15)
    assert not embedded._is_running(server_folder)
    kept = (server_folder / "secrets" / "prosa_secret_key").read_text()
    second = up(port, server_folder)
    try:
        until(lambda: is_ready(port))
        assert (server_folder / "secrets" / "prosa_secret_key").read_text() == kept
        second.send_signal(signal.SIGTERM)
        assert second.wait(120) == 0
    finally:
        second.kill()


@pytest.mark.fault
def test_a_taken_port_is_named_and_leaves_nothing_running(server_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = subprocess.run(
            [sys.executable, "manage.py", "up", "--port", str(port)],
            cwd=ROOT, env=ENV | {"PROSA_DATA": str(server_folder)}, capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip
    assert refused.returncode == 1
    assert f"Port {port} is taken" in refused.stderr
    assert "--port" in refused.stderr
    assert not embedded._is_running(server_folder)
