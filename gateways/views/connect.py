from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from core.errors import DomainError
from core.once import once
from gateways import queries
from gateways.access import PROVIDERS, AccessForm, grouped
from gateways.errors import ChannelConfigError, ChannelLimitError
from gateways.forms import ChannelForm, CodeForm
from gateways.models import Channel, ChannelState
from gateways.registry import get_adapter
from gateways.services.channels import ask_for_code, connect, create_channel, update_channel
from gateways.services.health import webhook_url
from gateways.views.channels import detail_context


@require_safe
@role_required(Role.ADMIN)
def provider_list(request: MemberRequest) -> HttpResponse:
    return render(request, "gateways/connect_provider.html", {"groups": grouped(), "step": 1})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
@once("gateways:channels")
def channel_create(request: MemberRequest, provider: str) -> HttpResponse:
    choice = PROVIDERS.get(provider)
    if choice is None:
        raise Http404
    form, access = ChannelForm(request.POST or None), choice.form(request.POST or None)
    access.leave_for_later()
    if not get_adapter(provider).starts_chats:
        del form.fields["role"]  # who only answers sends no campaigns and stands in for nobody
    if request.method == "POST" and form.is_valid() and access.is_valid():
        channel = _created(request, provider, form, access)
        if channel is not None:
            return redirect("gateways:channel-connect", channel.pk)
    context = {"provider": choice, "form": form, "access": access, "step": 2}
    return render(request, "gateways/connect_access.html", context, status=422 if form.errors or access.errors else 200)


def _created(request: MemberRequest, provider: str, form: ChannelForm, access: AccessForm) -> Channel | None:
    try:
        return create_channel(
            provider=provider, config=access.config({}), actor=request.membership, **form.cleaned_data
        )
    except ChannelLimitError as error:
        form.add_error(None, error.message)
    except ChannelConfigError as error:
        show_error(access, error)
    return None


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def channel_connect(request: MemberRequest, channel_id: UUID) -> HttpResponse:
    """The last step: the QR code, refreshed while it is looked at, until the number is in. POST asks for a new code."""
    channel = queries.get_channel(channel_id)
    if request.method == "POST":
        connect(channel)
        messages.success(request, _("Asked for a new code."))
        return redirect("gateways:channel-connect", channel.pk)
    context = detail_context(request, channel) | {
        "step": 4 if channel.state == ChannelState.CONNECTED else 3,
        "provider": PROVIDERS[channel.provider],
        "gives_codes": get_adapter(channel.provider).gives_codes,
        "code_form": CodeForm(),
        "webhook_url": webhook_url(channel) if PROVIDERS[channel.provider].hook_fields else "",
        "verify_token": channel.config.get("verify_token", ""),
    }
    return render(request, f"gateways/connect_scan.html{'#scan' if request.htmx else ''}", context)


@require_POST
@role_required(Role.ADMIN)
def pairing_code(request: MemberRequest, channel_id: UUID) -> HttpResponse:
    """Ask for a code that is typed on the phone; it appears on the page of the QR code."""
    channel = queries.get_channel(channel_id)
    form = CodeForm(request.POST)
    try:
        code = ask_for_code(channel, form.cleaned_data["phone"]) if form.is_valid() else ""
    except DomainError as error:
        messages.error(request, error.message)
    else:
        if not code:
            messages.error(request, _("The server gave no code. Wait for the QR code to appear and try again."))
    return redirect("gateways:channel-connect", channel.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def access_edit(request: MemberRequest, channel_id: UUID) -> HttpResponse:
    channel = queries.get_channel(channel_id)
    choice = PROVIDERS.get(channel.provider)
    if choice is None:
        raise Http404
    access = choice.form(request.POST or None, initial=choice.form.shown(channel.config))
    if request.method == "POST" and access.is_valid():
        try:
            update_channel(channel, actor=request.membership, config=access.config(channel.config))
        except ChannelConfigError as error:
            show_error(access, error)
        else:
            messages.success(request, _("Access saved."))
            return redirect("gateways:channel", channel.pk)
    address = webhook_url(channel) if channel.provider != "simulator" else ""
    context = {"channel": channel, "provider": choice, "access": access, "webhook_url": address}
    return render(request, "gateways/channel_access.html", context, status=422 if access.errors else 200)


def show_error(access: AccessForm, error: ChannelConfigError) -> None:
    """Put a refusal beside the fields that it is about."""
    fields = [name for name in error.fields if name in access.fields]
    for name in fields:
        access.add_error(name, error.message)
    if not fields:
        access.add_error(None, error.message)
