import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from unittest import mock

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from core.breaker import Breaker, CircuitOpenError, breaker_of, open_breakers


class DownError(Exception):
    pass


@pytest.fixture
def breaker() -> Iterator[Breaker]:
    made = Breaker("test:unit", failures=3, ratio=0.5, window=10, cool_down=0.2, lease=2)
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


def test_opens_after_enough_failures_and_refuses(breaker: Breaker) -> None:
    assert [call(breaker, fails=True) for _ in range(5)] == ["failed"] * 3 + ["refused"] * 2
    assert breaker.state() == "open"


def test_closes_when_the_probe_succeeds(breaker: Breaker) -> None:
    for _ in range(3):
        call(breaker, fails=True)
    time.sleep(0.25)
    assert breaker.state() == "half_open"
    assert call(breaker) == "passed"
    assert breaker.state() == "closed"
    assert [call(breaker, fails=True) for _ in range(4)] == ["failed"] * 3 + ["refused"]


def test_opens_again_when_the_probe_fails(breaker: Breaker) -> None:
    for _ in range(3):
        call(breaker, fails=True)
    time.sleep(0.25)
    assert [call(breaker, fails=True), call(breaker), breaker.state()] == ["failed", "refused", "open"]


def test_only_one_probe_goes_out_at_a_time(breaker: Breaker) -> None:
    for _ in range(3):
        call(breaker, fails=True)
    time.sleep(0.25)
    with breaker.guard():
        assert [call(breaker) for _ in range(5)] == ["refused"] * 5
    assert call(breaker) == "passed"


def test_a_probe_whose_holder_died_is_replaced(breaker: Breaker) -> None:
    short = Breaker(breaker.name, failures=3, cool_down=0.1, lease=0.2)
    for _ in range(3):
        call(short, fails=True)
    time.sleep(0.15)
    died = short.guard()
    died.__enter__()
    assert call(short) == "refused"
    time.sleep(0.25)
    assert call(short) == "passed"


def test_a_few_failures_among_many_successes_keep_it_closed(breaker: Breaker) -> None:
    outcomes = []
    for i in range(60):
        outcomes.append(call(breaker, fails=i % 4 == 0))
    assert outcomes.count("failed") == 15
    assert "refused" not in outcomes
    assert breaker.state() == "closed"


def test_old_failures_are_forgotten() -> None:
    short = Breaker("test:window", failures=3, window=0.2)
    short.reset()
    for _ in range(2):
        call(short, fails=True)
    time.sleep(0.25)
    assert [call(short, fails=True) for _ in range(2)] == ["failed", "failed"]
    assert short.state() == "closed"
    short.reset()


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
    mine, other = (breaker_of("stripe", name, failures=2, cool_down=0.2, window=5) for name in ("org-a", "org-b"))
    for one in (mine, other):
        one.reset()
        for _ in range(2):
            call(one, fails=True)
    [found] = open_breakers("org-a")
    assert (found.dependency, found.organization_id) == ("stripe", "org-a")
    assert (found.retry_at - found.opened_at).total_seconds() == 0.2
    assert {one.organization_id for one in open_breakers()} >= {"org-a", "org-b"}
    time.sleep(0.25)
    assert call(mine, fails=True) == "failed"
    assert open_breakers("org-a")[0].opened_at > found.opened_at, "a failed probe begins the rest anew"
    time.sleep(0.25)
    assert call(mine) == "passed"
    assert open_breakers("org-a") == []
    other.reset()
    assert open_breakers("org-b") == []


def test_a_breaker_that_everybody_forgot_is_not_listed() -> None:
    forgotten = breaker_of("stripe", "org-c", failures=2, cool_down=0.1, window=0.1)
    for _ in range(2):
        call(forgotten, fails=True)
    assert len(open_breakers("org-c")) == 1
    deadline = time.monotonic() + 30
    while open_breakers("org-c"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_without_redis_nothing_is_called_open() -> None:
    with mock.patch("core.breaker.redis_client", side_effect=RedisConnectionError):
        assert open_breakers() == []
