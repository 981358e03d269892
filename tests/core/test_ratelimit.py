import threading
import time
from collections.abc import Iterator
from unittest import mock

import orjson
import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.test.utils import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as RedisConnectionError

from core.ratelimit import (
    LimitUnavailableError,
    Verdict,
    by_address,
    check,
    rate_limited,
    reserve,
    take,
)
from core.redis import redis_client, redis_key


@pytest.fixture(autouse=True)
def _no_limits_before() -> Iterator[None]:
    for key in redis_client().scan_iter(redis_key("limit:*")):
        redis_client().delete(key)
    yield


def test_request_n_passes_and_the_next_does_not() -> None:
    verdicts = [check("login", "a", limit=5, period=60) for _ in range(7)]
    assert [verdict.allowed for verdict in verdicts] == [True] * 5 + [False] * 2
    assert [verdict.remaining for verdict in verdicts] == [4, 3, 2, 1, 0, 0, 0]
    assert 59 <= verdicts[5].retry_after <= 60


def test_the_headers_say_what_is_left() -> None:
    assert check("api", "a", limit=2, period=60).headers == {"X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "1"}
    check("api", "a", limit=2, period=60)
    refused = check("api", "a", limit=2, period=60)
    assert refused.headers == {"X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "0", "Retry-After": "60"}


def test_keys_and_names_are_counted_apart() -> None:
    assert check("login", "a", limit=1, period=60).allowed
    assert check("login", "b", limit=1, period=60).allowed
    assert check("register", "a", limit=1, period=60).allowed
    assert not check("login", "a", limit=1, period=60).allowed


def test_a_refused_call_is_not_counted() -> None:
    check("x", "a", limit=1, period=1)
    for _ in range(20):
        assert not check("x", "a", limit=1, period=1).allowed
    time.sleep(1.01)
    assert check("x", "a", limit=1, period=1).allowed


def test_a_cost_passes_whole_or_not_at_all() -> None:
    assert check("x", "a", limit=10, period=60, cost=8).remaining == 2
    refused = check("x", "a", limit=10, period=60, cost=3)
    assert (refused.allowed, refused.remaining) == (False, 2)
    assert check("x", "a", limit=10, period=60, cost=2).allowed
    assert not check("x", "never", limit=10, period=60, cost=11).allowed


def test_take_grants_what_fits() -> None:
    granted = [take("send", "a", limit=100, period=60, wanted=40).granted for _ in range(4)]
    assert granted == [40, 40, 20, 0]
    last = take("send", "a", limit=100, period=60, wanted=40)
    assert (last.allowed, last.remaining) == (False, 0)
    assert 59 <= last.retry_after <= 60


def test_a_lowered_limit_holds_at_once() -> None:
    check("x", "a", limit=10, period=60, cost=10)
    lowered = check("x", "a", limit=3, period=60)
    assert (lowered.allowed, lowered.remaining) == (False, 0)


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 20), st.lists(st.floats(0, 0.12), min_size=20, max_size=40))
def test_no_window_ever_holds_more_than_the_limit(limit: int, pauses: list[float]) -> None:
    redis_client().delete(redis_key("limit:window:a"))
    passed = []
    for pause in pauses:
        before = time.monotonic()
        if _check_for(0.3, limit).allowed:
            passed.append((before, time.monotonic()))
        time.sleep(pause / 4)
    assert_windows_hold(passed, limit, 0.3)


def assert_windows_hold(passed: list[tuple[float, float]], limit: int, period: float) -> None:
    """Assert that no window holds more than the limit, from the moments before and after each call that was let through."""
    # Each took effect somewhere between its two moments: those that surely lie in one window are no more than the limit.
    for first, (before, _after) in enumerate(passed):
        surely = [ended for _began, ended in passed[first:] if ended - before < period - 0.005]
        assert len(surely) <= limit


def _check_for(seconds: float, limit: int) -> Verdict:
    return check("window", "a", limit=limit, period=seconds)  # type: ignore[arg-type]  # fractions keep the test short


def test_four_workers_together_pass_exactly_the_limit() -> None:
    passed: list[bool] = []

    def work() -> None:
        for _ in range(100):
            passed.append(check("api", "org", limit=120, period=60).allowed)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(passed), sum(passed)) == (400, 120)


def test_the_edge_of_a_window_lets_nothing_extra_through() -> None:
    limit, passed = 20, list[tuple[float, float]]()
    began = time.monotonic()
    while len(passed) < 2 * limit + 5 and time.monotonic() - began < 60:
        before = time.monotonic()
        if check("edge", "a", limit=limit, period=1).allowed:
            passed.append((before, time.monotonic()))
        time.sleep(0.002)
    assert len(passed) == 2 * limit + 5
    assert_windows_hold(passed, limit, 1)


