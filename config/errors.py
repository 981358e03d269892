"""What an address answers when it cannot: words on a page for people, a problem (RFC 9457) for programs."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views import defaults

from core.problem import problem, wants_problem


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_problem(request):
        return problem(HTTPStatus.BAD_REQUEST, _("The request cannot be read"), code="bad_request")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_problem(request):
        return problem(HTTPStatus.FORBIDDEN, _("Your role does not allow this"), code="forbidden")
    return defaults.permission_denied(request, exception)


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
