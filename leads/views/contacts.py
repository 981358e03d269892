from typing import Any, Final

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
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
from leads.bulk import contacts as bulk_kinds
from leads.bulk.kinds import Kind
from leads.bulk.running import begin
from leads.filters import Filters
from leads.forms import ContactForm
from leads.models import Contact, ContactList
from leads.services import contacts as services
from leads.services.lists import add_to_list, create_list, remove_from_list

PAGE: Final = 50
SHOWN_LISTS: Final = 200
# So many are counted; of more it is only said that they are more.
MANY: Final = 10_000


@require_safe
@member_required
def contact_list(request: MemberRequest) -> HttpResponse:
    filters = Filters.of(request.GET)
    page = page_of(request, filters.contacts(), order="-created_at", size=PAGE)
    context: dict[str, Any] = {
        "filters": filters, "page": page, "matching": filters.contacts()[: MANY + 1].count(), "many": MANY, "next_cursor": page.next_cursor,
        "selected": request.GET.get("selecionar") == "pagina", "lists": queries.lists()[:SHOWN_LISTS],
    }  # fmt: skip
    if request.htmx and request.htmx.target == "results":
        return render(request, "leads/contacts.html#results", context)
    return render(request, "leads/contacts.html", context | {"tags": queries.known_tags()})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
@once("leads:list")
def contact_create(request: MemberRequest) -> HttpResponse:
    return edit(request, Contact(organization=request.organization, source="manual"))


def edit(request: MemberRequest, contact: Contact) -> HttpResponse:
    """Show and take the form of a new or known contact."""
    form = ContactForm(request.POST if request.method == "POST" else None, contact=contact)
    other = None
    if form.is_bound and form.is_valid():
        try:
            saved = services.save_contact(contact, actor=request.membership, **form.values)
        except services.DuplicateContactError as error:
            form.add_error("phone", error.message)
            other = error.contact_id
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            services.keep_labels(form.labels)
            messages.success(request, _("Contact saved."))
            return redirect("leads:contact", saved.pk)
    context = {"form": form, "contact": contact, "other": other}
    return render(request, "leads/contact_form.html", context, status=422 if form.errors else 200)


@require_POST
@role_required(Role.AGENT)
@once("leads:list")
def contacts_change(request: MemberRequest) -> HttpResponse:
    """Do one thing to the contacts that were ticked."""
    if request.POST.get("all"):
        return _change_all(request)
    ids = queries.ids_of(request.POST.getlist("contact"))
    try:
        if not ids:
            raise services.ContactError(_("Tick the contacts first."))
        if request.POST.get("action") == "untag":
            return _begin(request, Contact.objects.filter(pk__in=ids), request.POST.get("filters", ""))
        messages.success(request, _ACTIONS.get(request.POST.get("action", ""), _put_in_list)(request, ids))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect(_back(request))


def _change_all(request: MemberRequest) -> HttpResponse:
    """Do it to everybody who matches the filters, by a job."""
    query = QueryDict(request.POST.get("filters", ""))
    try:
        return _begin(request, Filters.of(query).contacts(), query.urlencode())
    except DomainError as error:
        messages.error(request, error.message)
        return redirect(_back(request))


@transaction.atomic
def _begin(request: MemberRequest, rows: "QuerySet[Contact]", filters: str) -> HttpResponse:
    kind, parameters = _bulk_of(request)
    bulk = begin(kind, rows, parameters=parameters, filters=filters, actor=request.membership)
    return redirect("leads:bulk", bulk.pk)


def _bulk_of(request: MemberRequest) -> tuple[Kind, dict[str, str]]:
    match request.POST.get("action", ""):
        case "tag":
            return bulk_kinds.TAG, {"tag": services.plain_tag(request.POST.get("tag", ""))}
        case "untag":
            return bulk_kinds.UNTAG, {"tag": services.plain_tag(request.POST.get("tag", ""))}
        case "unlist":
            kind, asked = bulk_kinds.TAKE, request.POST.get("from_list", "")
        case _:
            kind, asked = bulk_kinds.PUT, request.POST.get("list", "")
    found = next(iter(queries.ids_of([asked])), None)
    if found is None and kind is bulk_kinds.TAKE:
        raise services.ContactError(_("Choose the list first."))
    target = get_list(found) if found else create_list(request.POST.get("new_list", ""), actor=request.membership)
    return kind, {"list": str(target.pk), "name": target.name}


def _put_in_list(request: MemberRequest, ids: list[Any]) -> str:
    chosen, name = request.POST.get("list", ""), request.POST.get("new_list", "")
    found = next(iter(queries.ids_of([chosen])), None)
    target: ContactList = get_list(found) if found else create_list(name, actor=request.membership)
    added = add_to_list(target, ids)
    text = ngettext("%(count)d contact put in “%(name)s”.", "%(count)d contacts put in “%(name)s”.", added)
    return text % {"count": added, "name": target.name}


def _take_from_list(request: MemberRequest, ids: list[Any]) -> str:
    found = next(iter(queries.ids_of([request.POST.get("from_list", "")])), None)
    if found is None:
        raise services.ContactError(_("Choose the list first."))
    target = get_list(found)
    removed = remove_from_list(target, ids)
    text = ngettext(
        "%(count)d contact taken out of “%(name)s”.", "%(count)d contacts taken out of “%(name)s”.", removed
    )
    return text % {"count": removed, "name": target.name}


def _tag(request: MemberRequest, ids: list[Any]) -> str:
    tagged = services.add_tag(ids, request.POST.get("tag", ""), actor=request.membership)
    return ngettext("%(count)d contact got the tag.", "%(count)d contacts got the tag.", tagged) % {"count": tagged}


_ACTIONS: Final = {"list": _put_in_list, "unlist": _take_from_list, "tag": _tag}


def _back(request: MemberRequest) -> str:
    address = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(address, allowed_hosts=None) and address.startswith("/"):
        return address
    return reverse("leads:list")


@require_safe
@member_required
def contacts_export(request: MemberRequest, file_format: str) -> HttpResponseBase:
    """Send the contacts that the filters of the address leave."""
    headers, rows = exports.contact_rows(Filters.of(request.GET).contacts())
    record_audit("contacts.exported", actor=request.membership, data={"filters": request.GET.urlencode()[:500]})
    return table_response(file_format, _("contacts"), headers, rows)  # type: ignore[arg-type]  # the URLs say csv or xlsx
