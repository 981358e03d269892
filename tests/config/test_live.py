"""The stream of signals, spoken to as a server speaks to it: what a page hears, after which gap, and who hears nothing."""

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.conf import settings
from django.db import connections, transaction
from django.test import Client

from accounts.models import Membership, Organization, User
from config import live
from core.live import KEPT_SIGNALS, live_cursor, signal, stream_key
from core.redis import redis_client
from core.tenancy import across_organizations

pytestmark = pytest.mark.django_db(transaction=True)
Login = Callable[..., Client]
GENEROUS = 30


class Heard:
    """What the stream said: the status, its headers and the blocks that stand between empty lines."""

    def __init__(self) -> None:
        self.status, self.headers, self.body, self.ended = 0, dict[bytes, bytes](), b"", False

    @property
    def events(self) -> list[dict[str, str]]:
        blocks = self.body.decode().split("\n\n")[:-1]
        found = [
            dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":")) for block in blocks
        ]
        return [one for one in found if "event" in one]

    @property
    def topics(self) -> list[str]:
        return [orjson.loads(one["data"])["topic"] for one in self.events if one["event"] == "signal"]


def listen(
    cookie: str, query: str = "", *, until: Callable[[Heard], bool], then: Callable[[], None] = lambda: None,
    method: str = "GET", **headers: str,
) -> Heard:  # fmt: skip
    """Open the stream, do ``then`` once it has begun, and go away when ``until`` holds."""
    heard = Heard()

    async def run() -> None:
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                heard.status, heard.headers = message["status"], dict(message["headers"])
            else:
                first, heard.body = not heard.body, heard.body + message["body"]
                heard.ended = not message.get("more_body")
                if first and heard.status == 200:
                    await asyncio.to_thread(then)
            if heard.status != 200 or until(heard):
                gone.set()

        sent = {"cookie": cookie, "host": "localhost:8001"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        scope = {
            "type": "http", "path": "/live/", "method": method, "query_string": query.encode("latin-1"),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        }  # fmt: skip
        await asyncio.wait_for(live.application(scope, receive, send), GENEROUS)

    asyncio.run(run())
    return heard


def tell(organization: Organization, *topics: str) -> None:
    for topic in topics:
        with transaction.atomic():
            signal(organization.pk, topic, {"n": 1})
    connections.close_all()


@pytest.fixture
def cookie(ana: Membership, login: Login) -> str:
    return f"{settings.SESSION_COOKIE_NAME}={login(ana).cookies[settings.SESSION_COOKIE_NAME].value}"


@pytest.fixture(autouse=True)
def _no_connection_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads of the stream keep their connections; those of a test must be gone with it."""
    monkeypatch.setattr(live, "close_old_connections", connections.close_all)


def begun(heard: Heard) -> bool:
    return bool(heard.body)


def test_what_happens_while_the_page_is_open_is_heard_at_once(cookie: str, acme: Organization) -> None:
    heard = listen(
        cookie, "since=" + live_cursor(acme.pk), then=lambda: tell(acme, "inbox"), until=lambda h: bool(h.topics)
    )
    assert (heard.status, heard.topics) == (200, ["inbox"])
    assert heard.headers[b"content-type"] == b"text/event-stream"


def test_nothing_falls_between_the_page_and_its_stream(cookie: str, acme: Organization) -> None:
    tell(acme, "before")
    cursor = live_cursor(acme.pk)
    tell(acme, "inbox", "conversation:1", "dashboard")
    heard = listen(cookie, f"since={cursor}", until=lambda h: len(h.topics) == 3)
    assert heard.topics == ["inbox", "conversation:1", "dashboard"]


def test_after_a_gap_the_last_id_that_was_heard_goes_on_and_nothing_comes_twice(
    cookie: str, acme: Organization
) -> None:
    tell(acme, "one", "two")
    first = listen(cookie, "since=0-0", until=lambda h: len(h.topics) == 2)
    tell(acme, "three")
    again = listen(cookie, "since=0-0", until=lambda h: "three" in h.topics, last_event_id=first.events[0]["id"])
    assert again.topics == ["two", "three"]


def test_a_gap_longer_than_what_is_kept_tells_the_page_to_look_at_everything(cookie: str, acme: Organization) -> None:
    tell(acme, "old")
    old = live_cursor(acme.pk)
    tell(acme, "newer", "newest")
    redis_client().xtrim(stream_key(acme.pk), maxlen=1, approximate=False)
    heard = listen(cookie, f"since={old}", until=lambda h: "newest" in h.topics)
    assert heard.events[0]["event"] == "resync"


def test_the_stream_keeps_a_bounded_number_of_signals(acme: Organization) -> None:
    for number in range(KEPT_SIGNALS + 300):
        redis_client().xadd(
            stream_key(acme.pk), {"topic": str(number), "data": b"{}"}, maxlen=KEPT_SIGNALS, approximate=True
        )
    assert redis_client().xlen(stream_key(acme.pk)) < KEPT_SIGNALS + 300


def test_one_organization_hears_nothing_of_another(cookie: str, acme: Organization, carla: Membership) -> None:
    def both() -> None:
        tell(carla.organization, "secret")
        tell(acme, "ours")

    heard = listen(cookie, "since=0-0", then=both, until=lambda h: bool(h.topics))
    assert heard.topics == ["ours"]


@pytest.mark.parametrize(
    "bad", ["", "%s=", "%s=" + "x" * 32, '%s="aaaaaaaaaaaa\\000bbb"', "%s=" + "x" * 9000, ";;;=\xff", "\x00", "%s=../../etc/passwd"],
)  # fmt: skip
def test_who_is_not_logged_in_hears_nothing(bad: str) -> None:
    heard = listen(bad.replace("%s", settings.SESSION_COOKIE_NAME), until=begun)
    assert (heard.status, heard.body) == (401, b"")


def test_who_works_nowhere_or_no_longer_hears_nothing(davi: User, bruno: Membership, login: Login) -> None:
    cookies = [
        login(davi).cookies[settings.SESSION_COOKIE_NAME].value,
        login(bruno).cookies[settings.SESSION_COOKIE_NAME].value,
    ]
    with across_organizations():
        Membership.objects.filter(pk=bruno.pk).update(is_active=False)
    assert [listen(f"{settings.SESSION_COOKIE_NAME}={value}", until=begun).status for value in cookies] == [401, 401]


@pytest.mark.parametrize(
    "since", ["x", "-1", "9" * 20 + "-0", "1-1-1", "%00", "0-0%0d%0aX: 1", "\xff", "$", "", "9" * 400]
)
def test_a_cursor_that_is_none_breaks_nothing(since: str, cookie: str) -> None:
    assert listen(cookie, f"since={since}", until=begun).status == 200


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT"])
def test_only_get_is_answered(method: str, cookie: str) -> None:
    assert listen(cookie, method=method, until=begun).status == 401


def test_only_our_own_pages_may_read_it_from_a_browser(cookie: str) -> None:
    ours = listen(cookie, until=begun, origin="http://localhost:8000")
    other = listen(cookie, until=begun, origin="https://evil.example")
    assert ours.headers[b"access-control-allow-origin"] == b"http://localhost:8000"
    assert b"access-control-allow-origin" not in other.headers


def test_the_stream_ends_when_the_page_goes_away(cookie: str) -> None:
    assert listen(cookie, until=begun).ended
