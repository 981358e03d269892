import gzip
import socket
import threading
import time
from collections.abc import Iterator
from unittest import mock

import pytest
from django.test.utils import override_settings
from django.utils.translation import override

from core.breaker import Breaker, CircuitOpenError
from core.http import OutgoingError, Reply, UnsafeUrlError, check_public_url, guarded_session, request
from tests.core.corpus import load
from tests.core.servers import Server, answer, free_socket, serving


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(answer(headers="X-Thing: 1\r\nSet-Cookie: a=b\r\n")) as running:
        yield running


@pytest.mark.parametrize("url", load("ssrf_urls.json"))
def test_no_spelling_reaches_the_inside(url: str, server: Server) -> None:
    with pytest.raises(UnsafeUrlError):
        check_public_url(url, allow_private=False)
    with pytest.raises(OutgoingError) as refusal:
        request("GET", url.replace("/", f":{server.port}/", 3) if url.count("/") == 3 else url, allow_private=False)
    assert refusal.value.nothing_left
    assert server.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "127.1", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_the_canary_server_is_reached_only_where_the_setting_allows_it(host: str, server: Server) -> None:
    url = f"http://{host}:{server.port}/x"
    with override_settings(ALLOW_PRIVATE_HOSTS=False, OUTGOING_PORTS=[server.port]), pytest.raises(UnsafeUrlError):
        request("GET", url)
    assert server.requests == []
    with override_settings(ALLOW_PRIVATE_HOSTS=True):
        assert request("GET", url).status == 200
    assert len(server.requests) == 1


def test_a_name_that_changes_between_check_and_connection_is_looked_up_once(server: Server) -> None:
    answers = [[(2, 1, 6, "", ("203.0.114.1", 80))], [(2, 1, 6, "", ("127.0.0.1", server.port))]]
    connected: list[object] = []

    def connect(address: tuple[str, int], *args: object, **kwargs: object) -> socket.socket:
        connected.append(address)
        raise OSError("unreachable")

    with (
        mock.patch("core.addresses.socket.getaddrinfo", side_effect=answers),
        mock.patch("core.http.create_connection", side_effect=connect),
        override_settings(OUTGOING_PORTS=[server.port]),
        pytest.raises(OutgoingError) as refusal,
    ):
        request("GET", f"http://rebinding.example:{server.port}/", allow_private=False)
    assert refusal.value.kind == "refused"
    assert connected == [("203.0.114.1", server.port)]
    assert server.requests == []


def test_metadata_is_refused_even_where_private_hosts_are_allowed() -> None:
    for url in ("http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://0.0.0.0/"):
        with pytest.raises(UnsafeUrlError):
            check_public_url(url, allow_private=True)
        with pytest.raises(UnsafeUrlError):
            request("GET", url, allow_private=True)


def test_a_gateway_may_be_configured_before_it_runs() -> None:
    check_public_url("http://waha.internal:3000", allow_private=True)
    check_public_url("http://localhost:3000", allow_private=True)


@pytest.mark.parametrize("port", [22, 25, 6379, 5432, 65535])
def test_public_hosts_are_reached_on_web_ports_only(port: int) -> None:
    with pytest.raises(UnsafeUrlError, match=f"port {port} is not allowed"):
        check_public_url(f"http://8.8.8.8:{port}/", allow_private=False)
    check_public_url("http://8.8.8.8:8080/", allow_private=False)
    check_public_url("https://8.8.8.8/", allow_private=False)


def test_redirects_are_answers_and_are_not_followed() -> None:
    with serving(answer(b"", "302 Found", "Location: http://169.254.169.254/\r\n")) as server:
        reply = request("POST", server.url, json={"a": 1}, allow_private=True)
        assert (reply.status, reply.headers["location"], len(server.requests)) == (302, "http://169.254.169.254/", 1)


def test_a_redirect_with_an_endless_body_is_capped() -> None:
    with serving(answer(bytes(3_000_000), "302 Found", "Location: http://127.0.0.1/\r\n")) as server:
        assert outcome(server.url, max_bytes=200_000) == ("too_large", False)


def test_a_reply_has_status_headers_and_content(server: Server) -> None:
    reply = request(
        "PUT", f"{server.url}/a", json={"b": 1}, headers={"X-Api-Key": "k"}, params={"q": "é"}, allow_private=True
    )
    assert (reply.status, reply.ok, reply.json(), reply.text) == (200, True, {"ok": True}, '{"ok": true}')
    assert reply.headers["x-thing"] == "1"
    sent = server.requests[0].decode()
    assert sent.startswith("PUT /a?q=%C3%A9 HTTP/1.1\r\n")
    assert "X-Api-Key: k\r\n" in sent
    assert sent.endswith('{"b": 1}')


