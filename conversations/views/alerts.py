from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from conversations.alerts import alerts_of, cursor_of, moment_of
from core.clock import now


@require_safe
@role_required(Role.AGENT)
def alerts_since(request: MemberRequest) -> HttpResponse:
    """What has come up since the page asked last, for the person's sound and notifications."""
    at = now()
    found = alerts_of(request.membership, moment_of(request.GET.get("desde", ""), at))
    return render(request, "conversations/_alerts.html", {"alerts": found, "alerts_since": cursor_of(at)})
