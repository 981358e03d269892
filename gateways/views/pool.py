"""The pool of numbers: what it can send, who is in reserve, what went wrong, and a rehearsal of the worst."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from core.clock import now
from core.errors import DomainError
from gateways import queries
from gateways.pool.capacity import capacity_tomorrow, recommendation
from gateways.pool.drills import GOAL_SECONDS, ask_for_drill, drills
from gateways.pool.goals import goals
from gateways.pool.history import incidents, parts, quiet_days

DRILLS = 5


@require_safe
@member_required
def pool_page(request: MemberRequest) -> HttpResponse:
    cards = queries.cards(request.organization.timezone)
    capacity = capacity_tomorrow([card.channel for card in cards], now(), request.organization.timezone)
    calm = quiet_days(now())
    context = {
        "capacity": capacity,
        "advice": recommendation(capacity),
        "parts": parts([card for card in cards if not card.is_simulator]),
        "incidents": incidents(),
        "quiet_days": calm,
        "goals": goals(capacity, calm, now()),
        "drills": list(drills()[:DRILLS]),
        "goal_seconds": GOAL_SECONDS,
    }
    return render(request, f"gateways/pool.html{'#pool' if request.htmx else ''}", context)


@require_POST
@role_required(Role.ADMIN)
def drill_start(request: MemberRequest) -> HttpResponse:
    try:
        ask_for_drill(request.membership)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The drill has begun. Its result appears here in a minute."))
    return redirect("gateways:pool")
