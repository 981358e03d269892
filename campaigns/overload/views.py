"""The page on which people see what is late, decide, and take back what they decided."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from campaigns.errors import CampaignIncompleteError, CampaignStateError
from campaigns.models import DemandDecision, DemandSettings, Help, Window
from campaigns.overload.decisions import decide, undo
from campaigns.overload.options import Option, options, reckon_now
from campaigns.overload.report import report_of
from campaigns.overload.scene import read_scene
from campaigns.overload.settings import demand_settings, save_demand_settings
from campaigns.overload.words import class_words, decision_words, end_words, option_words, summary
from campaigns.queries.figures import get_campaign
from core.clock import now
from core.once import once

PAGE = "campaigns/demand.html"


class DemandSettingsForm(forms.ModelForm):  # type: ignore[type-arg]  # the stubs make it generic, the class is not
    help = forms.ChoiceField(label=_("Numbers in reserve help"), choices=Help.choices, widget=forms.RadioSelect)
    window = forms.ChoiceField(
        label=_("A campaign should be through in"), choices=Window.choices, widget=forms.RadioSelect
    )

    class Meta:
        model = DemandSettings
        fields = ("help", "window")


@require_safe
@member_required
def demand_page(request: MemberRequest) -> HttpResponse:
    target = request.htmx.target if request.htmx else None
    if target == "options":
        return render(request, f"{PAGE}#options", _options())
    report = report_of(now())
    context: dict[str, object] = {
        "report": report,
        "summary": summary(report.found, is_overload=report.overload is not None),
        "end": end_words(report.found) if report.found.waiting else "",
        "classes": [(class_words(one.priority), one) for one in report.classes],
        "decisions": [(one, decision_words(one)) for one in report.decisions],
        "has_options": report.overload is not None and report.found.late > 0,
    }
    if target == "demand":
        return render(request, f"{PAGE}#demand", context)
    if "opcoes" in request.GET:
        context |= _options()
    context["form"] = DemandSettingsForm(instance=demand_settings())
    return render(request, PAGE, context)


def _options() -> dict[str, object]:
    scene = read_scene(now())
    return {"options": [(one, option_words(one)) for one in options(scene, reckon_now(scene))]}


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
@once("campaigns:demand")
def demand_decide(request: MemberRequest, kind: str) -> HttpResponse:
    """Show what a decision would bring, and take it."""
    asked = request.POST if request.method == "POST" else request.GET
    pk, numbers = _uuid(asked.get("campanha", "")), _number(asked.get("numeros", ""))
    campaign = get_campaign(pk) if pk else None
    if request.method == "POST":
        try:
            decide(kind, actor=request.membership, campaign=campaign, numbers=numbers)
        except (CampaignStateError, CampaignIncompleteError) as error:
            messages.error(request, error.message)
        else:
            messages.success(request, _("Decided. You can take it back here."))
        return redirect("campaigns:demand")
    scene = read_scene(now())
    chosen = _chosen(options(scene, reckon_now(scene)), kind, pk, numbers)
    if chosen is None:
        messages.error(request, _("This choice does not exist any more. Look again."))
        return redirect("campaigns:demand")
    return render(request, "campaigns/demand_decide.html", {"option": chosen, "words": option_words(chosen)})


def _chosen(found: list[Option], kind: str, pk: UUID | None, numbers: int) -> Option | None:
    fits = [one for one in found if one.kind == kind and one.numbers == numbers]
    return next((one for one in fits if (one.campaign.pk if one.campaign else None) == pk), None)


@require_POST
@role_required(Role.AGENT)
def demand_undo(request: MemberRequest, decision_id: UUID) -> HttpResponse:
    if not DemandDecision.objects.filter(pk=decision_id).exists():
        raise Http404
    try:
        undo(decision_id, actor=request.membership)
    except CampaignStateError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Taken back."))
    return redirect("campaigns:demand")


@require_POST
@role_required(Role.ADMIN)
def demand_settings_save(request: MemberRequest) -> HttpResponse:
    form = DemandSettingsForm(request.POST)
    if form.is_valid():
        save_demand_settings(form.cleaned_data, actor=request.membership)
        messages.success(request, _("Saved."))
    else:
        messages.error(request, _("Choose one of the given answers."))
    return redirect("campaigns:demand")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0
