from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from core.once import once
from core.pagination import InvalidCursorError, keyset_page
from core.ratelimit import check
from gateways.errors import TemplateError
from gateways.models import MessageTemplate, TemplateStatus
from gateways.official import services
from gateways.official.forms import TemplateForm, initial_of, lines, official_channels
from gateways.official.texts import filled, problems

SIZE = 25
REFRESHES_PER_MINUTE = 4
TONES = {"pending": "warning", "approved": "success", "rejected": "danger", "paused": "warning", "disabled": "danger"}


@require_safe
@member_required
def template_list(request: MemberRequest) -> HttpResponse:
    status = request.GET.get("estado", "")
    rows = MessageTemplate.objects.select_related("channel")
    if status in TemplateStatus.values:
        rows = rows.filter(status=status)
    try:
        page = keyset_page(rows, order="-created_at", cursor=request.GET.get("cursor"), size=SIZE)
    except InvalidCursorError as error:
        raise BadRequest from error
    context = {
        "page": page, "status": status, "statuses": TemplateStatus.choices, "has_official": official_channels().exists(),
        "rows": [(row, TONES.get(row.status, "")) for row in page.items],
    }  # fmt: skip
    return render(request, f"gateways/templates.html{'#rows' if request.htmx else ''}", context)


@require_safe
@member_required
def template_gallery(request: MemberRequest) -> HttpResponse:
    ids = official_channels().values_list("pk", flat=True)
    found = [
        (row, shown(row.header, row.body, row.footer, row.quick_replies, row.examples))
        for row in services.approved(ids)
    ]
    return render(request, "gateways/template_gallery.html", {"templates": found})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
@once("gateways:templates")
def template_create(request: MemberRequest) -> HttpResponse:
    if not official_channels().exists():
        messages.info(request, _("Connect an official number first: templates belong to it."))
        return redirect("gateways:channel-new")
    return _form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def template_edit(request: MemberRequest, template_id: UUID) -> HttpResponse:
    template = _get(template_id)
    if template.status not in services.EDITABLE:
        messages.info(request, _("What Meta has seen cannot be changed any more. Write a new one."))
        return redirect("gateways:templates")
    return _form(request, template)


def _form(request: MemberRequest, template: MessageTemplate | None) -> HttpResponse:
    form = TemplateForm(request.POST or None, initial=initial_of(template) if template else {"language": "pt_BR"})
    if request.method == "POST" and form.is_valid():
        try:
            services.save_template(
                form.cleaned_data["channel"], form.cleaned_data, actor=request.membership, template=template
            )
        except TemplateError as error:
            form.add_error(error.fields[0] if error.fields and error.fields[0] in form.fields else None, error.message)
        else:
            messages.success(request, _("Draft saved. Send it for approval when it reads well."))
            return redirect("gateways:templates")
    given = form.data if form.is_bound else form.initial
    context = {"form": form, "template": template} | _preview(given)
    return render(request, "gateways/template_form.html", context, status=422 if form.errors else 200)


@require_POST
@role_required(Role.ADMIN)
def template_preview(request: MemberRequest) -> HttpResponse:
    """Show the text as the phone will, and what Meta would refuse, while it is being written."""
    return render(request, "gateways/template_form.html#preview", _preview(request.POST))


def _preview(given: Any) -> dict[str, Any]:
    text = {field: str(given.get(field) or "").strip() for field in ("name", "header", "body", "footer")}
    buttons, examples = lines(str(given.get("buttons") or "")), lines(str(given.get("examples") or ""))
    found = problems(**text, buttons=buttons, examples=examples)
    bubble = shown(text["header"], text["body"], text["footer"], buttons, examples)
    return {"bubble": bubble, "problems": [words for _field, words in found], "has_text": bool(text["body"])}


def shown(header: str, body: str, footer: str, buttons: list[str], examples: list[str]) -> dict[str, Any]:
    """Return a template as the phone shows it, with its examples."""
    return {"header": header, "body": filled(body, examples), "footer": footer, "buttons": buttons}


@require_POST
@role_required(Role.ADMIN)
def template_submit(request: MemberRequest, template_id: UUID) -> HttpResponse:
    return _done(
        request, lambda: services.sync_to_meta(_get(template_id), actor=request.membership), _("Sent for approval.")
    )


@require_POST
@role_required(Role.ADMIN)
def template_delete(request: MemberRequest, template_id: UUID) -> HttpResponse:
    return _done(
        request, lambda: services.delete_template(_get(template_id), actor=request.membership), _("Template deleted.")
    )


@require_POST
@role_required(Role.ADMIN)
def template_refresh(request: MemberRequest) -> HttpResponse:
    if not check(
        "templates", str(request.organization.pk), limit=REFRESHES_PER_MINUTE, period=60, fail_open=True
    ).allowed:
        messages.info(request, _("The list is fresh. Try again in a minute."))
        return redirect("gateways:templates")
    return _done(request, _refresh_all, _("The list is as Meta has it now."))


def _refresh_all() -> None:
    done: set[UUID] = set()
    for channel in official_channels():
        if channel.pk not in done:
            services.refresh_templates(channel)
            done |= {number.pk for number in services.account_of(channel)}


def _done(request: MemberRequest, work: Any, words: str) -> HttpResponse:
    try:
        work()
    except TemplateError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, words)
    return redirect("gateways:templates")


def _get(template_id: UUID) -> MessageTemplate:
    found: MessageTemplate | None = MessageTemplate.objects.select_related("channel").filter(pk=template_id).first()
    if found is None:
        raise Http404
    return found
