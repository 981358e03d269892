"""Bearer tokens of the public API, and what every call shares: organization, limits, idempotency."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja.errors import HttpError
from ninja.security import HttpBearer, SessionAuth

from accounts.models import ApiToken, IdempotentRequest, Role
from core.clock import now
from core.idempotency import fingerprint_of
from core.problem import problem
from core.ratelimit import check
from core.tenancy import across_organizations, activate_organization

KEY_LIFE = timedelta(hours=24)
CALLS_PER_MINUTE = 1_000
Handler = Callable[[HttpRequest], HttpResponse]


class TokenAuth(HttpBearer):
    """Accepts a live token; the organization itself is activated by :class:`ApiMiddleware`."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        found: ApiToken | None = getattr(request, "api_token", None)
        return found


class MemberSessionAuth(SessionAuth):
    """Accepts the session of a member, for the plain paths that pages call; viewers only read."""

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        membership = getattr(request, "membership", None)
        if membership is None:
            return None
        if request.method not in {"GET", "HEAD", "OPTIONS"} and not membership.can_write:
            raise HttpError(403, "Viewers only read")
        return super().authenticate(request, key)


class ApiMiddleware:
    """For paths under /api/: finds the token's organization, counts the call and answers repeated POSTs once."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):
            return self.get_response(request)
        token = find_token(request)
        if token is None:
            return self.get_response(request)
        request.api_token = token  # type: ignore[attr-defined]  # read by TokenAuth
        request.organization = token.organization  # type: ignore[attr-defined]  # as for members
        verdict = check("api", str(token.organization_id), limit=CALLS_PER_MINUTE, period=60, fail_open=True)
        if not verdict.allowed:
            response = problem(429, _("Too many requests"))
        else:
            with activate_organization(token.organization_id):
                response = self._checked(request, token)
        for name, value in verdict.headers.items():
            response[name] = value
        return response

    def _checked(self, request: HttpRequest, token: ApiToken) -> HttpResponse:
        if request.method not in {"GET", "HEAD", "OPTIONS"} and Role(token.role).rank < Role.AGENT.rank:
            return problem(403, "This token only reads")
        key = request.headers.get("Idempotency-Key", "")
        if request.method != "POST" or not key:
            return self.get_response(request)
        if len(key) > 255:
            return problem(422, "Idempotency-Key is longer than 255 characters")
        return self._once(request, key)

    def _once(self, request: HttpRequest, key: str) -> HttpResponse:
        try:
            fingerprint = fingerprint_of(request)
        except RequestDataTooBig:
            return problem(413, _("The request is too large"), code="too_large")
        IdempotentRequest.objects.filter(key=key, created_at__lt=now() - KEY_LIFE).delete()
        try:
            with transaction.atomic():
                row = IdempotentRequest.objects.create(key=key, request_hash=fingerprint)
        except IntegrityError:
            return self._repeated(key, fingerprint)
        try:
            response = self.get_response(request)
        except BaseException:
            row.delete()
            raise
        if response.status_code >= 500 or response.streaming:
            row.delete()
            return response
        row.status, row.response = response.status_code, response.content
        row.content_type = response.headers.get("Content-Type", "")
        row.save()
        return response

    @staticmethod
    def _repeated(key: str, fingerprint: str) -> HttpResponse:
        stored = IdempotentRequest.objects.filter(key=key).first()
        if stored is None or stored.request_hash != fingerprint:
            return problem(409, _("This Idempotency-Key was used with another request"), code="key_reused")
        if stored.status is None:
            response = problem(
                409, _("The first request with this Idempotency-Key is still running"), code="in_progress"
            )
            response["Retry-After"] = "1"
            return response
        return HttpResponse(bytes(stored.response), status=stored.status, content_type=stored.content_type)


def find_token(request: HttpRequest) -> ApiToken | None:
    """Return the live token of the Authorization header."""
    scheme, _, plain = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not plain:
        return None
    with across_organizations():
        found: ApiToken | None = (
            ApiToken.objects.select_related("organization")
            .filter(token_hash=ApiToken.hash_of(plain.strip()), revoked_at=None)
            .first()
        )
        if found and (found.last_used_at is None or found.last_used_at < now() - timedelta(minutes=5)):
            ApiToken.objects.filter(pk=found.pk).update(last_used_at=now())
    return found
