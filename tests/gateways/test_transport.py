"""Both drivers against real sockets: what certainly did not leave is told apart from what may have."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import aiohttp
import pytest

from core.addresses import guarded_socket
from core.breaker import CircuitOpenError, open_breakers
from core.http import request
from core.ids import uuid7
from core.tenancy import activate_organization
from gateways.calls import Answer, FailureKind, HttpCall, HttpReply, Operation, TransportFailure
from gateways.transport import aio, sync
from tests.support.sockets import answers, drips, full_backlog, hangs, peer, refused_url, resets, says

Drive = Callable[[HttpCall], Answer]
NOT_SENT, MAYBE_SENT = FailureKind.NOT_SENT, FailureKind.MAYBE_SENT


def _once(call: HttpCall) -> Operation[Answer]:
    return (yield call)


def _simulator(call: HttpCall) -> HttpReply:
    return HttpReply(201, b'{"id": "sim-1"}')


def _sync(call: HttpCall) -> Answer:
    return sync.run(_once(call), simulator=_simulator)


def _aio(call: HttpCall) -> Answer:
    async def go() -> Answer:
        connector = aiohttp.TCPConnector(socket_factory=guarded_socket)
        async with aiohttp.ClientSession(connector=connector) as session:
            return await aio.arun(_once(call), session, simulator=_simulator)

    return asyncio.run(go())


@pytest.fixture(params=[_sync, _aio], ids=["requests", "aiohttp"])
def drive(request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Drive:
    settings.ALLOW_PRIVATE_HOSTS = True
    for module in (sync, aio):
        monkeypatch.setattr(module, "CONNECT_SECONDS", 0.4)
    chosen: Drive = request.param
    return chosen


def _send(url: str, seconds: float = 0.5) -> HttpCall:
    return HttpCall("POST", f"{url}/api/sendText", {"X-Api-Key": "k"}, {"text": "oi"}, True, seconds)


def _failure(answer: Answer) -> FailureKind:
    assert isinstance(answer, TransportFailure), answer
    assert answer.detail
    return answer.kind


def test_an_answer_comes_with_its_status_headers_and_body(drive: Drive) -> None:
    with peer(answers("201 Created", '{"id": "ação"}'.encode(), "X-Thing: Yes")) as server:
        reply = drive(_send(server.url))
    assert isinstance(reply, HttpReply)
    assert (reply.status, reply.json(), reply.headers["x-thing"]) == (201, {"id": "ação"}, "Yes")
    assert b"POST /api/sendText" in server.requests[0]
    assert b"application/json" in server.requests[0]


def test_a_refused_connection_sent_nothing(drive: Drive) -> None:
    assert _failure(drive(_send(refused_url()))) is NOT_SENT


def test_an_unknown_name_sent_nothing(drive: Drive) -> None:
    assert _failure(drive(_send("http://gateway.invalid"))) is NOT_SENT


def test_a_connection_that_never_opens_sent_nothing(drive: Drive) -> None:
    with full_backlog() as url:
        assert _failure(drive(_send(url))) is NOT_SENT


def test_a_failed_tls_handshake_sent_nothing(drive: Drive) -> None:
    with peer(says(b"HTTP/1.1 400 no\r\n\r\n"), reads=False) as server:
        assert _failure(drive(_send(server.url.replace("http:", "https:")))) is NOT_SENT


def test_a_tls_handshake_that_is_cut_sent_nothing(drive: Drive) -> None:
    with peer(resets, reads=False) as server:
        assert _failure(drive(_send(server.url.replace("http:", "https:")))) is NOT_SENT


@pytest.mark.parametrize(
    "behaviour",
    [
        resets,
        hangs,
        drips,
        says(b""),
        says(b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{"),
        says(b"not a web server\r\n\r\n"),
        says(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ],
    ids=["reset", "silence", "dripping", "closed", "cut reply", "no HTTP", "bad chunk"],
)
def test_after_the_request_left_nothing_is_certain(drive: Drive, behaviour: Callable[..., None]) -> None:
    with peer(behaviour) as server:
        assert _failure(drive(_send(server.url))) is MAYBE_SENT
    assert server.connections == 1, "nothing is tried twice"


def test_a_reply_without_end_is_given_up(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aio, "MAX_REPLY_BYTES", 100_000)
    monkeypatch.setitem(request.__kwdefaults__, "max_bytes", 100_000)
    with peer(answers("200 OK", b"x" * 300_000)) as server:
        assert _failure(drive(_send(server.url, 3))) is MAYBE_SENT


def test_a_slow_answer_within_the_limit_is_an_answer(drive: Drive) -> None:
    def slowly(client: object) -> None:
        time.sleep(0.4)
        answers("201 Created", b'{"id": "x"}')(client)  # type: ignore[arg-type]

    with peer(slowly) as server:
        reply = drive(_send(server.url, 3))
    assert isinstance(reply, HttpReply) and reply.status == 201


@pytest.mark.parametrize("status", ["500 Oops", "503 Busy", "404 None", "422 No"])
def test_an_error_status_is_an_answer(drive: Drive, status: str) -> None:
    with peer(answers(status, b"<html>")) as server:
        reply = drive(_send(server.url))
    assert isinstance(reply, HttpReply)
    assert (reply.status, reply.json()) == (int(status[:3]), None)


def test_a_redirect_is_not_followed(drive: Drive) -> None:
    with peer(answers("302 Found", b"", "Location: http://127.0.0.1:1/")) as server:
        reply = drive(_send(server.url))
    assert isinstance(reply, HttpReply) and reply.status == 302


def test_too_many_requests_says_how_long_to_wait(drive: Drive) -> None:
    with peer(answers("429 Slow", b"{}", "Retry-After: 17")) as server:
        reply = drive(_send(server.url))
    assert isinstance(reply, HttpReply) and reply.retry_after_seconds == 17


def test_too_many_requests_may_name_a_date(drive: Drive) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    with peer(answers("429 Slow", b"{}", f"Retry-After: {date}")) as server:
        reply = drive(_send(server.url))
    assert isinstance(reply, HttpReply)
    assert reply.retry_after_seconds is not None and 55 <= reply.retry_after_seconds <= 60


@pytest.mark.parametrize("value", ["", "soon", "²", "-5", "Wed, 99 Nov 2099 00:00:00 GMT"])
def test_a_pause_that_cannot_be_read_is_none(value: str) -> None:
    assert HttpReply(429, b"", {"retry-after": value}).retry_after_seconds is None


def test_a_pause_may_be_fractional() -> None:
    assert HttpReply(429, b"", {"retry-after": "1.5"}).retry_after_seconds == 1.5


def test_a_private_address_is_refused_where_the_setting_says_so(drive: Drive, settings: Any) -> None:
    settings.ALLOW_PRIVATE_HOSTS = False
    with peer(answers("201 Created")) as server:
        assert _failure(drive(_send(server.url))) is NOT_SENT
    assert server.connections == 0


def test_a_call_of_the_simulator_stays_inside(drive: Drive) -> None:
    reply = drive(HttpCall("POST", "simulator://send", json={}, effectful=True))
    assert isinstance(reply, HttpReply) and reply.json() == {"id": "sim-1"}


# ---- A server that fails is left alone, for one organization and one server at a time ---------------------------------


def _guarded(url: str, organization_id: UUID) -> Answer:
    with activate_organization(organization_id):
        return _sync(_send(url))


@pytest.fixture
def hasty(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALLOW_PRIVATE_HOSTS = True
    monkeypatch.setattr(sync, "CONNECT_SECONDS", 0.4)


@pytest.mark.usefixtures("hasty")
def test_a_server_that_is_gone_is_left_alone() -> None:
    one, other = uuid7(), uuid7()
    with peer(answers("503 Service Unavailable", b"")) as server:
        for _again in range(5):
            assert _guarded(server.url, one).status == 503  # type: ignore[union-attr]
        with pytest.raises(CircuitOpenError) as caught:
            _guarded(server.url, one)
        assert caught.value.is_open
        assert len(server.requests) == 5
        # Neither another business nor another server of this one is stopped by it.
        assert _guarded(server.url, other).status == 503  # type: ignore[union-attr]
    with peer(answers("200 OK", b"{}")) as second:
        assert _guarded(second.url, one).status == 200  # type: ignore[union-attr]
    (rest,) = open_breakers(one)
    assert (rest.dependency, rest.place) == ("gateway", urlsplit(server.url).netloc.replace(":", "_"))


@pytest.mark.usefixtures("hasty")
def test_what_one_number_is_refused_says_nothing_of_its_server() -> None:
    organization_id = uuid7()
    with peer(answers("500 Internal Server Error", b'{"message": "Connection Closed"}')) as server:
        for _again in range(8):
            assert _guarded(server.url, organization_id).status == 500  # type: ignore[union-attr]
    assert open_breakers(organization_id) == []


@pytest.mark.usefixtures("hasty")
def test_an_operation_that_has_begun_is_never_stopped_half_way() -> None:
    """Its second call may tell how its first one ended."""

    def twice(url: str) -> Operation[list[int]]:
        first = yield _send(url)
        second = yield _send(url)
        assert isinstance(first, HttpReply)
        assert isinstance(second, HttpReply)
        return [first.status, second.status]

    organization_id = uuid7()
    with activate_organization(organization_id), peer(answers("503 Service Unavailable", b"")) as server:
        for _again in range(4):
            sync.run(twice(server.url), simulator=_simulator)
        assert sync.run(twice(server.url), simulator=_simulator) == [503, 503]
        with pytest.raises(CircuitOpenError):
            sync.run(twice(server.url), simulator=_simulator)
        assert len(server.requests) == 10
