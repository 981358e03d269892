import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from unittest import mock

import pytest
from django.conf import settings
from redis.exceptions import ConnectionError as RedisConnectionError

from core.breaker import OPEN_BOARD, Breaker, CircuitOpenError, breaker_of, open_breakers
from core.redis import redis_client, redis_key


class DownError(Exception):
    pass


@pytest.fixture
def breaker() -> Iterator[Breaker]:
    made = Breaker("test:unit", failures=3, ratio=0.5, window=600, cool_down=300, lease=600)
    made.reset()
    yield made
    made.reset()


def call(breaker: Breaker, *, fails: bool = False) -> str:
    try:
        with breaker.guard(counts=(DownError,)):
            if fails:
                raise DownError
    except DownError:
        return "failed"
    except CircuitOpenError:
        return "refused"
    return "passed"


def now_ms() -> int:
    seconds, micros = redis_client().time()
    return int(seconds) * 1000 + int(micros) // 1000


def let_rest(breaker: Breaker) -> None:
    """Let the time pass for which an open breaker is left alone."""
    opened_at = now_ms() - int(breaker.cool_down * 1000) - 1
    assert redis_client().hset(breaker._keys()[0], "opened_at", opened_at) == 0, "it was open"


def until_gone(key: str) -> None:
    deadline = time.monotonic() + 30
    while redis_client().exists(key):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_opens_after_enough_failures_and_refuses(breaker: Breaker) -> None:
    assert [call(breaker, fails=True) for _ in range(5)] == ["failed"] * 3 + ["refused"] * 2
    assert breaker.state() == "open"


def test_closes_when_the_probe_succeeds(breaker: Breaker) -> None:
    for _ in range(3):
        call(breaker, fails=True)
    let_rest(breaker)
    assert breaker.state() == "half_open"
    assert call(breaker) == "passed"
    assert breaker.state() == "closed"
    assert [call(breaker, fails=True) for _ in range(4)] == ["failed"] * 3 + ["refused"]


def test_opens_again_when_the_probe_fails(breaker: Breaker) -> None:
    for _ in range(3):
        call(breaker, fails=True)
    let_rest(breaker)
    assert [call(breaker, fails=True), call(breaker), breaker.state()] == ["failed", "refused", "open"]


def test_only_one_probe_goes_out_at_a_time(breaker: Breaker) -> None:
    for _ in range(3):
        call(breaker, fails=True)
    let_rest(breaker)
    with breaker.guard():
        assert [call(breaker) for _ in range(5)] == ["refused"] * 5
    assert call(breaker) == "passed"


def test_a_probe_whose_holder_died_is_replaced(breaker: Breaker) -> None:
    for _ in range(3):
        call(breaker, fails=True)
    let_rest(breaker)
    died = breaker.guard()
    died.__enter__()
    assert call(breaker) == "refused"
    redis_client().pexpire(breaker._keys()[3], 1)
    until_gone(breaker._keys()[3])
    assert call(breaker) == "passed"


def test_calls_whose_holders_died_hold_nobody_up_for_ever(breaker: Breaker) -> None:
    for _ in range(2):
        call(breaker, fails=True)
    died = breaker.guard()
    died.__enter__()
    assert call(breaker) == "refused"
    flying = breaker._keys()[2]
    redis_client().zadd(flying, dict.fromkeys(redis_client().zrange(flying, 0, -1), 1))
    assert call(breaker) == "passed"


def test_a_few_failures_among_many_successes_keep_it_closed(breaker: Breaker) -> None:
    outcomes = []
    for i in range(60):
        outcomes.append(call(breaker, fails=i % 4 == 0))
    assert outcomes.count("failed") == 15
    assert "refused" not in outcomes
    assert breaker.state() == "closed"


def test_old_failures_are_forgotten(breaker: Breaker) -> None:
    for _ in range(2):
        call(breaker, fails=True)
    redis_client().delete(breaker._keys()[1])
    redis_client().lpush(breaker._keys()[1], *[f"{now_ms() - 601_000}:0"] * 9)
    redis_client().hdel(breaker._keys()[0], "streak")
    assert [call(breaker, fails=True) for _ in range(2)] == ["failed", "failed"]
    assert breaker.state() == "closed"


def test_errors_that_are_not_counted_say_nothing(breaker: Breaker) -> None:
    for _ in range(10):
        with pytest.raises(ValueError, match="mine"), breaker.guard(counts=(DownError,)):
            raise ValueError("mine")
    assert breaker.state() == "closed"


