from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from core.clock import now
from core.exports import csv_response, xlsx_response
from core.pagination import InvalidCursorError, keyset_page
from leads import queries
from leads.forms import ContactForm
from leads.models import Contact, ContactList
from leads.services import contacts as services

PAGE = 50
EXPORT_HEADERS = ["nome", "telefone", "whatsapp_link", "status", "cidade", "e-mail", "temperatura", "pontos", "tags"]


@require_safe
@member_required
def contact_list(request: MemberRequest) -> HttpResponse:
    list_id = _uuid(request.GET.get("lista", ""))
    filters = {
        "search": request.GET.get("q", "")[:100],
        "list_id": list_id,
        "temperature": request.GET.get("temperatura", "")[:12],
        "opted_out": request.GET.get("fora") == "1",
    }
    rows = queries.contacts(**filters)  # type: ignore[arg-type]  # each value has its own type
    try:
        page = keyset_page(rows, order="-created_at", cursor=request.GET.get("cursor"), size=PAGE)
    except InvalidCursorError:
        page = keyset_page(rows, order="-created_at", cursor=None, size=PAGE)
    context = {"page": page, "filters": filters, "lists": ContactList.objects.order_by("-created_at")[:100]}
    return render(request, "leads/contacts.html", context | {"next_cursor": page.next_cursor})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def contact_create(request: MemberRequest) -> HttpResponse:
    return _edit(request, Contact(organization=request.organization, source="manual"))


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def contact_edit(request: MemberRequest, contact_id: UUID) -> HttpResponse:
    return _edit(request, queries.get_contact(contact_id))


@require_safe
@member_required
def contact_page(request: MemberRequest, contact_id: UUID) -> HttpResponse:
    contact = queries.get_contact(contact_id)
    try:
        timeline = keyset_page(contact.timeline.all(), order="-at", cursor=request.GET.get("cursor"), size=30)
    except InvalidCursorError:
        timeline = keyset_page(contact.timeline.all(), order="-at", cursor=None, size=30)
    context = {
        "contact": contact,
        "identities": contact.identities.order_by("kind", "created_at"),
        "lists": ContactList.objects.filter(memberships__contact=contact),
        "timeline": timeline.items,
        "next_cursor": timeline.next_cursor,
    }
    return render(request, "leads/contact.html", context)


@require_POST
@role_required(Role.AGENT)
def contact_opt_out(request: MemberRequest, contact_id: UUID) -> HttpResponse:
    contact = queries.get_contact(contact_id)
    reason = request.POST.get("reason", "").strip()[:300] or _("Asked in person")
    if request.POST.get("undo"):
        services.opt_in(contact.pk, reason=reason, actor=request.membership)
        messages.success(request, _("Campaigns may write to this contact again."))
    else:
        services.opt_out(contact.pk, reason=reason, at=now(), actor=request.membership)
        messages.success(request, _("No campaign writes to this contact any more."))
    return redirect("leads:contact", contact.pk)


@require_POST
@role_required(Role.ADMIN)
def contact_anonymise(request: MemberRequest, contact_id: UUID) -> HttpResponse:
    services.anonymise(queries.get_contact(contact_id), actor=request.membership)
    messages.success(request, _("The personal data of this contact was erased."))
    return redirect("leads:list")


@require_safe
@member_required
def list_export(request: MemberRequest, list_id: UUID, file_format: str) -> HttpResponseBase:
    found = queries.get_list(list_id)
    members = queries.contacts(list_id=found.pk).order_by("created_at")
    rows = (
        [c.name, c.phone, c.whatsapp_link, c.status, c.city, c.email, c.temperature, c.score or "", ", ".join(c.tags)]
        for c in members.iterator(chunk_size=2000)
    )
    answer = xlsx_response if file_format == "xlsx" else csv_response
    return answer(found.name, EXPORT_HEADERS, list(rows))


@require_POST
@role_required(Role.ADMIN)
def list_delete(request: MemberRequest, list_id: UUID) -> HttpResponse:
    queries.get_list(list_id).delete()
    messages.success(request, _("List deleted. Its contacts stay."))
    return redirect("leads:lists")


@require_safe
@member_required
def list_index(request: MemberRequest) -> HttpResponse:
    return render(request, "leads/lists.html", {"lists": ContactList.objects.order_by("-created_at")[:200]})


def _edit(request: MemberRequest, contact: Contact) -> HttpResponse:
    form = ContactForm(request.POST or None, instance=contact)
    if request.method == "POST" and form.is_valid():
        try:
            saved = services.save_contact(contact, actor=request.membership, **form.values)
        except services.DuplicateContactError as error:
            form.add_error("phone", _("%(name)s has this phone already.") % {"name": error.message})
        else:
            messages.success(request, _("Contact saved."))
            return redirect("leads:contact", saved.pk)
    context = {"form": form, "contact": contact}
    return render(request, "leads/contact_form.html", context, status=422 if form.errors else 200)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
