"""The life of a channel: created, changed, paused, tried, taken off."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import time
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from pydantic import ValidationError

from accounts.models import Membership
from accounts.services.audit import record_audit
from billing.services import channels_left
from core.breaker import CircuitOpenError
from core.clock import now
from core.http import UnsafeUrlError, check_public_url
from core.phones import InvalidPhoneError, canonical
from core.tenancy import current_organization_id
from gateways.contract import OutgoingMessage, SendResult
from gateways.errors import ChannelConfigError, ChannelLimitError, ChannelStateError
from gateways.intake.ingest import forget_receivers
from gateways.models import Channel, ChannelRole, ChannelState
from gateways.pacing import FLOOR_MS
from gateways.registry import ADAPTERS, get_adapter
from gateways.services.health import connect_channel
from gateways.services.sending import send_once
from gateways.services.simulation import simulator_port
from gateways.services.states import (
    BY_HAND,
    REST_AFTER_RESTRICTION,
    RESTRICTED_FOR,
    log_event,
    mark_state,
    rests_until,
    tell_pages,
)
from gateways.transport import sync

SIMULATOR = "simulator"


@dataclass(frozen=True)
class PaceSettings:
    """None keeps the default of :mod:`gateways.pacing`; equal quiet times mean no quiet hours."""

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
    channel = Channel(
        organization_id=current_organization_id(), provider=provider, name=name.strip()[:80], role=role,
        phone=_canonical(phone),
    )  # fmt: skip
    channel.config = clean
    apply_pace(channel, pace or PaceSettings())
    with transaction.atomic():
        _check_limit(provider)
        channel.save()
        record_audit("channel.created", actor=actor, target=channel.name, data={"provider": provider})
        if provider == SIMULATOR:
            mark_state(channel, ChannelState.CONNECTED)
        else:
            connect(channel)
    return channel


def _check_limit(provider: str) -> None:
    if provider == SIMULATOR:
        return
    used = Channel.objects.filter(removed_at=None).exclude(provider=SIMULATOR).select_for_update(of=("self",))
    if channels_left(current_organization_id(), len(used)) == 0:
        raise ChannelLimitError(_("Your plan has no room for another number."))


def _canonical(phone: str) -> str:
    try:
        return canonical(phone).e164 if phone.strip() else ""
    except InvalidPhoneError as error:
        raise ChannelConfigError(str(error), fields=("phone",)) from error


def validate_config(provider: str, config: dict[str, Any]) -> dict[str, Any]:
    """Return the provider's settings in their stored form; raise :class:`ChannelConfigError` in words."""
    if provider not in ADAPTERS:
        raise ChannelConfigError(_("There is no provider with this name."), fields=("provider",))
    try:
        clean = get_adapter(provider).config_model.model_validate(config).model_dump(mode="json")
    except ValidationError as error:
        fields = tuple(dict.fromkeys(str(item["loc"][0]) if item["loc"] else "config" for item in error.errors()))
        message = _("Check these fields: %(fields)s") % {"fields": ", ".join(fields)}
        raise ChannelConfigError(message, fields=fields) from error
    for field in ("base_url", "second_url"):
        if clean.get(field):
            _check_address(clean[field], field)
    return clean


def _check_address(url: str, field: str) -> None:
    try:
        check_public_url(url)
    except UnsafeUrlError as error:
        message = _("This address cannot be used: %(reason)s") % {"reason": error}
        raise ChannelConfigError(message, fields=(field,)) from error


def apply_pace(channel: Channel, pace: PaceSettings) -> None:
    """Put a pace on the channel; gaps under the floor are refused."""
    gaps = {name: gap for name in ("min_gap_ms", "max_gap_ms") if (gap := getattr(pace, name)) is not None}
    if get_adapter(channel.provider).is_paced:
        low = tuple(name for name, gap in gaps.items() if gap < FLOOR_MS)
        if low:
            raise ChannelConfigError(_("The gap between messages cannot be under 500 milliseconds."), fields=low)
    if len(gaps) == 2 and gaps["min_gap_ms"] > gaps["max_gap_ms"]:
        raise ChannelConfigError(_("The smallest gap must not be above the largest."), fields=("min_gap_ms",))
    channel.min_gap_ms, channel.max_gap_ms = pace.min_gap_ms, pace.max_gap_ms
    channel.daily_limit, channel.warm_up = pace.daily_limit, pace.warm_up
    channel.quiet_start, channel.quiet_end = pace.quiet or (None, None)


def pace_settings(channel: Channel) -> PaceSettings:
    """Return the channel's own settings, as :func:`apply_pace` takes them."""
    quiet = None
    if channel.quiet_start is not None and channel.quiet_end is not None:
        quiet = (channel.quiet_start, channel.quiet_end)
    return PaceSettings(channel.min_gap_ms, channel.max_gap_ms, channel.daily_limit, channel.warm_up, quiet)


