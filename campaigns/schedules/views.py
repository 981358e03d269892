from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from campaigns.errors import CampaignIncompleteError, CampaignStateError
from campaigns.models import Campaign, Occurrence
from campaigns.results.several import results_of_several
from campaigns.schedules.forms import LATE, LATE_HELP
from campaigns.schedules.queries import get_series, past_of, times_of
from campaigns.schedules.rules import Rule
from campaigns.schedules.settings import get_settings, save_settings
from campaigns.schedules.skipping import skip, take_back
from campaigns.schedules.words import rule_in_words
from campaigns.services.plan import look_again
from core.pagination import InvalidCursorError, keyset_page

PAGE = 25


class DayForm(forms.Form):
    day = forms.DateField()


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


@require_safe
@member_required
def series_times(request: MemberRequest, series_id: UUID) -> HttpResponse:
    """Show all times of a series side by side, with their sums."""
    series = get_series(series_id)
    try:
        page = keyset_page(_times(series), order="-planned_on", cursor=request.GET.get("cursor"), size=PAGE)
    except InvalidCursorError:
        page = keyset_page(_times(series), order="-planned_on", cursor=None, size=PAGE)
    runs = list(series.runs.order_by("start_at"))
    found = results_of_several(runs)
    rows = [
        (past, found.lines.get(past.row.run_id) if past.row.run_id else None) for past in past_of(series, page.items)
    ]
    context = {
        "campaign": series, "rows": rows, "whole": found.whole, "count": len(runs), "next_cursor": page.next_cursor,
        "is_first_page": not request.GET.get("cursor"), "words": rule_in_words(Rule.of(series.recurrence.rule)),
    }  # fmt: skip
    return render(request, "campaigns/series.html", context)


def _times(series: Campaign) -> "QuerySet[Occurrence]":
    return times_of(series).select_related("run")


@require_POST
@role_required(Role.AGENT)
def series_skip(request: MemberRequest, series_id: UUID) -> HttpResponse:
    """Leave the next time of a series out, or take that back."""
    series = get_series(series_id)
    form = DayForm(request.POST)
    try:
        if form.is_valid():
            verb = take_back if request.POST.get("action") == "restore" else skip
            verb(series, form.cleaned_data["day"], actor=request.membership)
    except (CampaignStateError, CampaignIncompleteError) as error:
        messages.error(request, error.message)
    return redirect("campaigns:campaign", series.pk)