def test_after_two_failures_no_more_calls_are_out_than_may_still_fail(breaker: Breaker) -> None:
    call(breaker, fails=True)
    call(breaker, fails=True)
    with ExitStack() as stack:
        stack.enter_context(breaker.guard(counts=(DownError,)))
        assert call(breaker) == "refused"
    assert call(breaker) == "passed"


def test_a_success_lifts_the_caution(breaker: Breaker) -> None:
    call(breaker, fails=True)
    call(breaker, fails=True)
    call(breaker)
    with ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(breaker.guard(counts=(DownError,)))


def test_what_one_process_learns_another_knows(breaker: Breaker) -> None:
    code = (
        "import django; django.setup()\n"
        "from core.breaker import Breaker\n"
        f"one = Breaker({breaker.name!r}, failures=3, window=600, cool_down=300, lease=600)\n"
        "for _ in range(3):\n"
        "    try:\n"
        "        with one.guard(): raise ValueError\n"
        "    except ValueError: pass\n"
    )
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings", "REDIS_URL": settings.REDIS_URL, "PROSA_REDIS_PREFIX": settings.REDIS_PREFIX,
    }  # fmt: skip
    subprocess.run(
        [sys.executable, "-c", code], check=True, env=environment, cwd=settings.BASE_DIR, capture_output=True
    )
    assert (breaker.state(), call(breaker)) == ("open", "refused")


def test_breakers_do_not_know_each_other(breaker: Breaker) -> None:
    other = Breaker("test:other", failures=3)
    other.reset()
    for _ in range(3):
        call(breaker, fails=True)
    assert call(other) == "passed"
    other.reset()


def test_eight_workers_hardly_touch_a_dead_server() -> None:
    workers, cool_down, seconds = 8, 0.5, 2.5
    dead = Breaker("test:dead", failures=5, cool_down=cool_down, lease=5)
    dead.reset()
    calls: list[float] = []
    until = time.monotonic() + seconds

    def work() -> None:
        while time.monotonic() < until:
            try:
                with dead.guard(counts=(DownError,)):
                    calls.append(time.monotonic())
                    time.sleep(0.01)
                    raise DownError
            except (DownError, CircuitOpenError):
                time.sleep(0.005)

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    probes = seconds / cool_down
    assert dead.failures <= len(calls) <= workers + probes + 1
    dead.reset()


def test_without_redis_it_is_closed_but_lets_one_call_out_at_a_time(breaker: Breaker) -> None:
    with mock.patch("core.breaker.run_script", side_effect=RedisConnectionError):
        assert [call(breaker, fails=True) for _ in range(5)] == ["failed"] * 5
        with breaker.guard():
            assert call(breaker) == "refused"
        assert call(breaker) == "passed"


def test_redis_that_goes_away_during_a_call_does_not_hide_its_outcome(breaker: Breaker) -> None:
    with breaker.guard():
        patch = mock.patch("core.breaker.run_script", side_effect=RedisConnectionError)
        patch.start()
    patch.stop()
    assert call(breaker) == "passed"


def test_open_breakers_are_listed_until_they_close() -> None:
    mine, other = (breaker_of("stripe", name, failures=2, cool_down=300, window=600) for name in ("org-a", "org-b"))
    for one in (mine, other):
        one.reset()
        for _ in range(2):
            call(one, fails=True)
    [found] = open_breakers("org-a")
    assert (found.dependency, found.organization_id) == ("stripe", "org-a")
    assert (found.retry_at - found.opened_at).total_seconds() == 300
    assert {one.organization_id for one in open_breakers()} >= {"org-a", "org-b"}
    let_rest(mine)
    assert call(mine, fails=True) == "failed"
    assert open_breakers("org-a")[0].opened_at > found.opened_at, "a failed probe begins the rest anew"
    let_rest(mine)
    assert call(mine) == "passed"
    assert open_breakers("org-a") == []
    assert not redis_client().hexists(redis_key(OPEN_BOARD), mine.name)
    other.reset()
    assert open_breakers("org-b") == []


def test_a_breaker_that_everybody_forgot_is_not_listed() -> None:
    forgotten = breaker_of("stripe", "org-c", failures=2, cool_down=300, window=600)
    for _ in range(2):
        call(forgotten, fails=True)
    assert len(open_breakers("org-c")) == 1
    redis_client().pexpire(forgotten._keys()[0], 1)
    until_gone(forgotten._keys()[0])
    assert open_breakers("org-c") == []


def test_without_redis_nothing_is_called_open() -> None:
    with mock.patch("core.breaker.redis_client", side_effect=RedisConnectionError):
        assert open_breakers() == []
