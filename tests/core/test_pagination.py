import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from core.pagination import InvalidCursorError, Page, keyset_page

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def people(moments: list[datetime | None]) -> None:
    """One person per moment of last log-in; equal moments and none at all are wanted."""
    User.objects.bulk_create(
        User(email=f"p{i}@example.com", name=f"P{i % 3}", last_login=moment) for i, moment in enumerate(moments)
    )


def walk(order: str | list[str], size: int) -> list[Any]:
    """Follow the cursors to the end and return all keys."""
    keys: list[Any] = []
    cursor: str | None = None
    for _ in range(200):
        page: Page[User] = keyset_page(User.objects.all(), order=order, cursor=cursor, size=size)
        assert len(page.items) <= size
        keys += [person.pk for person in page.items]
        if page.next_cursor is None:
            return keys
        assert len(page.items) == size
        cursor = page.next_cursor
    raise AssertionError("the pages never end")


def expected(order: list[str]) -> list[Any]:
    return list(User.objects.order_by(*order).values_list("pk", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
@pytest.mark.parametrize(
    ("order", "whole"),
    [
        ("-last_login", ["-last_login", "-pk"]),
        ("last_login", ["last_login", "pk"]),
        ("-pk", ["-pk"]),
        ("id", ["id"]),
        (["name", "-last_login"], ["name", "-last_login", "-pk"]),
        (["-name", "last_login", "pk"], ["-name", "last_login", "pk"]),
    ],
)
def test_pages_follow_each_other_without_gap_or_repetition(size: int, order: Any, whole: list[str]) -> None:
    people([None, START, START, START - timedelta(hours=1), None, START + timedelta(microseconds=1), START] * 2)
    assert walk(order, size) == expected(whole)


@pytest.mark.django_db(transaction=False)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.none() | st.integers(0, 3).map(lambda h: START + timedelta(hours=h)), max_size=12),
    st.integers(1, 5),
    st.booleans(),
)
def test_any_table_is_walked_whole(moments: list[datetime | None], size: int, descending: bool) -> None:
    User.objects.all().delete()
    people(moments)
    sign = "-" if descending else ""
    assert walk(f"{sign}last_login", size) == expected([f"{sign}last_login", f"{sign}pk"])


@pytest.mark.django_db
def test_rows_that_arrive_meanwhile_move_nothing() -> None:
    people([START - timedelta(hours=i) for i in range(6)])
    first = keyset_page(User.objects.all(), order="-last_login", cursor=None, size=3)
    User.objects.create(email="new@example.com", last_login=START + timedelta(hours=1))
    first.items[0].delete()
    second = keyset_page(User.objects.all(), order="-last_login", cursor=first.next_cursor, size=3)
    assert [person.last_login for person in second.items] == [START - timedelta(hours=i) for i in range(3, 6)]
    assert second.next_cursor is None


@pytest.mark.django_db
def test_a_page_is_one_query_with_a_bound_that_an_index_can_use() -> None:
    people([START - timedelta(hours=i) for i in range(6)])
    first = keyset_page(User.objects.all(), order="-last_login", cursor=None, size=3)
    with CaptureQueriesContext(connection) as queries:
        keyset_page(User.objects.all(), order="-last_login", cursor=first.next_cursor, size=3)
    assert len(queries) == 1
    assert '"last_login" <= ' in queries[0]["sql"]
    assert "LIMIT 4" in queries[0]["sql"]


def cursor_of(payload: object, signature: bytes = b"x" * 12) -> str:
    return base64.urlsafe_b64encode(signature + orjson.dumps(payload)).decode().rstrip("=")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "cursor",
    [
        "x", "ção", "%00", "a" * 5_000, "=", "=====", "../../etc/passwd", "' OR 1=1 --", "0", "null", "[]", "\0",
        cursor_of(["-last_login,-pk", "2026-11-20", "1"]), cursor_of({}), cursor_of(None), cursor_of([]),
        cursor_of(["-last_login,-pk", "2026-11-20", "1"], b""),
    ],
)  # fmt: skip
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    people([START] * 3)
    with CaptureQueriesContext(connection) as queries, pytest.raises(InvalidCursorError):
        keyset_page(User.objects.all(), order="-last_login", cursor=cursor, size=2)
    assert len(queries) == 0


@pytest.mark.django_db
def test_a_changed_cursor_is_refused() -> None:
    people([START] * 3)
    cursor = keyset_page(User.objects.all(), order="-last_login", cursor=None, size=1).next_cursor
    assert cursor
    for place in range(0, len(cursor) - 2, 5):
        changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(InvalidCursorError):
            keyset_page(User.objects.all(), order="-last_login", cursor=changed, size=1)


@pytest.mark.django_db
def test_a_cursor_of_another_order_or_installation_is_refused() -> None:
    people([START] * 3)
    cursor = keyset_page(User.objects.all(), order="-last_login", cursor=None, size=1).next_cursor
    with pytest.raises(InvalidCursorError, match="another order"):
        keyset_page(User.objects.all(), order="last_login", cursor=cursor, size=1)
    with override_settings(SECRET_KEY="another"), pytest.raises(InvalidCursorError):
        keyset_page(User.objects.all(), order="-last_login", cursor=cursor, size=1)


@pytest.mark.django_db
def test_an_empty_cursor_is_the_first_page() -> None:
    people([START] * 2)
    assert len(keyset_page(User.objects.all(), order="-pk", cursor="", size=9).items) == 2
    assert keyset_page(User.objects.none(), order="-pk", cursor=None, size=9) == Page([], None)
