from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from core.errors import DomainError
from leads import queries
from leads.access import get_contact
from leads.models import ContactMerge
from leads.services.joining import join_contacts, take_apart

SHOWN = 20


@require_safe
@role_required(Role.AGENT)
def join_page(request: MemberRequest, contact_id: UUID) -> HttpResponse:
    """Look for the other contact of the same person, and undo earlier joins."""
    contact = get_contact(contact_id)
    search = request.GET.get("q", "")[:100]
    found = (
        queries.contacts(search=search).exclude(pk=contact.pk).order_by("-created_at")[:SHOWN] if search.strip() else []
    )
    merges = ContactMerge.objects.filter(kept=contact, undone_at=None).select_related("by__user").order_by("-at")
    context = {"contact": contact, "search": search, "found": found, "merges": merges}
    return render(request, "leads/join.html", context)


@require_POST
@role_required(Role.AGENT)
def contact_join(request: MemberRequest, contact_id: UUID) -> HttpResponse:
    contact = get_contact(contact_id)
    chosen = next(iter(queries.ids_of([request.POST.get("other", "")])), None)
    if chosen is None:
        raise Http404
    try:
        join_contacts(contact, get_contact(chosen), actor=request.membership)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The two are one contact now. You can take them apart again here."))
    return redirect("leads:contact-joins", contact.pk)


@require_POST
@role_required(Role.AGENT)
def contact_take_apart(request: MemberRequest, contact_id: UUID, merge_id: UUID) -> HttpResponse:
    contact = get_contact(contact_id)
    merge = ContactMerge.objects.filter(pk=merge_id, kept=contact).first()
    if merge is None:
        raise Http404
    try:
        other = take_apart(merge, actor=request.membership)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("leads:contact-joins", contact.pk)
    messages.success(request, _("They are two contacts again."))
    return redirect("leads:contact", other.pk)
