"""A deal that a contact closed, put down to a message of a campaign where the contact is looked at."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from campaigns.models import Recipient
from campaigns.services.deals import set_won


@require_POST
@role_required(Role.AGENT)
def recipient_won(request: MemberRequest, campaign_id: UUID, recipient_id: UUID) -> HttpResponse:
    rows = Recipient.objects.filter(pk=recipient_id, campaign_id=campaign_id).exclude(sent_at=None)
    recipient = rows.select_related("campaign").first()
    if recipient is None:
        raise Http404
    set_won(recipient, request.POST.get("won") == "1", actor=request.membership)
    if request.htmx:
        recipient.refresh_from_db(fields=["won_at"])
        return render(request, "campaigns/_won.html", {"recipient": recipient, "can_write": True})
    return redirect("leads:contact", recipient.contact_id)
