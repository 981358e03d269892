"""Who may enter a view. Every page of the product wears one of these decorators."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from accounts.models import Membership, Role

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def role_required(minimum: Role) -> Callable[[View], View]:
    """Ask for a membership of at least this role: log-in page for visitors, 403 for lower roles."""

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            membership: Membership | None = getattr(request, "membership", None)
            if membership is None:
                return redirect("accounts:organization-create")
            if not membership.has_role(minimum):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.minimum_role = minimum  # type: ignore[attr-defined]  # read by prove_isolation
        return cast(View, guarded)

    return decorate


def member_required(view: View) -> View:
    """Ask for any active membership."""
    return role_required(Role.VIEWER)(view)
