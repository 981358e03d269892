"""The fast door for webhooks: a WSGI function in front of Django's own, without session, middleware, URL resolver."""

import logging
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from django.db import connection

from gateways.intake.committer import Bells, Committer
from gateways.intake.ingest import MAX_BODY_BYTES, Refusal, find_receiver, receive, ring

logger = logging.getLogger(__name__)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

PATH = re.compile(r"/hooks/([a-z0-9_-]{1,40})/([^/]{1,200})/?")
CHUNK = 64 * 1024
RETRY_AFTER = ("Retry-After", "5")


class HookDoor:
    """Answers ``POST /hooks/<provider>/<token>/`` and hands everything else on to Django."""

    def __init__(self, django: Application) -> None:
        self.django = django
        self.committer = Committer(Bells(ring))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        # A provider that asks whether the address is ours (GET) comes once and has time.
        if not path.startswith("/hooks/") or (
            environ["REQUEST_METHOD"] == "GET" and "hub.mode" in environ.get("QUERY_STRING", "")
        ):
            return self.django(environ, start_response)
        try:
            self._take(environ, path)
        except Refusal as refusal:
            return _answer(start_response, refusal.status, refusal.reason)
        except Exception:  # whatever failed is our fault, and some providers never retry after a 4xx
            logger.exception("webhook not stored")
            return _answer(start_response, HTTPStatus.SERVICE_UNAVAILABLE, "try again", RETRY_AFTER)
        return _answer(start_response, HTTPStatus.OK, "")

    def _take(self, environ: Environ, path: str) -> None:
        if environ["REQUEST_METHOD"] != "POST":
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "POST only")
        match = PATH.fullmatch(path)
        if match is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "unknown address")
        provider, token = match[1], unquote(match[2])
        try:
            find_receiver(provider, token)
            body = read_body(environ)
            receive(provider, token, _headers(environ), body, store=self.committer.store)
        finally:
            # Django looks after its connections by signals that are not sent here.
            if connection.connection is not None:
                connection.close_if_unusable_or_obsolete()


def read_body(environ: Environ) -> bytes:
    """Read the body, never more than is allowed of it; raise :class:`Refusal` 413 or 400."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length and not (length.isascii() and length.isdigit()):
        raise Refusal(HTTPStatus.BAD_REQUEST, "bad length")
    if length and int(length) > MAX_BODY_BYTES:
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too large")
    wanted = int(length) if length else MAX_BODY_BYTES + 1
    chunks, size = [], 0
    while size < wanted and (chunk := environ["wsgi.input"].read(min(CHUNK, wanted - size))):
        chunks.append(chunk)
        size += len(chunk)
    if size > MAX_BODY_BYTES:
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too large")
    if length and size < wanted:
        raise Refusal(HTTPStatus.BAD_REQUEST, "body cut short")
    return b"".join(chunks)


def _headers(environ: Environ) -> dict[str, str]:
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name[:5] == "HTTP_"}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    return headers


def _answer(start_response: StartResponse, status: int, reason: str, *headers: tuple[str, str]) -> list[bytes]:
    body = reason.encode()
    fixed = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        fixed.append(("Allow", "POST"))
    start_response(f"{int(status)} {HTTPStatus(status).phrase}", [*fixed, *headers])
    return [body]
