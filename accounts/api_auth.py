"""Bearer tokens of the public API, and what every call shares: organization, limits, idempotency."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja.errors import HttpError
from ninja.security import HttpBearer, SessionAuth

from accounts.idempotency import RequestStore
from accounts.models import ApiToken, Role
from core.clock import now
from core.idempotency import run_once
from core.problem import problem
from core.ratelimit import check
from core.tenancy import across_organizations, activate_organization

CALLS_PER_MINUTE = 1_000
Handler = Callable[[HttpRequest], HttpResponseBase]


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

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith("/api/"):
            return self.get_response(request)
        token = find_token(request)
        if token is None:
            return self.get_response(request)
        request.api_token = token  # type: ignore[attr-defined]  # read by TokenAuth
        request.organization = token.organization  # type: ignore[attr-defined]  # as for members
        verdict = check("api", str(token.organization_id), limit=CALLS_PER_MINUTE, period=60, fail_open=True)
        if not verdict.allowed:
            response: HttpResponseBase = problem(429, _("Too many requests"))
        else:
            with activate_organization(token.organization_id):
                response = self._checked(request, token)
        for name, value in verdict.headers.items():
            response[name] = value
        return response

    def _checked(self, request: HttpRequest, token: ApiToken) -> HttpResponseBase:
        if request.method not in {"GET", "HEAD", "OPTIONS"} and Role(token.role).rank < Role.AGENT.rank:
            return problem(403, "This token only reads")
        if request.method != "POST":
            return self.get_response(request)
        return run_once(request, RequestStore(), lambda: self.get_response(request))


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
