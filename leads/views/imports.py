from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from core.errors import DomainError
from core.exports import table_response
from core.paging import page_of
from leads import exports, queries
from leads.access import get_import, get_list
from leads.forms import UploadForm
from leads.jobs import work_on_import
from leads.models import Import, ImportState, IssueKind, LegalBasis
from leads.services import imports
from leads.services.mapping import clean_mapping
from leads.services.preview import preview

PAGE: Final = 30
SHOWN_ISSUES: Final = 20
FIELD_NAMES: Final = {
    "name": gettext_lazy("Name"),
    "phone": gettext_lazy("Phone"),
    "whatsapp_link": gettext_lazy("WhatsApp link"),
    "status": gettext_lazy("Status (1 or 0)"),
    "city": gettext_lazy("City"),
    "email": gettext_lazy("E-mail"),
    "tags": gettext_lazy("Tags"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def import_create(request: MemberRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_bound and form.is_valid():
        try:
            draft = imports.start_draft(form.cleaned_data["file"], actor=request.membership)
        except DomainError as error:
            form.add_error("file", error.message)
        else:
            return redirect("leads:import-mapping", draft.pk)
    context = {"form": form, "recent": _history()[:5]}
    return render(request, "leads/import_upload.html", context, status=422 if form.errors else 200)


@require_safe
@member_required
def import_index(request: MemberRequest) -> HttpResponse:
    page = page_of(request, _history(), order="-created_at", size=PAGE)
    return render(request, "leads/imports.html", {"page": page, "next_cursor": page.next_cursor})


def _history() -> Any:
    return Import.objects.exclude(state=ImportState.DRAFT).select_related("created_by__user").order_by("-created_at")


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def import_mapping(request: MemberRequest, import_id: UUID) -> HttpResponse:
    run = get_import(import_id)
    if run.state != ImportState.DRAFT:
        return redirect("leads:import", run.pk)
    if request.method != "POST":
        return _mapping_page(request, run, run.mapping)
    mapping, chosen = _posted_mapping(request, run), next(iter(queries.ids_of([request.POST.get("list", "")])), None)
    try:
        queued = imports.enqueue(
            run, mapping=mapping, list_name=request.POST.get("list_name", ""),
            contact_list=get_list(chosen) if chosen else None, legal_basis=request.POST.get("legal_basis", ""),
            actor=request.membership,
        )  # fmt: skip
    except DomainError as error:
        return _mapping_page(request, run, mapping, error.message)
    ring(queued)
    return redirect("leads:import", run.pk)


@require_POST
@role_required(Role.AGENT)
def import_preview(request: MemberRequest, import_id: UUID) -> HttpResponse:
    """Show how the rows would come in by the columns as they are chosen now; nothing is kept."""
    run = get_import(import_id)
    if run.state != ImportState.DRAFT:
        return redirect("leads:import", run.pk)
    return _mapping_page(request, run, _posted_mapping(request, run))


def _posted_mapping(request: MemberRequest, run: Import) -> dict[str, str]:
    return clean_mapping({str(i): request.POST.get(f"column-{i}", "") for i in range(len(run.headers))}, run.headers)


def _mapping_page(request: MemberRequest, run: Import, mapping: dict[str, str], error: str = "") -> HttpResponse:
    context = {
        "run": run, "preview": preview(run, mapping), "fields": FIELD_NAMES, "error": error,
        "list_name": request.POST.get("list_name", run.list_name)[:120], "chosen": request.POST.get("list", ""),
        "lists": queries.lists()[:200], "bases": LegalBasis.choices, "basis": request.POST.get("legal_basis", ""),
    }  # fmt: skip
    fragment = request.htmx and request.htmx.target == "preview"
    template = "leads/import_mapping.html#preview" if fragment else "leads/import_mapping.html"
    return render(request, template, context, status=422 if error else 200)


def ring(run: Import) -> None:
    """Wake a worker for the import."""
    work_on_import.enqueue(organization_id=str(run.organization_id), import_id=str(run.pk))


@require_safe
@member_required
def import_page(request: MemberRequest, import_id: UUID) -> HttpResponse:
    run = get_import(import_id)
    if run.state == ImportState.DRAFT:
        return redirect("leads:import-mapping", run.pk)
    context = {
        "run": run, "issues": run.issues.order_by("row_number")[:SHOWN_ISSUES], "can_undo": _may_undo(request, run),
        "can_retry": imports.can_retry(run) and request.membership.can_write,
    }  # fmt: skip
    fragment = request.htmx and request.htmx.target == "progress"
    return render(request, "leads/import.html#progress" if fragment else "leads/import.html", context)


@require_safe
@member_required
def import_issues(request: MemberRequest, import_id: UUID, file_format: str) -> HttpResponseBase:
    run = get_import(import_id)
    kind = request.GET.get("tipo", "")
    headers, rows = exports.issue_rows(run, kind if kind in IssueKind.values else "")
    name = _("%(name)s rows that did not come in") % {"name": run.list_name}
    return table_response(file_format, name, headers, rows)  # type: ignore[arg-type]  # the URLs say csv or xlsx


@require_POST
@role_required(Role.AGENT)
def import_undo(request: MemberRequest, import_id: UUID) -> HttpResponse:
    run = get_import(import_id)
    if not request.membership.can_manage and run.created_by_id != request.membership.pk:
        raise PermissionDenied
    if imports.start_undo(run, actor=request.membership):
        ring(run)
        messages.success(request, _("The import is being undone. Contacts that somebody used stay."))
    return redirect("leads:import", run.pk)


def _may_undo(request: MemberRequest, run: Import) -> bool:
    own = request.membership.can_write and run.created_by_id == request.membership.pk
    return run.can_undo and (own or request.membership.can_manage)


@require_POST
@role_required(Role.AGENT)
def import_retry(request: MemberRequest, import_id: UUID) -> HttpResponse:
    try:
        ring(imports.retry(get_import(import_id), actor=request.membership))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("leads:import", import_id)


@require_POST
@role_required(Role.AGENT)
def import_discard(request: MemberRequest, import_id: UUID) -> HttpResponse:
    imports.discard_draft(get_import(import_id))
    return redirect("leads:import-create")
