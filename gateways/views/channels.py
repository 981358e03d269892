from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import member_required, role_required
from accounts.http import MemberRequest
from accounts.models import Role
from core.clock import now
from core.qr import qr_path
from gateways import pacing, queries, words
from gateways.errors import ChannelConfigError
from gateways.forms import ChannelForm, FactsForm, PaceForm, TestForm, facts_initial, pace_initial
from gateways.models import Channel
from gateways.pool.capacity import capacity_tomorrow, recommendation
from gateways.pool.facts import keep_facts
from gateways.pool.silence import silences
from gateways.registry import get_adapter
from gateways.services.channels import update_channel

EVENTS = 30
SILENCES = 5
PACE_FIELDS = {"min_gap_ms": "min_gap", "max_gap_ms": "max_gap"}


@require_safe
@member_required
def channel_list(request: MemberRequest) -> HttpResponse:
    found = queries.cards(request.organization.timezone)
    capacity = capacity_tomorrow([card.channel for card in found], now(), request.organization.timezone)
    context = {
        "advice": "" if capacity.is_enough else recommendation(capacity),
        "cards": found,
        "silences": list(silences(now())[:SILENCES]),
        "summary": queries.summary(found),
        "troubled": [card for card in found if card.is_troubled],
        "near_cap": [card for card in found if card.is_near_cap and not card.is_troubled],
    }
    return render(request, f"gateways/channels.html{'#numbers' if request.htmx else ''}", context)


@require_safe
@member_required
def channel_detail(request: MemberRequest, channel_id: UUID) -> HttpResponse:
    context = detail_context(request, queries.get_channel(channel_id))
    return render(request, f"gateways/channel.html{'#state' if request.htmx else ''}", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def channel_edit(request: MemberRequest, channel_id: UUID) -> HttpResponse:
    channel = queries.get_channel(channel_id)
    form = ChannelForm(request.POST or None, initial={"name": channel.name, "role": channel.role})
    pace = PaceForm(request.POST or None, initial=pace_initial(channel))
    facts = FactsForm(request.POST or None, initial=facts_initial(channel))
    if request.method == "POST" and form.is_valid() and pace.is_valid() and facts.is_valid():
        try:
            update_channel(channel, actor=request.membership, pace=pace.settings(), **form.cleaned_data)
        except ChannelConfigError as error:
            pace.add_error(PACE_FIELDS.get(error.fields[0]) if error.fields else None, error.message)
        else:
            keep_facts(channel, facts.facts())
            messages.success(request, _("Number saved."))
            return redirect("gateways:channel", channel.pk)
    context = {
        "channel": channel,
        "form": form,
        "pace_form": pace,
        "facts_form": facts,
        "is_paced": get_adapter(channel.provider).is_paced,
        "floor_ms": pacing.FLOOR_MS,
        "default_cap": pacing.QR_DAILY_CAP,
    }
    return render(
        request,
        "gateways/channel_edit.html",
        context,
        status=422 if form.errors or pace.errors or facts.errors else 200,
    )


def detail_context(request: MemberRequest, channel: Channel) -> dict[str, Any]:
    """Return what the page of one number shows."""
    card = queries.cards_of([channel], request.organization.timezone)[0]
    history = queries.events(channel).order_by("-at")[:EVENTS]
    return {
        "card": card,
        "channel": channel,
        "events": [
            (event, words.event_title(event.kind), words.event_detail(event.kind, event.detail)) for event in history
        ],
        "qr_path": qr_path(channel.qr) if channel.qr and not channel.qr.startswith("data:") else None,
        "qr_drawing": channel.qr if channel.qr.startswith("data:image/png;base64,") else "",
        "test_form": TestForm(initial={"text": _("Test from Prosa: this number sends.")}),
        "speed": channel.config.get("speed") if card.is_simulator else None,
        "speeds": [(1, _("real time")), (10, _("10 times faster")), (60, _("a minute per second"))],
    }
