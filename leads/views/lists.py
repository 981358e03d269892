from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from accounts.services.audit import record_audit
from core.errors import DomainError
from core.exports import table_response
from core.once import once
from core.paging import page_of
from leads import exports, queries
from leads.access import get_list
from leads.forms import ListForm
from leads.services import lists

PAGE: Final = 50


@require_http_methods(["GET", "HEAD"])
@member_required
def list_index(request: MemberRequest) -> HttpResponse:
    return _index(request, ListForm())


@require_POST
@role_required(Role.AGENT)
@once("leads:lists")
def list_create(request: MemberRequest) -> HttpResponse:
    form = ListForm(request.POST)
    if form.is_valid():
        created = lists.create_list(form.cleaned_data["name"], actor=request.membership)
        messages.success(request, _("List created."))
        return redirect(f"{reverse('leads:list')}?lista={created.pk}")
    return _index(request, form, status=422)


def _index(request: MemberRequest, form: ListForm, status: int = 200) -> HttpResponse:
    page = page_of(request, queries.lists(), order="-created_at", size=PAGE)
    context = {"page": page, "next_cursor": page.next_cursor, "form": form}
    return render(request, "leads/lists.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def list_rename(request: MemberRequest, list_id: UUID) -> HttpResponse:
    found = get_list(list_id)
    form = ListForm(request.POST if request.method == "POST" else None, initial={"name": found.name})
    if form.is_bound and form.is_valid():
        lists.rename_list(found, form.cleaned_data["name"], actor=request.membership)
        messages.success(request, _("Saved."))
        return redirect("leads:lists")
    return render(request, "leads/list_form.html", {"form": form, "list": found}, status=422 if form.errors else 200)


@require_POST
@role_required(Role.ADMIN)
def list_delete(request: MemberRequest, list_id: UUID) -> HttpResponse:
    try:
        lists.delete_list(get_list(list_id), actor=request.membership)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("List deleted. Its contacts stay."))
    return redirect("leads:lists")


@require_safe
@member_required
def list_export(request: MemberRequest, list_id: UUID, file_format: str) -> HttpResponseBase:
    found = get_list(list_id)
    headers, rows = exports.list_rows(found)
    record_audit("list.exported", actor=request.membership, target=found.name)
    return table_response(file_format, found.name, headers, rows)  # type: ignore[arg-type]  # the URLs say csv or xlsx