def test_cookies_and_proxies_of_one_call_never_reach_another(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    request("GET", server.url, allow_private=True)
    request("GET", server.url, allow_private=True)
    assert b"Cookie" not in server.requests[1]


def test_an_error_status_is_a_reply() -> None:
    with serving(answer(b"no", "503 Down")) as server:
        reply = request("GET", server.url, allow_private=True)
        assert (reply.status, reply.ok, reply.text) == (503, False, "no")


def outcome(url: str, **options: object) -> tuple[str, bool]:
    with pytest.raises(OutgoingError) as failure:
        request("POST", url, data=b"x", allow_private=True, timeout=(0.5, 0.5), **options)  # type: ignore[arg-type]
    return failure.value.kind, failure.value.nothing_left


def test_a_refused_connection_left_nothing() -> None:
    with free_socket() as unheard:
        # An earlier test may have left a connection to a server on this port.
        assert outcome(f"http://127.0.0.1:{unheard.getsockname()[1]}/", reuse=False) == ("refused", True)


def test_an_unknown_name_left_nothing() -> None:
    with mock.patch("core.addresses.socket.getaddrinfo", side_effect=socket.gaierror(-2, "unknown")):
        assert outcome("http://nobody.example/") == ("dns", True)


def test_a_connection_that_never_opens_left_nothing() -> None:
    with mock.patch("core.http.create_connection", side_effect=TimeoutError):
        assert outcome("http://127.0.0.1:8080/") == ("connect_timeout", True)


def test_a_server_without_tls_left_nothing(server: Server) -> None:
    assert outcome(f"https://127.0.0.1:{server.port}/") == ("tls", True)


def test_a_reply_that_is_cut_may_have_left() -> None:
    for behaviour in (
        lambda connection: None,
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"),
    ):
        with serving(behaviour) as server:
            assert outcome(server.url) == ("reset", False)
            assert len(server.requests) == 1


def test_a_reply_that_never_comes_may_have_left() -> None:
    with serving(lambda connection: time.sleep(2)) as server:
        assert outcome(server.url) == ("timeout", False)


def test_a_reply_that_drips_is_given_up() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(40):
            connection.sendall(b"x" * 10)
            time.sleep(0.1)

    with serving(drip) as server, mock.patch("core.http.requests.Response.iter_content", _small_pieces):
        began = time.monotonic()
        assert outcome(server.url) == ("timeout", False)
        assert time.monotonic() - began < 3


def _small_pieces(response: object, _size: int) -> Iterator[bytes]:
    while piece := response.raw.read(10):  # type: ignore[attr-defined]
        yield piece


@pytest.mark.parametrize("packed", [False, True])
def test_a_reply_larger_than_the_cap_is_dropped(packed: bool) -> None:
    body = gzip.compress(bytes(20_000_000)) if packed else bytes(300_000)
    headers = "Content-Encoding: gzip\r\n" if packed else ""
    with serving(answer(body, headers=headers)) as server:
        assert outcome(server.url, max_bytes=200_000) == ("too_large", False)


def test_what_is_no_http_may_have_left() -> None:
    with serving(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n")) as server:
        assert outcome(server.url) == ("reset", False)


def test_a_header_with_a_line_end_is_never_sent(server: Server) -> None:
    assert outcome(server.url, headers={"X": "a\r\nEvil: 1"}) == ("protocol", True)
    assert server.requests == []


def test_a_breaker_counts_failures_and_5xx_and_then_stops_calling() -> None:
    breaker = Breaker("test:http", failures=3, cool_down=60)
    breaker.reset()
    with serving(answer(b"", "500 Broken")) as server:
        for _ in range(3):
            assert request("GET", server.url, allow_private=True, breaker=breaker).status == 500
        with pytest.raises(CircuitOpenError) as refusal:
            request("GET", server.url, allow_private=True, breaker=breaker)
        assert 1 <= refusal.value.retry_after <= 60
        assert len(server.requests) == 3
    breaker.reset()


def test_a_refusal_of_the_other_side_is_no_failure_of_it() -> None:
    breaker = Breaker("test:http-4xx", failures=2, cool_down=60)
    breaker.reset()
    with serving(answer(b"", "422 No")) as server:
        assert [request("GET", server.url, allow_private=True, breaker=breaker).status for _ in range(5)] == [422] * 5
    breaker.reset()


def test_threads_do_not_share_a_session(server: Server) -> None:
    replies: list[Reply] = []
    threads = [
        threading.Thread(target=lambda: replies.append(request("GET", server.url, allow_private=True)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [reply.status for reply in replies] == [200] * 8


def test_a_guarded_session_refuses_as_the_client_does(server: Server) -> None:
    with guarded_session(allow_private=False) as session, pytest.raises(UnsafeUrlError):
        session.get(server.url, timeout=1)
    with guarded_session(allow_private=True) as session:
        assert session.get(server.url, timeout=1).status_code == 200
    assert len(server.requests) == 1
