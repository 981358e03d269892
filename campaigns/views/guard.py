"""When campaigns pause by themselves: the organization's settings."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from campaigns.models import CampaignGuard
from campaigns.services.guard import guard_of, save_guard


class GuardForm(forms.ModelForm):  # type: ignore[type-arg]  # the stubs make it generic, the class is not
    class Meta:
        model = CampaignGuard
        fields = ("is_on", "failure_percent", "leaving_percent", "window_minutes", "minimum")


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def guard_settings(request: MemberRequest) -> HttpResponse:
    guard = guard_of(request.organization.pk)
    form = GuardForm(request.POST if request.method == "POST" else None, instance=guard)
    if form.is_bound and form.is_valid():
        save_guard(form.cleaned_data, actor=request.membership)
        messages.success(request, _("Saved."))
        return redirect("campaigns:list")
    return render(request, "campaigns/guard.html", {"form": form}, status=422 if form.errors else 200)
