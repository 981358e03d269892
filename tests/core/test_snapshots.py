"""What takes long is counted again in the background, and says of when it is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from redis.exceptions import ConnectionError as NoRedisError

from core.snapshots import FRESH, Snapshot, keep, recall
from tests.support.redis import forget_keys

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Counter:
    """Counts one more at each call, and the bells that asked for it."""

    def __init__(self) -> None:
        self.count = self.bells = 0

    def __call__(self) -> int:
        self.count += 1
        return self.count

    def ring(self) -> None:
        self.bells += 1


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    forget_keys()
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def counter() -> Counter:
    return Counter()


def look(counter: Counter, *, is_large: bool = True, key: str = "x") -> Snapshot[int]:
    return recall(key, counter, counter.ring, is_large=is_large)


def test_what_is_small_is_of_now(clock: object, counter: Counter) -> None:
    assert [look(counter, is_large=False) for _look in range(2)] == [Snapshot(1), Snapshot(2)]
    assert counter.bells == 0


def test_only_the_first_look_at_something_large_counts(clock: time_machine.Traveller, counter: Counter) -> None:
    assert look(counter) == Snapshot(1, NOON)
    clock.shift(FRESH)
    assert look(counter) == Snapshot(1, NOON)
    assert (counter.count, counter.bells) == (1, 0)


def test_an_old_one_is_shown_with_its_time_and_counted_again_once(
    clock: time_machine.Traveller, counter: Counter
) -> None:
    look(counter)
    clock.shift(FRESH + timedelta(seconds=1))
    assert [look(counter).at for _look in range(3)] == [NOON] * 3
    assert (counter.count, counter.bells) == (1, 1)
    keep("x", 7)
    assert look(counter) == Snapshot(7, NOON + FRESH + timedelta(seconds=1))


def test_each_key_has_its_own(clock: object, counter: Counter) -> None:
    assert [look(counter, key=key).value for key in ("a", "b", "a")] == [1, 2, 1]


def test_without_redis_it_is_counted(clock: object, counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise NoRedisError

    for name in ("get", "set", "add"):
        monkeypatch.setattr(cache, name, broken)
    assert look(counter) == Snapshot(1)
