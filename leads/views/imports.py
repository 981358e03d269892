from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from core.exports import csv_response, xlsx_response
from core.tabular import TableError, open_table
from core.text import slug_key
from leads.forms import UploadForm
from leads.models import Import, ImportState
from leads.queries import get_import
from leads.services import imports
from leads.services.mapping import FIELDS
from leads.services.rows import parse_row

FIELD_NAMES = {
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
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            draft = imports.start_draft(
                form.cleaned_data["file"], list_name=form.cleaned_data["list_name"], actor=request.membership
            )
        except TableError as error:
            form.add_error("file", error.message)
        else:
            return redirect("leads:import-mapping", draft.pk)
    recent = Import.objects.exclude(state=ImportState.DRAFT).order_by("-created_at")[:10]
    return render(
        request, "leads/import_upload.html", {"form": form, "recent": recent}, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def import_mapping(request: MemberRequest, import_id: UUID) -> HttpResponse:
    run = get_import(import_id)
    if run.state != ImportState.DRAFT:
        return redirect("leads:import", run.pk)
    error = ""
    mapping = run.mapping
    table = open_table(imports.stored_file(run), filename=run.filename)
    if request.method == "POST":
        mapping = _posted_mapping(request, table.headers)
        try:
            imports.enqueue(run, mapping=mapping, list_name=request.POST.get("list_name", ""), actor=request.membership)
        except TableError as refused:
            error = refused.message
        else:
            return redirect("leads:import", run.pk)
    rows = [(row, parse_row(row.number, row.cells, mapping)) for row in table.preview(5)]
    columns = [
        {"index": i, "header": h, "field": mapping.get(str(i), ""), "samples": [r.cells[i] for r, _p in rows][:3],
         "attribute": f"attribute:{slug_key(h)}"}
        for i, h in enumerate(table.headers)
    ]  # fmt: skip
    context = {"run": run, "columns": columns, "rows": rows, "fields": FIELD_NAMES, "error": error}
    return render(request, "leads/import_mapping.html", context, status=422 if error else 200)


@require_safe
@member_required
def import_page(request: MemberRequest, import_id: UUID) -> HttpResponse:
    run = get_import(import_id)
    if run.state == ImportState.DRAFT:
        return redirect("leads:import-mapping", run.pk)
    template = "leads/import.html#progress" if request.htmx else "leads/import.html"
    return render(request, template, {"run": run, "issues": run.issues.order_by("row_number")[:20]})


@require_safe
@member_required
def import_issues(request: MemberRequest, import_id: UUID, file_format: str) -> HttpResponseBase:
    run = get_import(import_id)
    issues = run.issues.filter(kind="invalid").order_by("row_number")
    try:
        headers = open_table(imports.stored_file(run), filename=run.filename).headers
    except (TableError, OSError):
        headers = []
    rows = ([*issue.cells, issue.row_number, issue.reason] for issue in issues.iterator(chunk_size=1000))
    answer = xlsx_response if file_format == "xlsx" else csv_response
    return answer(f"{run.list_name} erros", [*headers, _("row"), _("reason")], list(rows))


@require_POST
@role_required(Role.ADMIN)
def import_undo(request: MemberRequest, import_id: UUID) -> HttpResponse:
    run = get_import(import_id)
    imports.undo(run, actor=request.membership)
    messages.success(request, _("The import is being undone. Contacts with a history stay."))
    return redirect("leads:import", run.pk)


def _posted_mapping(request: MemberRequest, headers: list[str]) -> dict[str, str]:
    chosen = {str(i): request.POST.get(f"column-{i}", "") for i in range(len(headers))}
    return {index: field for index, field in chosen.items() if field in FIELDS or field.startswith("attribute:")}
