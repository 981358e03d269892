"""Real processes, real sockets, a private Redis: what the fault tests break."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis

from config.embedded import ensure_services, stop_services
from core.jobs import queue
from core.redis import redis_client
from tests.faults.gateway import Gateway, gateway_process
from tests.faults.senders import Senders, sender_host
from tests.faults.web import Web, web_process

MakeGateway = Callable[..., Gateway]


@pytest.fixture(scope="session")
def private_redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis that nobody else uses, so that it may be emptied."""
    folder = tmp_path_factory.mktemp("redis")
    yield ensure_services(folder, postgres=False).redis_url
    stop_services(folder)


@pytest.fixture
def private_redis(private_redis_url: str, settings: Any) -> Iterator[str]:
    """The test and its senders use the private Redis."""
    settings.REDIS_URL = private_redis_url
    forget_clients()
    yield private_redis_url
    forget_clients()
    with redis.Redis.from_url(private_redis_url) as client:
        client.flushall()


@pytest.fixture(scope="session")
def host(private_redis_url: str, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Senders]:
    with sender_host(private_redis_url, tmp_path_factory.mktemp("senders") / "errors.log") as found:
        yield found


def forget_clients() -> None:
    """Let the next caller connect to what the settings say then."""
    redis_client.cache_clear()
    queue.cache_clear()


@pytest.fixture(scope="session")
def web_server(private_redis_url: str, django_db_setup: None) -> Iterator[Web]:
    with web_process(private_redis_url) as found:
        yield found


@pytest.fixture
def web(web_server: Web, private_redis: str, transactional_db: None) -> Web:
    return web_server


@pytest.fixture
def senders(host: Senders, private_redis: str, transactional_db: None) -> Iterator[Senders]:
    """Starts senders; none outlives the test."""
    yield host
    host.end_all()


@pytest.fixture
def make_gateway(tmp_path: Path) -> Iterator[MakeGateway]:
    with ExitStack() as stack:

        def make(*sessions: str, **faults: float) -> Gateway:
            return stack.enter_context(gateway_process(tmp_path, sessions or ("loja",), **faults))

        yield make
