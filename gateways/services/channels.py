"""The life of a channel: created, connected, watched, paused, removed."""

from dataclasses import dataclass
from datetime import time
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from pydantic import ValidationError

from accounts.models import Membership
from accounts.services.audit import record_audit
from billing.services import channels_left
from core.clock import now
from core.http import UnsafeUrlError, check_public_url
from core.jobs import job
from core.tenancy import across_organizations, current_organization_id
from gateways.contract import ConnectionReport
from gateways.errors import ChannelConfigError, ChannelLimitError
from gateways.models import Channel, ChannelRole, ChannelState
from gateways.pacing import FLOOR_MS
from gateways.registry import ADAPTERS, get_adapter
from gateways.services.simulation import simulator_port
from gateways.services.states import mark_state
from gateways.transport import sync


@dataclass(frozen=True)
class PaceSettings:
    """None keeps the default of :mod:`gateways.pacing`."""

    min_gap_ms: int | None = None
    max_gap_ms: int | None = None
    daily_limit: int | None = None
    warm_up: bool = True
    quiet: tuple[time, time] | None = None


def create_channel(
    *, provider: str, name: str, config: dict[str, Any], phone: str = "", role: str = ChannelRole.ACTIVE,
    pace: PaceSettings | None = None, actor: Membership | None = None,
) -> Channel:  # fmt: skip
    """Create a channel of the active organization and ring for its connection."""
    clean = validate_config(provider, config)
    used = Channel.objects.filter(removed_at=None).exclude(provider="simulator").count()
    if provider != "simulator" and channels_left(current_organization_id(), used) == 0:
        raise ChannelLimitError(_("Your plan has no room for another number."))
    channel = Channel(
        organization_id=current_organization_id(), provider=provider, name=name.strip()[:80], phone=phone, role=role
    )
    channel.config = clean
    apply_pace(channel, pace or PaceSettings())
    with transaction.atomic():
        channel.save()
        record_audit("channel.created", actor=actor, target=channel.name, data={"provider": provider})
    connect_channel.enqueue(organization_id=str(channel.organization_id), channel_id=str(channel.pk))
    return channel


def validate_config(provider: str, config: dict[str, Any]) -> dict[str, Any]:
    """Return the provider's settings in their stored form; raise :class:`ChannelConfigError` in words."""
    if provider not in ADAPTERS:
        raise ChannelConfigError(_("There is no provider with this name."))
    try:
        clean = get_adapter(provider).config_model.model_validate(config).model_dump(mode="json")
    except ValidationError as error:
        fields = ", ".join(str(item["loc"][0]) if item["loc"] else "config" for item in error.errors())
        raise ChannelConfigError(_("Check these fields: %(fields)s") % {"fields": fields}) from error
    if "base_url" in clean:
        try:
            check_public_url(clean["base_url"])
        except UnsafeUrlError as error:
            raise ChannelConfigError(_("This address cannot be used: %(reason)s") % {"reason": error}) from error
    return clean


def apply_pace(channel: Channel, pace: PaceSettings) -> None:
    """Put a pace on the channel; gaps under the floor are refused."""
    gaps = [gap for gap in (pace.min_gap_ms, pace.max_gap_ms) if gap is not None]
    if get_adapter(channel.provider).is_paced and any(gap < FLOOR_MS for gap in gaps):
        raise ChannelConfigError(_("The gap between messages cannot be under 500 milliseconds."))
    if len(gaps) == 2 and gaps[0] > gaps[1]:
        raise ChannelConfigError(_("The smallest gap must not be above the largest."))
    channel.min_gap_ms, channel.max_gap_ms = pace.min_gap_ms, pace.max_gap_ms
    channel.daily_limit, channel.warm_up = pace.daily_limit, pace.warm_up
    channel.quiet_start, channel.quiet_end = pace.quiet or (None, None)


def webhook_url(channel: Channel) -> str:
    """Return the address that the provider calls."""
    return settings.BASE_URL + reverse("hook", args=[channel.provider, channel.hook_token])


@job("urgent", timeout_seconds=120)
def connect_channel(*, organization_id: str, channel_id: str) -> None:
    """Open the provider's session and register our webhook."""
    channel = Channel.objects.get(pk=channel_id)
    adapter = get_adapter(channel.provider)
    config = adapter.config_model.model_validate(channel.config)
    report = sync.run(adapter.connect(config, webhook_url(channel)), simulator=simulator_port(channel))
    mark_state(channel, report.state, report.reason, phone=report.phone)


@job("default", timeout_seconds=120)
def check_channel(*, organization_id: str, channel_id: str) -> None:
    """Heartbeat: ask the provider how the connection is."""
    channel = Channel.objects.filter(pk=channel_id, removed_at=None).first()
    if channel is not None:
        read_health(channel)


@job("default")
def check_channels() -> None:
    """Ring for the heartbeat of every channel that has a real gateway behind it."""
    with across_organizations():
        alive = Channel.objects.filter(removed_at=None).exclude(provider="simulator").exclude(state=ChannelState.PAUSED)
        for organization_id, pk in alive.values_list("organization_id", "pk"):
            check_channel.enqueue(coalesce_key=str(pk), organization_id=str(organization_id), channel_id=str(pk))


def read_health(channel: Channel) -> ConnectionReport:
    """Ask the provider for the connection's state, note it and return the report, QR code included."""
    adapter = get_adapter(channel.provider)
    config = adapter.config_model.model_validate(channel.config)
    report = sync.run(adapter.health(config), simulator=simulator_port(channel))
    mark_state(channel, report.state, report.reason, phone=report.phone)
    return report


def pause_channel(channel: Channel, *, actor: Membership | None) -> None:
    """Stop all sending of the channel until a person resumes it."""
    mark_state(channel, ChannelState.PAUSED, "by hand")
    record_audit("channel.paused", actor=actor, target=channel.name)


def resume_channel(channel: Channel, *, actor: Membership | None) -> None:
    """Let the channel send again; its real state is asked from the provider."""
    Channel.objects.filter(pk=channel.pk).update(state=ChannelState.CONNECTING, state_reason="", paused_until=None)
    record_audit("channel.resumed", actor=actor, target=channel.name)
    connect_channel.enqueue(organization_id=str(channel.organization_id), channel_id=str(channel.pk))


def remove_channel(channel: Channel, *, actor: Membership | None) -> None:
    """Retire the channel: nothing is sent or received by it any more, its history stays."""
    channel.removed_at, channel.role, channel.state = now(), ChannelRole.RETIRED, ChannelState.DISCONNECTED
    channel.save(update_fields=["removed_at", "role", "state"])
    record_audit("channel.removed", actor=actor, target=channel.name)


def channel_or_none(channel_id: UUID | str) -> Channel | None:
    channel: Channel | None = Channel.objects.filter(pk=channel_id, removed_at=None).first()
    return channel
