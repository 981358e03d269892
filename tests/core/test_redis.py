import asyncio
import time
from collections.abc import Iterator

import pytest
import redis
from django.core.cache import cache
from redis.exceptions import RedisError

from core.redis import PATIENCE_SECONDS, async_redis_client, blocking_redis_client, redis_client, redis_key, run_script
from tests.core.servers import Server, serving


@pytest.fixture
def black_hole() -> Iterator[Server]:
    """Takes connections and never answers."""
    with serving(lambda connection: time.sleep(4)) as server:
        yield server


def test_nobody_waits_longer_than_a_second_for_a_silent_server(black_hole: Server) -> None:
    options = redis_client().connection_pool.connection_kwargs
    silent = redis.Redis(
        host="127.0.0.1", port=black_hole.port, socket_timeout=options["socket_timeout"],
        socket_connect_timeout=options["socket_connect_timeout"], retry=options["retry"],
    )  # fmt: skip
    began = time.monotonic()
    with pytest.raises(RedisError):
        silent.get("x")
    assert time.monotonic() - began < 2 * PATIENCE_SECONDS + 0.5


def test_a_connection_that_the_server_closed_is_opened_again() -> None:
    client = redis_client()
    client.set(redis_key("again"), "1")
    for connection in client.client_list(_type="normal"):
        client.client_kill_filter(_id=connection["id"], skipme=True)
    assert client.get(redis_key("again")) == b"1"
    client.delete(redis_key("again"))


def test_a_reader_may_wait_as_long_as_it_asked_for() -> None:
    with blocking_redis_client(2) as client:
        began = time.monotonic()
        assert client.blpop([redis_key("nothing")], timeout=1.5) is None  # type: ignore[arg-type]
        assert time.monotonic() - began >= 1.4


def test_scripts_run_on_the_server() -> None:
    assert run_script("return {KEYS[1], ARGV[1]}", ["k"], ["v"]) == [b"k", b"v"]


def test_keys_begin_with_the_prefix_of_the_installation(settings: object) -> None:
    settings.REDIS_PREFIX = "loja"  # type: ignore[attr-defined]
    assert redis_key("org:1:live") == "loja:org:1:live"


def test_an_event_loop_may_block_as_long_as_it_asked_for() -> None:
    async def wait() -> float:
        client = async_redis_client(blocking_seconds=2)
        began = time.monotonic()
        try:
            assert not await client.xread({redis_key("quiet"): "$"}, block=1_500)
        finally:
            await client.aclose()
        return time.monotonic() - began

    assert asyncio.run(wait()) >= 1.4


def test_the_cache_waits_no_longer_either() -> None:
    cache.set("core-redis", "1", 5)
    assert cache.get("core-redis") == "1"
    client = cache._cache.get_client("x")  # type: ignore[attr-defined]  # Django has no public way to it
    assert client.connection_pool.connection_kwargs["socket_timeout"] == PATIENCE_SECONDS
