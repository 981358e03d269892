"""What an address answers when it cannot: words on a page for people, a problem (RFC 9457) for programs."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import defaults

from accounts.access import page_to_return_to
from core.problem import problem, wants_problem


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_problem(request):
        return problem(HTTPStatus.BAD_REQUEST, _("The request cannot be read"), code="bad_request")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_problem(request):
        return problem(HTTPStatus.FORBIDDEN, _("Your role does not allow this"), code="forbidden")
    return defaults.permission_denied(request, exception)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose page is older than the log-in; the header lets the page's own script say it in a toast."""
    if wants_problem(request):
        return problem(HTTPStatus.FORBIDDEN, _("This page is too old to be sent"), code="stale_page")
    response = render(request, "403_csrf.html", {"back": page_to_return_to(request)}, status=403)
    response["X-Refusal"] = "stale"
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_problem(request):
        return problem(HTTPStatus.NOT_FOUND, _("There is nothing here"), code="not_found")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if wants_problem(request):
        return problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, _("Something went wrong here. It has been noted."), code="internal"
        )
    return defaults.server_error(request)
