"""Errors for programs: application/problem+json (RFC 9457), with the words that a person would read."""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, ValidationError
from ninja.parser import Parser
from ninja.types import DictStrAny

from core.breaker import CircuitOpenError
from core.errors import DomainError
from core.pagination import InvalidCursorError

logger = logging.getLogger(__name__)
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""As JSON writes it; two backslashes before it would be one in the text."""


class BodyParser(Parser):
    """Refuses texts with NUL where they enter: PostgreSQL keeps none, and no field of ours means one."""

    def parse_body(self, request: HttpRequest) -> DictStrAny:
        if NUL.search(request.body):
            raise ValueError("NUL in the body")
        return super().parse_body(request)


def problem(
    status: int,
    title: str = "",
    detail: str = "",
    *,
    code: str = "",
    headers: Mapping[str, str] | None = None,
    **extra: Any,
) -> HttpResponse:
    """Return an error; ``code`` is a stable word for programs, ``extra`` members stand beside the standard ones."""
    body: dict[str, Any] = {"type": "about:blank", "title": title or HTTPStatus(status).phrase, "status": status}
    body |= {name: value for name, value in (("detail", detail), ("code", code)) if value}
    content = orjson.dumps(body | extra, default=str)
    return HttpResponse(content, status=status, content_type="application/problem+json", headers=dict(headers or {}))


def wants_problem(request: HttpRequest) -> bool:
    """Tell whether the caller is a program: by the path of the API or by asking for JSON rather than HTML."""
    return request.path.startswith("/api/") or not request.accepts("text/html")


def install(api: NinjaAPI) -> None:
    """Make an API answer every error as a problem; nothing of an unexpected one is told but that it happened."""
    api.parser = BodyParser()
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)


def _domain(request: HttpRequest, error: DomainError) -> HttpResponse:
    if not error.fields:
        return problem(error.status, error.message, code=error.code)
    found = [{"loc": ["body", name], "msg": error.message} for name in error.fields]
    return problem(error.status, error.message, code=error.code, errors=found)


def _circuit(request: HttpRequest, error: CircuitOpenError) -> HttpResponse:
    return problem(error.status, error.message, code=error.code, headers={"Retry-After": str(error.retry_after)})


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    # The offending input is left out: it may be a secret.
    found = [{"loc": list(item.get("loc", [])), "msg": item.get("msg", "")} for item in error.errors]
    return problem(422, _("Check the fields"), code="invalid", errors=found)


def _invalid_model(request: HttpRequest, error: DjangoValidationError) -> HttpResponse:
    return problem(422, _("Check the fields"), "; ".join(error.messages), code="invalid")


def _cursor(request: HttpRequest, error: InvalidCursorError) -> HttpResponse:
    return problem(400, _("The cursor cannot be read. Begin again without it."), code="invalid_cursor")


def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == HTTPStatus.BAD_REQUEST and error.__cause__ is not None:  # a body that the parser gave up
        return problem(400, _("The request cannot be read"), code="bad_request")
    return problem(error.status_code, str(error))


def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.exception("unexpected error in the API", exc_info=error, extra={"path": request.path})
    return problem(500, _("Something went wrong here. It has been noted."), code="internal")


_HANDLERS: dict[type[Exception], Any] = {
    AuthenticationError: lambda request, error: problem(
        401, _("No valid token"), code="unauthenticated", headers={"WWW-Authenticate": "Bearer"}
    ),
    AuthorizationError: lambda request, error: problem(403, _("Your role does not allow this"), code="forbidden"),
    PermissionDenied: lambda request, error: problem(403, _("Your role does not allow this"), code="forbidden"),
    Http404: lambda request, error: problem(404, _("There is nothing here"), code="not_found"),
    RequestDataTooBig: lambda request, error: problem(413, _("The request is too large"), code="too_large"),
    SuspiciousOperation: lambda request, error: problem(400, _("The request cannot be read"), code="bad_request"),
    BadRequest: lambda request, error: problem(400, _("The request cannot be read"), code="bad_request"),
    HttpError: _http,
    ValidationError: _invalid,
    DjangoValidationError: _invalid_model,
    InvalidCursorError: _cursor,
    CircuitOpenError: _circuit,
    DomainError: _domain,
    Exception: _unexpected,
}