def update_channel(
    channel: Channel, *, actor: Membership | None, name: str | None = None, role: str | None = None,
    phone: str | None = None, pace: PaceSettings | None = None, config: dict[str, Any] | None = None,
) -> Channel:  # fmt: skip
    """Change what is given and nothing else; new provider settings are tried at once."""
    if name is not None:
        channel.name = name.strip()[:80]
    if role is not None:
        channel.role = role
    if phone is not None:
        channel.phone = _canonical(phone)
    if pace is not None:
        apply_pace(channel, pace)
    if config is not None:
        channel.config = validate_config(channel.provider, {**channel.config, **config})
    with transaction.atomic():
        channel.save(update_fields=EDITABLE)
        record_audit("channel.changed", actor=actor, target=channel.name)
        if config is not None and channel.provider != SIMULATOR:
            connect(channel)
        tell_pages(channel)
    forget_receivers()
    return channel


EDITABLE = (
    "name", "role", "phone", "min_gap_ms", "max_gap_ms", "daily_limit", "warm_up", "quiet_start", "quiet_end",
    "sealed_config",
)  # fmt: skip


def connect(channel: Channel) -> None:
    """Ring for the provider to open the session."""
    connect_channel.enqueue(
        coalesce_key=str(channel.pk), organization_id=str(channel.organization_id), channel_id=str(channel.pk)
    )


def ask_for_code(channel: Channel, phone: str) -> str:
    """Return the code with which the phone is connected instead of scanning, empty if there is none; keeps it too."""
    to = _canonical(phone)
    adapter = get_adapter(channel.provider)
    config = adapter.config_model.model_validate(channel.config)
    code = sync.run(adapter.pairing_code(config, to), simulator=simulator_port(channel)) if to else ""
    Channel.objects.filter(pk=channel.pk).update(pairing_code=code[:20])
    tell_pages(channel)
    return code[:20]


def pause_channel(channel: Channel, *, actor: Membership | None) -> None:
    """Stop all sending of the channel until a person resumes it."""
    with transaction.atomic():
        mark_state(channel, ChannelState.PAUSED, BY_HAND)
        record_audit("channel.paused", actor=actor, target=channel.name)


def resume_channel(channel: Channel, *, actor: Membership | None) -> None:
    """Let the channel send again, also out of a rest; its real state is asked from the provider."""
    rested = now() + RESTRICTED_FOR - REST_AFTER_RESTRICTION
    with transaction.atomic():
        rows = Channel.objects.filter(pk=channel.pk)
        # The person takes the risk of sending at once; the halved pace of the day after a restriction stays.
        if rests_until(channel) > now():
            rows.update(restricted_until=rested)
        rows.update(
            state=ChannelState.CONNECTING, state_reason="", state_at=now(), paused_until=None, pause_reason="",
            unacked_sends=0, silent_since=None, failed_checks=0,
        )  # fmt: skip
        channel.refresh_from_db()
        log_event(channel, "resumed", str(actor.user) if actor else "")
        record_audit("channel.resumed", actor=actor, target=channel.name)
        if channel.provider == SIMULATOR:
            mark_state(channel, ChannelState.CONNECTED)
        else:
            connect(channel)
        tell_pages(channel)


def disconnect_channel(channel: Channel, *, actor: Membership | None) -> None:
    """Log the phone out at the provider; a new QR code is needed afterwards."""
    adapter = get_adapter(channel.provider)
    config = adapter.config_model.model_validate(channel.config)
    # For us the number is out whatever its server can be told.
    with suppress(CircuitOpenError):
        sync.run(adapter.disconnect(config), simulator=simulator_port(channel))
    with transaction.atomic():
        mark_state(channel, ChannelState.DISCONNECTED, BY_HAND)
        record_audit("channel.disconnected", actor=actor, target=channel.name)


def remove_channel(channel: Channel, *, actor: Membership | None) -> None:
    """Retire the channel: nothing is sent or received by it any more, its history stays."""
    with transaction.atomic():
        mark_state(channel, ChannelState.DISCONNECTED, "removed")
        channel.removed_at, channel.role, channel.sealed_config = now(), ChannelRole.RETIRED, ""
        channel.save(update_fields=["removed_at", "role", "sealed_config"])
        record_audit("channel.removed", actor=actor, target=channel.name)
        tell_pages(channel)
    forget_receivers()


def send_test(channel: Channel, *, phone: str, text: str, actor: Membership | None) -> SendResult:
    """Send one message by hand, to see whether the number works; raises the errors of a refused phone or state."""
    to = _canonical(phone)
    if channel.state != ChannelState.CONNECTED:
        raise ChannelStateError(_("Connect the number first."))
    result = send_once(channel, OutgoingMessage(phone=to, text=text))
    log_event(channel, "test", result.outcome, code=result.code)
    record_audit("channel.tested", actor=actor, target=channel.name)
    return result


def set_simulator_speed(channel: Channel, speed: float, *, actor: Membership | None) -> None:
    """Let the virtual contacts live faster or slower; what they were already going to do keeps its time."""
    update_channel(channel, actor=actor, config={"speed": speed})
