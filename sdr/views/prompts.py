"""How the SDR talks, version by version: results side by side, differences, what a draft would change."""

import difflib
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from conversations.queries import get_conversation
from core.errors import DomainError
from core.once import once
from sdr.access import get_prompt
from sdr.forms_prompts import PromptForm, ShareForm
from sdr.insights.wording import suggested_instruction
from sdr.models import Prompt, PromptState, Qualification
from sdr.services.prompts import Result, put_in_use, results, take_out, write_version
from sdr.services.replaying import replay

RECENT = 8


@require_safe
@member_required
def prompts_page(request: MemberRequest) -> HttpResponse:
    words = _newest_words()
    sentence = suggested_instruction(request.GET.get("sugestao", ""), request.GET.get("valor", ""))
    if sentence:
        words["instructions"] = f"{words.get('instructions', '')}\n{sentence}".strip()
    return _list(request, PromptForm(initial=words))


def _newest_words() -> dict[str, str]:
    newest = Prompt.objects.filter(state=PromptState.ACTIVE, segment="").order_by("-share", "-number").first()
    return {"opening": newest.opening, "instructions": newest.instructions} if newest else {}


def _list(request: MemberRequest, form: PromptForm) -> HttpResponse:
    by_version = results()
    versions = [(prompt, by_version.get(prompt.pk, Result())) for prompt in Prompt.objects.order_by("-number")[:100]]
    return render(request, "sdr/prompts.html", {"form": form, "versions": versions}, status=422 if form.errors else 200)


@require_POST
@role_required(Role.ADMIN)
@once("sdr:prompts")
def prompt_create(request: MemberRequest) -> HttpResponse:
    form = PromptForm(request.POST)
    if not form.is_valid():
        return _list(request, form)
    prompt = write_version(**form.cleaned_data, actor=request.membership)
    messages.success(request, _("Draft kept. Try it on a conversation before you put it in use."))
    return redirect("sdr:prompt", prompt.pk)


@require_safe
@member_required
def prompt_page(request: MemberRequest, prompt_id: UUID) -> HttpResponse:
    return render(request, "sdr/prompt.html", _context(get_prompt(prompt_id)))


def _context(prompt: Prompt) -> dict[str, object]:
    before = Prompt.objects.filter(segment=prompt.segment, number__lt=prompt.number).order_by("-number").first()
    recent = Qualification.objects.exclude(conversation=None).select_related("contact").order_by("-updated_at")[:RECENT]
    context = {"prompt": prompt, "before": before, "difference": _difference(before, prompt), "recent": recent}
    return context | {"result": results().get(prompt.pk, Result())}


def _difference(before: Prompt | None, prompt: Prompt) -> list[tuple[str, str]]:
    """Return the lines of both with "-", "+" or a blank before them."""
    old, new = (f"{one.opening}\n{one.instructions}".strip().splitlines() if one else [] for one in (before, prompt))
    return [(line[:1], line[2:]) for line in difflib.ndiff(old, new) if line[:1] != "?"]


@require_POST
@role_required(Role.ADMIN)
def prompt_use(request: MemberRequest, prompt_id: UUID) -> HttpResponse:
    prompt, form = get_prompt(prompt_id), ShareForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a share from 1 to 100."))
        return redirect("sdr:prompt", prompt.pk)
    try:
        put_in_use(prompt, share=form.cleaned_data["share"], actor=request.membership)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("In use for new leads from now on."))
    return redirect("sdr:prompts")


@require_POST
@role_required(Role.ADMIN)
def prompt_retire(request: MemberRequest, prompt_id: UUID) -> HttpResponse:
    take_out(get_prompt(prompt_id), actor=request.membership)
    messages.success(request, _("Taken out of use."))
    return redirect("sdr:prompts")


@require_http_methods(["POST"])
@role_required(Role.ADMIN)
def prompt_replay(request: MemberRequest, prompt_id: UUID, conversation_id: UUID) -> HttpResponse:
    prompt, conversation = get_prompt(prompt_id), get_conversation(conversation_id)
    context = _context(prompt) | {"replayed": replay(conversation, prompt), "conversation": conversation}
    return render(request, "sdr/prompt.html", context)
