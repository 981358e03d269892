"""What every answer to htmx has in common, so that no view thinks about it."""

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect, reswap

REDIRECTS = (301, 302, 303, 307, 308)
NAVIGATES = ("HX-Redirect", "HX-Location", "HX-Refresh")


class HtmxResponseMiddleware:
    """Adds Vary, turns redirects into client redirects and appends messages as toasts, for htmx requests only."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        patch_vary_headers(response, ["HX-Request"])
        if not request.htmx:  # type: ignore[attr-defined]  # set by django-htmx
            return response
        if response.status_code in REDIRECTS:
            return client_redirect(request, response)
        if takes_toasts(response):
            append_toasts(request, response)
        return response


def client_redirect(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Return the same redirect for the whole page: htmx would otherwise put the target inside a fragment."""
    target = response.headers["Location"]
    login = resolve_url(settings.LOGIN_URL)
    if urlsplit(target).path == login:
        # The session ended while a fragment refreshed itself: after the log-in the person wants the page, not the fragment.
        target = f"{login}?{urlencode({REDIRECT_FIELD_NAME: page_of(request)})}"
    redirect = HttpResponseClientRedirect(target)
    redirect.cookies = response.cookies
    return redirect


def page_of(request: HttpRequest) -> str:
    """Return the page that holds the fragment, as htmx says; anybody can say anything in its header."""
    try:
        return request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
    except ValueError:
        return "/"


def takes_toasts(response: HttpResponse) -> bool:
    """Say whether htmx would show what is appended; otherwise the messages wait for the next page."""
    shown = response.status_code < 400 or response.status_code == 422
    html = response.headers.get("Content-Type", "").startswith("text/html")
    return shown and html and not response.streaming and not any(name in response.headers for name in NAVIGATES)


def append_toasts(request: HttpRequest, response: HttpResponse) -> None:
    """Append waiting messages, out of band. A 204 becomes a 200 that changes nothing but the toasts."""
    toasts = list(get_messages(request))
    if not toasts:
        return
    html = render_to_string("components/toasts.html", {"messages": toasts, "out_of_band": True}, request)
    response.content += html.encode()
    if response.status_code == 204:
        response.status_code = 200
        reswap(response, "none")
