"""The fast door in front of Django: the same answers, and the commit comes before the 200."""

import io
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.db import DatabaseError, connection

from gateways.intake import committer, ingest
from gateways.intake.wsgi import HookDoor
from gateways.models import Channel, Receipt, ReceiptState
from tests.gateways.conftest import message, signed
from tests.support.journeys import until

pytestmark = pytest.mark.django_db(transaction=True)


def django(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("299 Django", [])
    return [b"django"]


@pytest.fixture
def door() -> Iterator[HookDoor]:
    found = HookDoor(django)
    yield found
    found.committer.close()


def call(
    door: HookDoor, path: str, body: Any = b"", headers: dict[str, str] | None = None, **environ: Any
) -> tuple[int, dict[str, str]]:
    answer: list[Any] = []
    given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()}
    base = {
        "REQUEST_METHOD": "POST", "PATH_INFO": path, "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }  # fmt: skip
    content = door(base | given | environ, lambda status, fields: answer.extend([int(status[:3]), dict(fields)]))
    assert answer[0] == 299 or int(answer[1]["Content-Length"]) == len(b"".join(content))
    return answer[0], answer[1] if answer[0] != 299 else {}


def address(channel: Channel) -> str:
    return f"/hooks/{channel.provider}/{channel.hook_token}/"


def test_a_webhook_is_committed_before_the_answer(channel: Channel, door: HookDoor) -> None:
    body, headers = signed(message(1))
    assert call(door, address(channel), body, headers)[0] == 200
    assert bytes(Receipt.objects.get().body) == body
    # The bell is rung by a thread of its own.
    until(lambda: Receipt.objects.get().state == ReceiptState.DONE)


def test_the_address_works_without_its_last_slash(channel: Channel, door: HookDoor) -> None:
    body, headers = signed(message(1))
    assert call(door, address(channel).rstrip("/"), body, headers)[0] == 200


def test_everything_else_is_djangos(door: HookDoor) -> None:
    assert call(door, "/numeros/")[0] == 299
    assert call(door, "/hooks")[0] == 299


def test_refusals_are_the_same_as_djangos(channel: Channel, door: HookDoor) -> None:
    body, headers = signed(message(1))
    assert call(door, address(channel), body)[0] == 401
    assert call(door, address(channel), body + b" ", headers)[0] == 401
    assert call(door, "/hooks/waha/nobody/", body, headers)[0] == 404
    assert call(door, "/hooks/waha/", body, headers)[0] == 404
    assert call(door, f"{address(channel)}more/", body, headers)[0] == 404
    assert call(door, address(channel), *signed(b"{"))[0] == 400
    status, fields = call(door, address(channel), REQUEST_METHOD="GET")
    assert (status, fields["Allow"]) == (405, "POST")
    assert not Receipt.objects.exists()


def test_size_is_measured_and_not_believed(channel: Channel, door: HookDoor) -> None:
    large, small = b"a" * (ingest.MAX_BODY_BYTES + 1), b"{}"
    assert call(door, address(channel), b"", CONTENT_LENGTH=str(len(large)))[0] == 413
    assert call(door, address(channel), large, CONTENT_LENGTH="")[0] == 413
    for lie in ("-1", "1e3", "٣", "abc"):
        assert call(door, address(channel), small, CONTENT_LENGTH=lie)[0] == 400
    assert call(door, address(channel), small, CONTENT_LENGTH="50")[0] == 400


def test_a_body_without_length_is_read_to_its_end(channel: Channel, door: HookDoor) -> None:
    body, headers = signed(message(1))
    assert call(door, address(channel), body, headers, CONTENT_LENGTH="")[0] == 200


def test_our_own_fault_is_a_503_that_asks_to_come_again(
    channel: Channel, door: HookDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(committer, "insert_receipts", broken)
    status, fields = call(door, address(channel), *signed(message(1)))
    assert (status, fields["Retry-After"]) == (503, "5")


def test_a_database_restart_costs_no_webhook(channel: Channel, door: HookDoor) -> None:
    assert call(door, address(channel), *signed(message(1)))[0] == 200
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert call(door, address(channel), *signed(message(2)))[0] == 200
    assert Receipt.objects.count() == 2


def test_forty_threads_with_the_same_ten_webhooks(channel: Channel, door: HookDoor) -> None:
    events = [signed(message(number)) for number in range(10)]
    answers: list[int] = []

    def deliver(offset: int) -> None:
        for index in range(10):
            answers.append(call(door, address(channel), *events[(index + offset) % 10])[0])
        connection.close()

    threads = [threading.Thread(target=deliver, args=[offset]) for offset in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 400
    assert Receipt.objects.count() == 10
    assert sum(Receipt.objects.values_list("duplicates", flat=True)) == 390
