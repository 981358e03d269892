"""The public API: each app's router under /api/v1/, and the plain paths that older callers know under /api/."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import django_auth

from accounts.api_auth import TokenAuth, problem
from campaigns.api import plain_router as campaigns_plain
from campaigns.api import router as campaigns
from conversations.api import router as conversations
from core.errors import DomainError
from core.pagination import InvalidCursorError
from gateways.api import router as gateways
from leads.api import router as leads
from reports.api import plain_router as reports_plain
from sdr.api import plain_router as sdr_plain
from sdr.api import router as sdr

api = NinjaAPI(title="Prosa", version="1", auth=TokenAuth(), urls_namespace="api-v1", docs_url="/docs")
for router in (gateways, leads, campaigns, conversations, sdr):
    api.add_router("", router)

plain_api = NinjaAPI(
    title="Prosa, plain paths", version="plain", auth=[TokenAuth(), django_auth], urls_namespace="api-plain", docs_url=None,
    openapi_url=None,
)  # fmt: skip
for router in (campaigns_plain, reports_plain, sdr_plain):
    plain_api.add_router("", router)


def _install(target: NinjaAPI) -> None:
    def handle(kind: type[Exception], answer: Any) -> None:
        target.add_exception_handler(kind, answer)

    handle(AuthenticationError, lambda request, error: problem(401, "No valid token"))
    handle(Http404, lambda request, error: problem(404, "Not found"))
    handle(HttpError, lambda request, error: problem(error.status_code, str(error)))
    handle(InvalidCursorError, lambda request, error: problem(400, "Unreadable cursor"))
    handle(DomainError, lambda request, error: problem(getattr(error, "status", 409), error.message, code=error.code))
    handle(ValidationError, _invalid)


def _invalid(request: HttpRequest, error: Exception) -> HttpResponse:
    assert isinstance(error, ValidationError)
    found = [{"loc": list(item.get("loc", [])), "msg": item.get("msg", "")} for item in error.errors]
    return problem(422, "Check the fields", errors=found)


_install(api)
_install(plain_api)
