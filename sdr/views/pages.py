from http import HTTPStatus

import orjson
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from core.clock import now
from core.merging import marks_of
from core.paging import page_of
from sdr.contract import ChatMessage
from sdr.engine.replies import closing_message
from sdr.forms import PlaygroundForm, RubricForm, SdrForm, form_after_conflict
from sdr.models import Qualification, Refusal, SdrProfile
from sdr.optout import opt_out_level
from sdr.registry import LOCAL
from sdr.scoring import Rubric, score
from sdr.services.asking import ask_turn
from sdr.services.citing import sources_of
from sdr.services.learning import change_rubric
from sdr.services.profiles import SettingsChangedError, business_profile, change_settings, get_profile, settings_of
from sdr.services.qualifying import is_complete
from sdr.services.spending import month_of
from sdr.services.turns import local_time
from sdr.views.results import insights_of

MAX_LINES = 60
PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def settings_page(request: MemberRequest) -> HttpResponse:
    profile = get_profile()
    if request.method == "POST" and not request.membership.can_manage:
        return render(request, "403.html", status=403)
    form, marks = SdrForm(request.POST or None, instance=profile), request.POST.get("marks", "")
    if request.method == "POST" and form.is_valid():
        try:
            change_settings(form.values, marks=marks, actor=request.membership)
        except SettingsChangedError as error:
            form = form_after_conflict(request.POST, error.profile, error.joined)
            return _settings(request, error.profile, form, error.marks, status=error.status)
        messages.success(request, _("The SDR was saved."))
        return redirect("sdr:settings")
    return _settings(request, profile, form, marks, status=422 if form.errors else 200)


def _settings(request: MemberRequest, profile: SdrProfile, form: SdrForm, marks: str, status: int) -> HttpResponse:
    recent = Qualification.objects.select_related("contact").order_by("-updated_at")[:8]
    month = month_of(request.organization, now()) if profile.provider != LOCAL else None
    context = {
        "form": form, "recent": recent, "profile": profile, "talk_form": PlaygroundForm(), "transcript": "[]", "month": month,
        "marks": marks or marks_of(settings_of(profile)), "is_conflict": status == HTTPStatus.CONFLICT,
    }  # fmt: skip
    return render(request, "sdr/settings.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def rubric_page(request: MemberRequest) -> HttpResponse:
    profile = get_profile()
    form = RubricForm(request.POST or None, rubric=Rubric.from_json(profile.rubric))
    if request.method == "POST" and form.is_valid():
        change_rubric(form.rubric, actor=request.membership)
        messages.success(request, _("In use. The leads are being scored anew."))
        return redirect("sdr:rubric")
    return render(request, "sdr/rubric.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def playground(request: MemberRequest) -> HttpResponse:
    """Talk to the SDR without a number; nothing is stored."""
    form = PlaygroundForm(request.POST or None)
    lines = _lines(request.POST.get("transcript", ""))
    context: dict[str, object] = {"form": form if form.errors else PlaygroundForm(), "lines": lines, "transcript": ""}
    if request.method == "POST" and form.is_valid():
        profile = get_profile()
        lines.append(ChatMessage(f"c{len(lines)}", "customer", form.cleaned_data["text"], now()))
        business = business_profile(profile)
        turn = ask_turn(profile, business, lines, {}, local_time(profile.organization_id), task="playground")
        result = score(turn.facts, lines, Rubric.from_json(profile.rubric))
        reply = turn.reply
        if is_complete(turn.facts):
            reply = closing_message(business, turn.facts, result.temperature, profile.closings)
        if reply:
            lines.append(ChatMessage(f"b{len(lines)}", "bot", reply, now()))
        context |= {
            "result": result,
            "turn": turn,
            "sources": sources_of(turn),
            "opt_out": opt_out_level(form.cleaned_data["text"]),
        }
    context["lines"] = lines
    context["transcript"] = orjson.dumps([[line.author, line.text] for line in lines[-MAX_LINES:]]).decode()
    template = "sdr/playground.html#talk" if request.htmx else "sdr/playground.html"
    return render(request, template, context, status=422 if form.errors else 200)


@require_safe
@member_required
def refusals(request: MemberRequest) -> HttpResponse:
    """Show what the policy kept from being said, newest first."""
    insights = insights_of(request)
    rows = Refusal.objects.select_related("conversation__contact")
    if request.GET.get("dias"):
        rows = rows.filter(at__gte=insights.start)
    page = page_of(request, rows, order="-at", size=PAGE)
    context = {"refusals": page.items, "next_cursor": page.next_cursor}
    return render(request, "sdr/refusals.html", context)


def _lines(transcript: str) -> list[ChatMessage]:
    try:
        data = orjson.loads(transcript or "[]")
    except orjson.JSONDecodeError:
        return []
    if not isinstance(data, list):
        return []
    pairs = [item for item in data[:MAX_LINES] if isinstance(item, list) and len(item) == 2]
    return [
        ChatMessage(f"m{index}", "customer" if pair[0] == "customer" else "bot", str(pair[1])[:1000], now())
        for index, pair in enumerate(pairs)
    ]
