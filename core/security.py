from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class SecurityHeadersMiddleware:
    """Headers that Django does not set by itself, and the live origin in the content security policy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("X-XSS-Protection", "1; mode=block")
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if origin := live_origin(request):
            response._csp_update = {"connect-src": [origin]}  # type: ignore[attr-defined]  # read by django-csp
        return response


def live_origin(request: HttpRequest) -> str:
    """Return the origin of the process that streams signals: as configured, else the next port of the same host."""
    if settings.LIVE_URL:
        return str(settings.LIVE_URL)
    address = urlsplit(f"//{request.get_host()}")
    if not address.port:
        return ""
    host = address.netloc.rpartition(":")[0]
    return f"{request.scheme}://{host}:{address.port + 1}"
