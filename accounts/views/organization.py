from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import member_required, person_required, role_required
from accounts.forms import ApiTokenForm, InvitationForm, NewOrganizationForm, OpenAiKeyForm, OrganizationForm
from accounts.http import MemberRequest, UserRequest
from accounts.middleware import SESSION_KEY
from accounts.models import ApiToken, AuditEntry, Invitation, Membership, Role, Secret, Team
from accounts.services.audit import record_audit
from accounts.services.organizations import create_organization
from accounts.services.secrets_store import set_secret
from core.once import once
from core.tenancy import across_organizations

OPENAI_SECRET = "openai"  # noqa: S105  # a name, not the key


@require_safe
@member_required
def settings_overview(request: MemberRequest) -> HttpResponse:
    return render(request, "accounts/settings.html", _settings_context(request))


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def organization_edit(request: MemberRequest) -> HttpResponse:
    form = OrganizationForm(request.POST or None, instance=request.organization)
    if request.method == "POST" and form.is_valid():
        form.save()
        record_audit("organization.changed", actor=request.membership, data={"fields": form.changed_data})
        messages.success(request, _("Business details saved."))
        return redirect("accounts:settings")
    return render(request, "accounts/organization_form.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@person_required
@once("reports:dashboard")
def organization_create(request: UserRequest) -> HttpResponse:
    form = NewOrganizationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        membership = create_organization(
            form.cleaned_data["name"], owner=request.user, segment=form.cleaned_data["segment"]
        )
        request.session[SESSION_KEY] = str(membership.organization_id)
        return redirect("reports:dashboard")
    return render(request, "accounts/organization_create.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@person_required
def organization_switch(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    with across_organizations():
        mine = Membership.objects.filter(user=request.user, organization_id=organization_id, is_active=True).exists()
    if not mine:
        return render(request, "404.html", status=404)
    request.session[SESSION_KEY] = str(organization_id)
    return redirect("reports:dashboard")


@require_POST
@role_required(Role.ADMIN)
def openai_key(request: MemberRequest) -> HttpResponse:
    form = OpenAiKeyForm(request.POST)
    if form.is_valid():
        set_secret(OPENAI_SECRET, form.cleaned_data["key"].strip(), actor=request.membership)
        messages.success(request, _("Key saved.") if form.cleaned_data["key"] else _("Key removed."))
        return redirect("accounts:settings")
    return render(request, "accounts/settings.html", _settings_context(request) | {"openai_form": form}, status=422)


@require_safe
@role_required(Role.ADMIN)
def audit_log(request: MemberRequest) -> HttpResponse:
    entries = AuditEntry.objects.order_by("-at")[:200]
    return render(request, "accounts/audit.html", {"entries": entries})


def _settings_context(request: MemberRequest) -> dict[str, object]:
    manages = request.membership.can_manage
    return {
        "members": Membership.objects.select_related("user").order_by("-is_active", "created_at"),
        "teams": Team.objects.prefetch_related("members__user"),
        "invitations": Invitation.objects.filter(accepted_at=None, revoked_at=None).order_by("-created_at"),
        "tokens": ApiToken.objects.filter(revoked_at=None).order_by("-created_at") if manages else [],
        "openai_secret": Secret.objects.filter(name=OPENAI_SECRET).first() if manages else None,
        "invitation_form": InvitationForm(),
        "token_form": ApiTokenForm(),
        "openai_form": OpenAiKeyForm(),
    }
