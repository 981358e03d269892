from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from core.clock import now
from core.errors import DomainError
from core.once import once
from core.paging import page_of
from leads import queries
from leads.access import get_contact, get_list
from leads.forms import ReasonForm
from leads.models import ContactList, Import
from leads.panels import render_panels
from leads.services import contacts as services
from leads.services.lists import add_to_list, create_list, remove_from_list
from leads.views.contacts import edit

TIMELINE: Final = 30


@require_safe
@member_required
def contact_page(request: MemberRequest, contact_id: UUID) -> HttpResponse:
    contact = get_contact(contact_id)
    if contact.merged_into_id:
        return redirect("leads:contact", contact.merged_into_id)
    timeline = page_of(request, contact.timeline.all(), order="-at", size=TIMELINE)
    context = {
        "contact": contact, "timeline": timeline.items, "next_cursor": timeline.next_cursor,
        "first_page": not request.GET.get("cursor"),
    }  # fmt: skip
    if request.htmx and request.htmx.target == "timeline-more":
        return render(request, "leads/contact.html#entries", context)
    own = ContactList.objects.filter(memberships__contact=contact).order_by("name")
    context |= {
        "identities": contact.identities.order_by("kind", "created_at"), "attributes": queries.labelled(contact),
        "lists": own, "other_lists": queries.lists().exclude(memberships__contact=contact)[:200],
        "imported": Import.objects.filter(pk=contact.import_id).first() if contact.import_id else None,
        "panels": render_panels(request, contact),
    }  # fmt: skip
    return render(request, "leads/contact.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def contact_edit(request: MemberRequest, contact_id: UUID) -> HttpResponse:
    return edit(request, get_contact(contact_id))


@require_POST
@role_required(Role.AGENT)
def contact_opt_out(request: MemberRequest, contact_id: UUID) -> HttpResponse:
    contact = get_contact(contact_id)
    if services.opt_out(contact.pk, reason=_reason(request), at=now(), actor=request.membership):
        messages.success(request, _("No campaign writes to this contact any more."))
    return redirect("leads:contact", contact.pk)


@require_POST
@role_required(Role.AGENT)
def contact_opt_in(request: MemberRequest, contact_id: UUID) -> HttpResponse:
    contact = get_contact(contact_id)
    reason = _reason(request)
    if not reason:
        messages.error(request, _("Write how the person agreed: it is the proof of the consent."))
    elif services.opt_in(contact.pk, reason=reason, actor=request.membership):
        messages.success(request, _("Campaigns may write to this contact again."))
    return redirect("leads:contact", contact.pk)


def _reason(request: MemberRequest) -> str:
    form = ReasonForm(request.POST)
    return form.cleaned_data["reason"] if form.is_valid() else request.POST.get("reason", "")[:300]


@require_POST
@role_required(Role.AGENT)
@once("leads:list")
def contact_lists(request: MemberRequest, contact_id: UUID) -> HttpResponse:
    """Put the contact in a list, known or new, or take it out of one."""
    contact = get_contact(contact_id)
    chosen = next(iter(queries.ids_of([request.POST.get("list", "")])), None)
    try:
        if request.POST.get("action") == "remove":
            if chosen:
                remove_from_list(get_list(chosen), [contact.pk])
        else:
            target = (
                get_list(chosen) if chosen else create_list(request.POST.get("new_list", ""), actor=request.membership)
            )
            add_to_list(target, [contact.pk])
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("leads:contact", contact.pk)


@require_POST
@role_required(Role.ADMIN)
def contact_anonymise(request: MemberRequest, contact_id: UUID) -> HttpResponse:
    services.anonymise(get_contact(contact_id), actor=request.membership)
    messages.success(request, _("The personal data of this contact was erased."))
    return redirect("leads:list")
