"""The ribbon that says when messages may not have arrived."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from core.clock import now
from gateways import queries
from gateways.pool.silence import dismiss, silences

SHOWN = 5


@require_safe
@member_required
def silence_list(request: MemberRequest) -> HttpResponse:
    context = {"silences": list(silences(now())[:SHOWN])}
    return render(request, f"gateways/silences.html{'#ribbon' if request.htmx else ''}", context)


@require_POST
@role_required(Role.AGENT)
def silence_dismiss(request: MemberRequest, channel_id: UUID) -> HttpResponse:
    dismiss(queries.get_channel(channel_id))
    messages.success(request, _("Noted. It is not shown any more."))
    return redirect("gateways:silences")
