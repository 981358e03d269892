"""What every answer to htmx has in common, so that no view thinks about it."""

from collections.abc import Callable

from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

REDIRECTS = (301, 302, 303, 307, 308)


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
            return HttpResponseClientRedirect(response.headers["Location"])
        if self._takes_toasts(response):
            self._append_toasts(request, response)
        return response

    @staticmethod
    def _takes_toasts(response: HttpResponse) -> bool:
        html = response.headers.get("Content-Type", "").startswith("text/html")
        return html and not response.streaming and "HX-Redirect" not in response.headers

    @staticmethod
    def _append_toasts(request: HttpRequest, response: HttpResponse) -> None:
        if toasts := list(get_messages(request)):
            html = render_to_string("components/toasts.html", {"messages": toasts, "out_of_band": True}, request)
            response.content += html.encode()
            if response.status_code == 204:
                response.status_code = 200
