"""Whether and how an organization issues NFS-e."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from accounts.services.audit import record_audit
from accounts.services.secrets_store import set_secret
from billing.credentials import FOCUS_TOKEN, fiscal_settings, focus_nfe, has_secret, hints
from billing.forms_fiscal import FiscalForm
from core.errors import DomainError


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def fiscal(request: MemberRequest) -> HttpResponse:
    form = FiscalForm(request.POST or None, instance=fiscal_settings(), has_token=has_secret(FOCUS_TOKEN))
    if request.method == "POST" and form.is_valid():
        form.save()
        if form.cleaned_data["token"]:
            set_secret(FOCUS_TOKEN, form.cleaned_data["token"], actor=request.membership)
        changed = [name for name in form.changed_data if name != "token"]
        record_audit("fiscal.changed", actor=request.membership, data={"fields": changed})
        messages.success(request, _("Fiscal settings saved."))
        return redirect("billing:fiscal")
    context: dict[str, Any] = {"form": form, "hints": hints()}
    return render(request, "billing/fiscal.html", context, status=422 if form.errors else 200)


@require_POST
@role_required(Role.ADMIN)
def fiscal_test(request: MemberRequest) -> HttpResponse:
    """Ask Focus NFe whether it knows the token and say the answer."""
    try:
        focus_nfe(environment=fiscal_settings().environment).check()
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Focus NFe accepts the token."))
    return redirect("billing:fiscal")
