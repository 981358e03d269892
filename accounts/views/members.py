from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import role_required
from accounts.errors import InvitationError, LastOwnerError
from accounts.forms import ApiTokenForm, InvitationForm, MemberForm, TeamForm
from accounts.http import MemberRequest
from accounts.models import ApiToken, Invitation, Membership, Role, Team
from accounts.services.audit import record_audit
from accounts.services.members import change_member, invite, revoke_invitation
from accounts.services.tokens import create_api_token, revoke_api_token
from core.once import once


@require_POST
@role_required(Role.ADMIN)
@once("accounts:settings")
def invitation_create(request: MemberRequest) -> HttpResponse:
    form = InvitationForm(request.POST)
    if form.is_valid():
        try:
            invitation = invite(
                form.cleaned_data["email"], role=Role(form.cleaned_data["role"]), actor=request.membership
            )
        except InvitationError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Invitation sent to %(email)s.") % {"email": invitation.email})
            return redirect("accounts:settings")
    return render(request, "accounts/invitation_form.html", {"form": form}, status=422)


@require_POST
@role_required(Role.ADMIN)
def invitation_revoke(request: MemberRequest, invitation_id: UUID) -> HttpResponse:
    revoke_invitation(get_object_or_404(Invitation.objects, pk=invitation_id), actor=request.membership)
    messages.success(request, _("Invitation withdrawn."))
    return redirect("accounts:settings")


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def member_edit(request: MemberRequest, membership_id: UUID) -> HttpResponse:
    member = get_object_or_404(Membership.objects.select_related("user"), pk=membership_id)
    form = MemberForm(request.POST or None, initial={"role": member.role, "is_active": member.is_active})
    if request.method == "POST" and form.is_valid():
        try:
            change_member(
                member,
                role=Role(form.cleaned_data["role"]),
                is_active=form.cleaned_data["is_active"],
                actor=request.membership,
            )
        except (InvitationError, LastOwnerError) as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Saved."))
            return redirect("accounts:settings")
    return render(
        request, "accounts/member_form.html", {"form": form, "member": member}, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
@once("accounts:settings")
def team_edit(request: MemberRequest, team_id: UUID | None = None) -> HttpResponse:
    team = get_object_or_404(Team.objects, pk=team_id) if team_id else Team(organization=request.organization)
    form = TeamForm(request.POST or None, instance=team)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        saved.members.set(form.cleaned_data["members"], through_defaults={"organization_id": request.organization.pk})
        record_audit("team.saved", actor=request.membership, target=saved.name)
        messages.success(request, _("Team saved."))
        return redirect("accounts:settings")
    return render(request, "accounts/team_form.html", {"form": form, "team": team}, status=422 if form.errors else 200)


@require_POST
@role_required(Role.ADMIN)
def team_delete(request: MemberRequest, team_id: UUID) -> HttpResponse:
    team = get_object_or_404(Team.objects, pk=team_id)
    record_audit("team.deleted", actor=request.membership, target=team.name)
    team.delete()
    messages.success(request, _("Team deleted. Its conversations stay without a team."))
    return redirect("accounts:settings")


@require_POST
@role_required(Role.ADMIN)
@once("accounts:settings")
def token_create(request: MemberRequest) -> HttpResponse:
    form = ApiTokenForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/token_form.html", {"form": form}, status=422)
    token, plain = create_api_token(
        form.cleaned_data["name"], role=Role(form.cleaned_data["role"]), actor=request.membership
    )
    return render(request, "accounts/token_created.html", {"token": token, "plain": plain})


@require_POST
@role_required(Role.ADMIN)
def token_revoke(request: MemberRequest, token_id: UUID) -> HttpResponse:
    revoke_api_token(get_object_or_404(ApiToken.objects, pk=token_id), actor=request.membership)
    messages.success(request, _("Token revoked. It no longer opens anything."))
    return redirect("accounts:settings")


def wrong_link(request: HttpRequest, error: InvitationError) -> HttpResponse:
    return render(request, "accounts/invitation_refused.html", {"reason": error.message}, status=410)
