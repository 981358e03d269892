from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from campaigns.schedules.forms import LATE, LATE_HELP
from campaigns.schedules.settings import get_settings, save_settings
from campaigns.services.plan import look_again


class SettingsForm(forms.Form):
    """What campaigns do unless they say otherwise."""

    late_hours = forms.TypedChoiceField(
        label=gettext_lazy("If the time of a campaign was missed"), choices=LATE, coerce=int, help_text=LATE_HELP
    )
    resumes_with_plan = forms.BooleanField(
        label=gettext_lazy("Go on by itself when the plan's limit renews"), required=False,
        help_text=gettext_lazy("A campaign that paused because the plan's messages of the day or month were used up."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def schedule_settings(request: MemberRequest) -> HttpResponse:
    kept = get_settings()
    initial = {"late_hours": kept.late_hours, "resumes_with_plan": kept.resumes_with_plan}
    form = SettingsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        save_settings(**form.cleaned_data, actor=request.membership)
        look_again()
        messages.success(request, _("Saved."))
        return redirect("campaigns:schedule-settings")
    return render(request, "campaigns/schedule_settings.html", {"form": form}, status=422 if form.is_bound else 200)