def test_reserved_slots_are_spread_at_the_rate() -> None:
    began = time.monotonic()
    first = reserve("send", "a", rate_per_second=10, burst=1, count=3)
    assert first == pytest.approx([0, 0.1, 0.2], abs=0.01)
    (wait,) = reserve("send", "a", rate_per_second=10, burst=1)
    assert 0 <= wait <= 0.31
    assert time.monotonic() + wait >= began + 0.29


def test_a_burst_may_go_at_once_and_then_waits() -> None:
    assert reserve("send", "b", rate_per_second=10, burst=3, count=5) == pytest.approx([0, 0, 0, 0.1, 0.2], abs=0.02)


def test_four_workers_reserve_each_instant_once() -> None:
    earliest: list[float] = []
    latest: list[float] = []

    def work() -> None:
        for _ in range(25):
            asked = time.monotonic()
            waits = reserve("send", "c", rate_per_second=1000, burst=1, count=4)
            earliest.extend(asked + wait for wait in waits)
            latest.extend(time.monotonic() + wait for wait in waits)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(latest) == 400
    assert max(latest) - min(earliest) >= 0.395


def test_without_redis_each_limit_fails_as_it_was_told() -> None:
    with mock.patch("core.ratelimit.run_script", side_effect=RedisConnectionError):
        closed = check("login", "a", limit=5, period=60)
        opened = check("api", "a", limit=5, period=60, fail_open=True)
        assert (closed.allowed, closed.retry_after) == (False, 60)
        assert (opened.allowed, opened.retry_after) == (True, 0)
        assert take("send", "a", limit=5, period=60, wanted=3).granted == 0
        assert take("send", "a", limit=5, period=60, wanted=3, fail_open=True).granted == 3
        with pytest.raises(LimitUnavailableError):
            reserve("send", "a", rate_per_second=1)


def test_a_key_of_any_length_is_kept_short() -> None:
    check("login", "x" * 10_000, limit=1, period=60)
    assert not check("login", "x" * 10_000, limit=1, period=60).allowed
    assert all(len(key) < 200 for key in redis_client().scan_iter(redis_key("limit:*")))


def test_limits_leave_nothing_behind() -> None:
    check("x", "a", limit=5, period=60)
    assert 0 < redis_client().pttl(redis_key("limit:x:a")) <= 60_000


@rate_limited("page", limit=2, period=60)
def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


def ask_page(**headers: str) -> HttpResponse:
    return page(RequestFactory().get(headers.pop("path", "/x"), headers=headers))


def test_a_limited_view_tells_programs_to_wait() -> None:
    assert [ask_page(path="/api/v1/x").status_code for _ in range(2)] == [200, 200]
    refused = ask_page(path="/api/v1/x")
    assert (refused.status_code, refused.headers["Content-Type"]) == (429, "application/problem+json")
    assert orjson.loads(refused.content)["status"] == 429
    assert 50 <= int(refused.headers["Retry-After"]) <= 60


def test_a_limited_view_shows_people_a_page() -> None:
    with mock.patch("core.ratelimit.render", return_value=HttpResponse("page", status=429)) as rendered:
        answers = [ask_page(Accept="text/html") for _ in range(3)]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    template, context = rendered.call_args.args[1:]
    assert template == "429.html"
    assert 50 <= context["retry_after"] <= 60
    assert answers[2].headers["Retry-After"] == str(context["retry_after"])


def test_other_methods_are_not_limited() -> None:
    @rate_limited("form", limit=1, period=60, methods=("POST",))
    def form(request: HttpRequest) -> HttpResponse:
        return HttpResponse("ok")

    assert [form(RequestFactory().get("/")).status_code for _ in range(3)] == [200] * 3
    assert form(RequestFactory().post("/")).status_code == 200


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "key"),
    [
        (0, "203.0.114.9", "1.2.3.4", "203.0.114.9"),
        (1, "10.0.0.1", "6.6.6.6, 203.0.114.9", "203.0.114.9"),
        (2, "10.0.0.1", "6.6.6.6, 203.0.114.9, 10.0.0.2", "203.0.114.9"),
        (2, "10.0.0.1", "203.0.114.9", "10.0.0.1"),
        (0, "2804:14c:1:2:3:4:5:6", "", "2804:14c:1:2::/64"),
        (1, "10.0.0.1", "nonsense", "unknown"),
        (0, "", "", "unknown"),
    ],
)
def test_an_address_cannot_be_made_up(proxies: int, remote: str, forwarded: str, key: str) -> None:
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR=remote)
    with override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=proxies):
        assert by_address(request) == key


def test_fifty_made_up_addresses_do_not_help() -> None:
    answers = []
    for i in range(50):
        request = RequestFactory().get("/api/x", headers={"X-Forwarded-For": f"10.1.1.{i}"}, REMOTE_ADDR="203.0.114.9")
        answers.append(page(request).status_code)
    assert answers == [200] * 2 + [429] * 48
