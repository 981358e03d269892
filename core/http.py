"""The one client for everything that goes out but a campaign's messages.

No redirects, no cookies, no proxies from the environment, no retries, replies of bounded size and time. Names are
looked up once, the answer is checked, and the connection goes to the checked address. Connecting is told apart from
sending, because only then is it known that nothing left (R-5): what failed before may be tried again, what failed
after may not.
"""

import http.cookiejar
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlsplit

import orjson
import requests
import urllib3
from django.conf import settings
from django.utils.translation import gettext as _
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.connection import create_connection

from core.addresses import ForbiddenAddressError, resolve
from core.breaker import Breaker
from core.errors import DomainError

MAX_REPLY_BYTES = 25 * 1024 * 1024
CONNECT_SECONDS, READ_SECONDS = 3.0, 30.0
# The ports on which public web servers and the gateways' own defaults listen.
DEFAULT_PORTS = (80, 443, 3000, 8000, 8080, 8443)
_ODD = re.compile(r"[\x00-\x20\x7f\\]")


class OutgoingError(DomainError):
    """A request that got no whole answer. ``nothing_left`` is True only when no byte of it was sent."""

    status = HTTPStatus.BAD_GATEWAY

    def __init__(self, message: str, *, kind: str, nothing_left: bool) -> None:
        super().__init__(message, code=kind)
        self.kind = kind
        self.nothing_left = nothing_left


