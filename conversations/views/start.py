from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from conversations.contact_card import numbers
from conversations.services.threads import current_conversation
from leads.access import get_contact


@require_POST
@role_required(Role.AGENT)
def conversation_create(request: MemberRequest) -> HttpResponse:
    """Open the contact's thread on a number; until somebody writes, no list shows it. Twice is the same thread."""
    contact = get_contact(_id(request, "contact"))
    channel = numbers().filter(pk=_id(request, "channel")).first()
    if channel is None or contact.anonymised_at:
        raise Http404
    thread = current_conversation(contact.pk, channel.pk)
    return redirect(f"{reverse('conversations:conversation', args=[thread.pk])}#conversa")


def _id(request: MemberRequest, name: str) -> UUID:
    try:
        return UUID(request.POST.get(name, ""))
    except ValueError as error:
        raise Http404 from error
