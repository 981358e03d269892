from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import person_required
from accounts.errors import InvitationError
from accounts.forms import AlertsForm, ProfileForm
from accounts.http import UserRequest
from accounts.middleware import SESSION_KEY
from accounts.models import Membership
from accounts.services.members import accept_invitation, find_invitation
from accounts.views.members import wrong_link
from core.tenancy import across_organizations


@require_http_methods(["GET", "HEAD", "POST"])
@person_required
def profile(request: UserRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your account was saved."))
        return redirect("accounts:profile")
    context = {"form": form, "alerts_form": AlertsForm(instance=request.user)}
    return render(request, "accounts/profile.html", context, status=422 if form.errors else 200)


@require_POST
@person_required
def alerts_change(request: UserRequest) -> HttpResponse:
    form = AlertsForm(request.POST, instance=request.user)
    if form.is_valid():
        form.save()
        messages.success(request, _("Your alerts were saved."))
    return redirect(f"{reverse('accounts:profile')}#avisos")


@require_safe
@person_required
def organizations(request: HttpRequest) -> HttpResponse:
    with across_organizations():
        memberships = list(
            Membership.objects.filter(user=request.user, is_active=True)
            .select_related("organization")
            .order_by("created_at")
        )
    return render(request, "accounts/organizations.html", {"memberships": memberships})


@require_http_methods(["GET", "HEAD", "POST"])
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    try:
        invitation = find_invitation(token)
        if not request.user.is_authenticated:
            return render(request, "accounts/invitation.html", {"invitation": invitation, "token": token})
        if request.method == "POST":
            membership = accept_invitation(invitation, request.user)
            request.session[SESSION_KEY] = str(membership.organization_id)
            return redirect("reports:dashboard")
    except InvitationError as error:
        return wrong_link(request, error)
    return render(request, "accounts/invitation.html", {"invitation": invitation, "token": token})
