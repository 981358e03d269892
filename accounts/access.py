"""Who may enter a view. Every page of the product wears one of these decorators."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts.models import Membership, Role

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def role_required(minimum: Role) -> Callable[[View], View]:
    """Ask for a membership of at least this role: log-in page for visitors, 403 for lower roles."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                if request.method == "POST":
                    messages.warning(request, _("Your session had ended. Log in to go on where you were."))
                return redirect_to_login(page_to_return_to(request))
            membership: Membership | None = getattr(request, "membership", None)
            if membership is None:
                return redirect("accounts:organization-create")
            if not membership.has_role(minimum):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.minimum_role = minimum  # type: ignore[attr-defined]  # read by prove_isolation
        return cast(View, guarded)

    return decorate


def page_to_return_to(request: HttpRequest) -> str:
    """Return where a log-in leads back to: the page asked for, or the page whose form was sent when the session had ended."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    before = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(before, allowed_hosts={request.get_host()}):
        parts = urlsplit(before)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return resolve_url(settings.LOGIN_REDIRECT_URL)


def person_required(view: View) -> View:
    """Ask for a log-in; the person may work nowhere yet."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(page_to_return_to(request))
        return view(request, *args, **kwargs)

    return cast(View, guarded)


def member_required(view: View) -> View:
    """Ask for any active membership."""
    return role_required(Role.VIEWER)(view)
