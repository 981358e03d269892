from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from accounts.models import Membership
from core.tenancy import across_organizations, activate_organization, no_organization

SESSION_KEY = "organization_id"
LANGUAGES = dict(settings.LANGUAGES)

GetResponse = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware:
    """Speaks the person's language, else the one chosen on the public pages, else Portuguese.

    The browser's preference is not asked: the product is Brazilian and its pages must not change with the device.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if request.user.is_authenticated:
            chosen = request.user.language
        language = chosen if chosen in LANGUAGES else settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class OrganizationMiddleware:
    """Finds the membership that the person works under and limits every query of the request to its organization.

    Sets ``request.membership`` and ``request.organization``, both None for visitors and for staff without a business.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if (
            request.user.is_authenticated
            and request.user.is_staff
            and request.path.startswith(f"/{settings.ADMIN_PATH}/")
        ):
            request.membership = request.organization = None  # type: ignore[attr-defined]
            with across_organizations():
                return self.get_response(request)
        membership = find_membership(request) if request.user.is_authenticated else None
        request.membership = membership  # type: ignore[attr-defined]  # read as accounts.http.MemberRequest
        request.organization = membership.organization if membership else None  # type: ignore[attr-defined]
        if membership is None:
            with no_organization():
                return self.get_response(request)
        with activate_organization(membership.organization_id), timezone.override(membership.organization.timezone):
            return self.get_response(request)


def find_membership(request: HttpRequest) -> Membership | None:
    """Return the active membership named by the session, else the person's oldest one."""
    with across_organizations():
        memberships = list(
            Membership.objects.filter(user=request.user, is_active=True)
            .select_related("organization", "user")
            .order_by("created_at", "pk")
        )
    chosen = request.session.get(SESSION_KEY)
    return next((m for m in memberships if str(m.organization_id) == chosen), memberships[0] if memberships else None)
