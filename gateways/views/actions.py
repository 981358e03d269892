from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from core.errors import DomainError
from core.ratelimit import check
from gateways import queries
from gateways.contract import Outcome
from gateways.forms import SpeedForm, TestForm
from gateways.services import channels as services
from gateways.services.servers import switch_server

TESTS_PER_MINUTE = 5


@require_POST
@role_required(Role.ADMIN)
def channel_pause(request: MemberRequest, channel_id: UUID) -> HttpResponse:
    services.pause_channel(queries.get_channel(channel_id), actor=request.membership)
    messages.success(request, _("Number paused. Nothing leaves by it until you resume it."))
    return redirect("gateways:channels")


@require_POST
@role_required(Role.ADMIN)
def channel_resume(request: MemberRequest, channel_id: UUID) -> HttpResponse:
    services.resume_channel(queries.get_channel(channel_id), actor=request.membership)
    messages.success(request, _("Number resumed."))
    return redirect("gateways:channels")


@require_POST
@role_required(Role.ADMIN)
def channel_test(request: MemberRequest, channel_id: UUID) -> HttpResponse:
    channel = queries.get_channel(channel_id)
    form = TestForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say to which phone and what."))
    elif not check("channel-test", str(channel.pk), limit=TESTS_PER_MINUTE, period=60, fail_open=True).allowed:
        messages.error(request, _("Five tests a minute are enough. Try again soon."))
    else:
        _test(request, channel_id, form)
    return redirect("gateways:channel", channel.pk)


def _test(request: MemberRequest, channel_id: UUID, form: TestForm) -> None:
    channel = queries.get_channel(channel_id)
    try:
        result = services.send_test(channel, actor=request.membership, **form.cleaned_data)
    except DomainError as error:
        messages.error(request, error.message)
        return
    match result.outcome:
        case Outcome.SENT:
            messages.success(request, _("Sent. The ticks appear on the phone."))
        case Outcome.INVALID_NUMBER:
            messages.error(request, _("This phone has no WhatsApp."))
        case Outcome.UNKNOWN:
            messages.warning(request, _("Not confirmed: it may have arrived. Look at the phone."))
        case _:
            messages.error(request, _("It did not leave: %(reason)s") % {"reason": result.detail or result.code})


@require_POST
@role_required(Role.ADMIN)
def simulator_speed(request: MemberRequest, channel_id: UUID) -> HttpResponse:
    channel = queries.get_channel(channel_id)
    form = SpeedForm(request.POST)
    if channel.provider == services.SIMULATOR and form.is_valid():
        services.set_simulator_speed(channel, form.cleaned_data["speed"], actor=request.membership)
        messages.success(request, _("Speed changed."))
    else:
        messages.error(request, _("Choose one of the speeds."))
    return redirect("gateways:channel", channel.pk)


@require_POST
@role_required(Role.ADMIN)
def channel_disconnect(request: MemberRequest, channel_id: UUID) -> HttpResponse:
    channel = queries.get_channel(channel_id)
    services.disconnect_channel(channel, actor=request.membership)
    messages.success(request, _("Phone disconnected."))
    return redirect("gateways:channel", channel.pk)


@require_POST
@role_required(Role.ADMIN)
def channel_remove(request: MemberRequest, channel_id: UUID) -> HttpResponse:
    services.remove_channel(queries.get_channel(channel_id), actor=request.membership)
    messages.success(request, _("Number removed. Its conversations stay."))
    return redirect("gateways:channels")


@require_POST
@role_required(Role.ADMIN)
def server_switch(request: MemberRequest, channel_id: UUID) -> HttpResponse:
    """Let the number's other server serve, because a person says so."""
    channel = queries.get_channel(channel_id)
    if not channel.config.get("second_url"):
        messages.error(request, _("Give the second server under Access first."))
    elif switch_server(channel, reason="", actor=request.membership):
        services.connect(channel)
        messages.success(request, _("The second server serves now."))
    else:
        services.connect(channel)
        messages.success(request, _("The first server serves again."))
    return redirect("gateways:channel", channel.pk)
