"""The linked calendar of the person who looks: state, connecting through Google, letting go, and Google's own calls."""

from typing import Any

from allauth.socialaccount.providers.google import views as allauth_google
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from bookings.models import CalendarAccount, Professional
from bookings.services.google import accounts
from bookings.services.google.pulling import pull_calendar
from bookings.services.google.watching import hear


@require_safe
@role_required(Role.AGENT)
def calendar(request: MemberRequest) -> HttpResponse:
    who = Professional.objects.filter(membership=request.membership).first()
    account = CalendarAccount.objects.filter(professional=who).first() if who else None
    context = {"professional": who, "account": account, "is_offered": accounts.is_offered()}
    return render(request, "bookings/calendar.html", context)


@require_POST
@role_required(Role.AGENT)
def calendar_disconnect(request: MemberRequest) -> HttpResponse:
    accounts.disconnect(_own(request), actor=request.membership)
    messages.success(request, _("Calendar disconnected. What was written to it stays there."))
    return redirect("bookings:calendar")


@require_POST
@role_required(Role.AGENT)
def calendar_pull(request: MemberRequest) -> HttpResponse:
    account = _own(request)
    pull_calendar.enqueue(
        coalesce_key=str(account.pk), organization_id=str(account.organization_id), account_id=str(account.pk)
    )
    messages.success(request, _("Reading your calendar now."))
    return redirect("bookings:calendar")


def _own(request: MemberRequest) -> CalendarAccount:
    account = CalendarAccount.objects.filter(professional__membership=request.membership).first()
    if account is None:
        raise Http404
    return account  # type: ignore[no-any-return]


@require_POST
@role_required(Role.AGENT)
def google_begin(request: MemberRequest) -> Any:
    """Send the person to Google; the address is the one that allauth's provider has."""
    if not accounts.is_offered():
        raise Http404
    return allauth_google.oauth2_login(request)


@require_safe
@role_required(Role.AGENT)
def google_return(request: MemberRequest) -> Any:
    """Take the person back from Google, see :class:`bookings.social.CalendarAdapter`."""
    if not accounts.is_offered():
        raise Http404
    return allauth_google.oauth2_callback(request)


@csrf_exempt
@require_POST
def google_hook(request: HttpRequest) -> HttpResponse:
    """Take Google's word that a calendar changed; it says neither what nor how."""
    headers = request.headers
    if not hear(headers.get("X-Goog-Channel-ID", ""), headers.get("X-Goog-Channel-Token", "")):
        return HttpResponse("not ours", status=404, content_type="text/plain")
    return HttpResponse(status=200)
