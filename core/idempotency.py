"""Idempotency-Key: a POST that is repeated gets the answer of the first one (R-18).

The store is a table of an upper app; it must make :meth:`Store.begin` atomic (a unique constraint) and should let a key
that has been in progress for longer than any request lives be taken over.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from core.problem import problem

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True)
class Stored:
    """What is known of a key; ``status`` is None while the first request still runs."""

    fingerprint: str
    status: int | None = None
    content: bytes = b""
    content_type: str = ""


class Store(Protocol):
    def begin(self, key: str, fingerprint: str) -> Stored | None:
        """Take the key and return None, or return what is stored under it."""

    def finish(self, key: str, status: int, content: bytes, content_type: str) -> None:
        """Keep the answer of the request that took the key."""

    def release(self, key: str) -> None:
        """Forget the key: nothing was done."""


def run_once(request: HttpRequest, store: Store, action: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Run the action unless its key was seen; without the header it simply runs.

    Errors of ours (5xx, exceptions) undo their transaction, so the key is released and the caller may try again.
    """
    key = request.headers.get(HEADER, "")
    if not key:
        return action()
    if not _KEY.fullmatch(key):
        return problem(400, _("The Idempotency-Key must be 1 to 255 plain characters"), code="invalid_key")
    try:
        fingerprint = fingerprint_of(request)
    except RequestDataTooBig:
        return problem(413, _("The request is too large"), code="too_large")
    stored = store.begin(key, fingerprint)
    return _owned(store, key, action) if stored is None else _repeated(stored, fingerprint)


def _owned(store: Store, key: str, action: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    try:
        response = action()
    except BaseException:
        store.release(key)
        raise
    if not isinstance(response, HttpResponse) or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        store.release(key)
        return response
    store.finish(key, response.status_code, response.content, response.headers.get("Content-Type", ""))
    return response


def _repeated(stored: Stored, fingerprint: str) -> HttpResponse:
    if stored.fingerprint != fingerprint:
        return problem(409, _("This Idempotency-Key was used with another request"), code="key_reused")
    if stored.status is None:
        message = _("The first request with this Idempotency-Key is still running")
        return problem(409, message, code="in_progress", headers={"Retry-After": "1"})
    headers = {"Idempotent-Replayed": "true"}
    return HttpResponse(stored.content, status=stored.status, content_type=stored.content_type, headers=headers)


def fingerprint_of(request: HttpRequest) -> str:
    """Return a hash of method, address and content; files are hashed piece by piece and never held whole."""
    digest = hashlib.sha256(f"{request.method}\n{request.get_full_path()}\n".encode())
    if (request.content_type or "").startswith("multipart/"):
        for name, values in sorted(request.POST.lists()):
            digest.update(repr((name, values)).encode())
        for name, files in sorted(request.FILES.lists()):
            for file in files:
                _digest_file(digest, name, file)
    else:
        digest.update(request.body)
    return digest.hexdigest()


def _digest_file(digest: Any, name: str, file: Any) -> None:
    digest.update(repr((name, file.name, file.size)).encode())
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