class UnsafeUrlError(OutgoingError, ValueError):
    """The address is not one that the outside world could offer."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, message: str, *, kind: str = "unsafe") -> None:
        super().__init__(message, kind=kind, nothing_left=True)


class UpstreamFailingError(Exception):
    """Tells the circuit breaker of a 5xx reply; never leaves this module."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    content: bytes
    url: str

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the parsed body; raises ValueError when it is no JSON."""
        return orjson.loads(self.content)


def check_public_url(url: str, *, allow_private: bool | None = None) -> None:
    """Raise :class:`UnsafeUrlError` for a URL that :func:`request` would refuse; for forms, before the value is kept.

    Where private hosts are allowed names are not looked up, since a gateway may be configured before it runs.
    """
    private = settings.ALLOW_PRIVATE_HOSTS if allow_private is None else allow_private
    parts = _split(url, private)
    host = parts.hostname or ""
    if private and not _looks_numeric(host):
        return
    try:
        resolve(host, parts.port or 443, allow_private=private)
    except ForbiddenAddressError as error:
        raise UnsafeUrlError(_("The address %(host)s is not on the public internet.") % {"host": host}) from error
    except OSError as error:
        raise UnsafeUrlError(_("Nobody knows the address %(host)s.") % {"host": host}, kind="dns") from error


def _looks_numeric(host: str) -> bool:
    return ":" in host or host.rsplit(".", 1)[-1][:1].isdigit()


def _split(url: str, private: bool) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UnsafeUrlError(_("This is not a web address.")) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or _ODD.search(url):
        raise UnsafeUrlError(_("Only addresses that begin with http:// or https:// can be used."))
    if parts.username is not None or parts.password is not None:
        raise UnsafeUrlError(_("Leave the user name and password out of the address."))
    allowed = getattr(settings, "OUTGOING_PORTS", DEFAULT_PORTS)
    if port is not None and not private and port not in allowed:
        raise UnsafeUrlError(_("The port %(port)d is not allowed.") % {"port": port})
    return parts


def request(
    method: str,
    url: str,
    *,
    json: Any = None,
    data: Any = None,
    files: Any = None,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
    max_bytes: int = MAX_REPLY_BYTES,
    allow_private: bool | None = None,
    breaker: Breaker | None = None,
    reuse: bool = True,
) -> Reply:
    """Send one request and read its whole answer, whatever its status.

    Without ``reuse`` it has a connection of its own: a kept one may be closed by the server in the very moment of use,
    which leaves an effect in doubt.
    Raises :class:`OutgoingError`, and :class:`core.breaker.CircuitOpenError` where a breaker is given and open.
    """
    private = settings.ALLOW_PRIVATE_HOSTS if allow_private is None else allow_private
    _split(url, private)
    outgoing = requests.Request(
        method, url, headers=dict(headers or {}), params=params, json=json, data=data, files=files
    )
    reply: Reply | None = None
    try:
        with breaker.guard(counts=(OutgoingError, UpstreamFailingError)) if breaker else nullcontext():
            with nullcontext(_session(private)) if reuse else guarded_session(allow_private=private) as session:
                reply = _exchange(session, outgoing, timeout, max_bytes)
            if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise UpstreamFailingError
    except UpstreamFailingError:
        if reply is None:
            raise
    return reply


def _exchange(session: requests.Session, outgoing: requests.Request, timeout: tuple[float, float], cap: int) -> Reply:
    deadline = time.monotonic() + timeout[0] + 2 * timeout[1]
    try:
        prepared = session.prepare_request(outgoing)
    except (requests.exceptions.RequestException, ValueError) as error:
        raise OutgoingError(_("The request could not be written."), kind="protocol", nothing_left=True) from error
    try:
        with session.send(prepared, timeout=timeout, allow_redirects=False, stream=True) as response:
            content = _read(response, deadline, cap)
    except requests.exceptions.Timeout as error:
        raise OutgoingError(_("The server took too long to answer."), kind="timeout", nothing_left=False) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise OutgoingError(_("The connection was cut before the answer."), kind="reset", nothing_left=False) from error
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, content, prepared.url or "")


def _read(response: requests.Response, deadline: float, cap: int) -> bytes:
    content = bytearray()
    for chunk in response.iter_content(65_536):
        content += chunk
        if len(content) > cap:
            raise OutgoingError(_("The answer is too large."), kind="too_large", nothing_left=False)
        if time.monotonic() > deadline:
            raise OutgoingError(_("The server took too long to answer."), kind="timeout", nothing_left=False)
    return bytes(content)


# What follows puts the guard where the connection is opened, below everything that could read a URL differently.


def _open(connection: HTTPConnection, *, allow_private: bool) -> socket.socket:
    host = connection._dns_host
    try:
        addresses = resolve(host, connection.port, allow_private=allow_private)
    except ForbiddenAddressError as error:
        raise UnsafeUrlError(_("The address %(host)s is not on the public internet.") % {"host": host}) from error
    except OSError as error:
        message = _("Nobody knows the address %(host)s.") % {"host": host}
        raise OutgoingError(message, kind="dns", nothing_left=True) from error
    return _first_that_answers(connection, addresses)


def _first_that_answers(connection: HTTPConnection, addresses: list[tuple[str, int]]) -> socket.socket:
    failure: OSError = OSError("no address")
    for address in addresses:
        try:
            return create_connection(address, connection.timeout, socket_options=connection.socket_options)
        except OSError as error:
            failure = error
    slow = isinstance(failure, TimeoutError)
    message = _("The server does not answer.") if slow else _("The server refused the connection.")
    raise OutgoingError(message, kind="connect_timeout" if slow else "refused", nothing_left=True) from failure


class _PublicConnection(HTTPConnection):
    allow_private: ClassVar[bool] = False

    def _new_conn(self) -> socket.socket:
        return _open(self, allow_private=self.allow_private)


class _PublicTlsConnection(HTTPSConnection):
    allow_private: ClassVar[bool] = False

    def _new_conn(self) -> socket.socket:
        return _open(self, allow_private=self.allow_private)

    def connect(self) -> None:
        try:
            super().connect()
        except (ssl.SSLError, urllib3.exceptions.HTTPError, OSError) as error:
            message = _("The server could not prove who it is (TLS).")
            raise OutgoingError(message, kind="tls", nothing_left=True) from error


class _AnyConnection(_PublicConnection):
    allow_private = True


class _AnyTlsConnection(_PublicTlsConnection):
    allow_private = True


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicTlsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicTlsConnection


class _AnyPool(HTTPConnectionPool):
    ConnectionCls = _AnyConnection


class _AnyTlsPool(HTTPSConnectionPool):
    ConnectionCls = _AnyTlsConnection


class _GuardedAdapter(HTTPAdapter):
    def __init__(self, *, private: bool) -> None:
        self.private = private
        super().__init__(max_retries=0, pool_connections=10, pool_maxsize=10)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        public = {"http": _PublicPool, "https": _PublicTlsPool}
        anywhere = {"http": _AnyPool, "https": _AnyTlsPool}
        self.poolmanager.pool_classes_by_scheme = anywhere if self.private else public


class _NeverRedirected(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that no answer is a redirect: to prepare the next hop requests would read the body without any limit."""


def guarded_session(*, allow_private: bool | None = None) -> requests.Session:
    """Return a session with all of the guards; what fails before sending is an :class:`OutgoingError` of its own."""
    private = settings.ALLOW_PRIVATE_HOSTS if allow_private is None else allow_private
    session = _NeverRedirected()
    session.trust_env = False
    # One session serves all organizations: a cookie of one must never travel with another.
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, _GuardedAdapter(private=private))
    return session


class _PerThread(threading.local):
    """Sessions are not made for many threads at once."""

    def __init__(self) -> None:
        self.session = lru_cache(maxsize=2)(lambda private: guarded_session(allow_private=private))


_local = _PerThread()


def _session(private: bool) -> requests.Session:
    return _local.session(private)
