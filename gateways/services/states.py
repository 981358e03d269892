"""The connection state of a channel: changed in one place, told to everybody who listens."""

from datetime import UTC, datetime, timedelta

from django.db import transaction

from core.clock import now
from core.live import signal
from gateways.contract import AccountUpdate
from gateways.events import ChannelStateChanged
from gateways.models import Channel, ChannelEvent, ChannelState
from sagas.outbox import publish

RESTRICTED_FOR = timedelta(hours=24)
REST_AFTER_RESTRICTION = timedelta(hours=1)
BY_HAND = "by_hand"
ALERT = "alert"
FIELDS = (
    "state", "state_reason", "state_at", "connected_at", "phone", "restricted_until", "qr", "qr_at", "pairing_code",
    "failed_streak",
    "unacked_sends", "silent_since", "failed_checks", "next_check_at",
)  # fmt: skip


def mark_state(channel: Channel, state: str, reason: str = "", *, phone: str = "") -> bool:
    """Note a channel's connection state; return whether it changed. News that changes nothing writes nothing.

    A channel that a person paused stays so, but a restriction is noted even then. A restriction is slept over: for an
    hour "connected" is not believed, and for a day the pace is halved (:mod:`gateways.pacing`).
    """
    state, reason = ChannelState(state), reason.replace("\x00", "")[:300]
    if _is_no_news(
        Channel.objects.filter(pk=channel.pk).only("state", "state_reason", "phone").get(), state, reason, phone
    ):
        return False
    with transaction.atomic():
        fresh = Channel.objects.select_for_update(of=("self",)).get(pk=channel.pk)
        before = fresh.state
        if not (_is_no_news(fresh, state, reason, phone) or _is_overruled(fresh, state)):
            _enter(fresh, state, reason, phone)
            _tell(fresh, has_changed=before != state)
    for name in FIELDS:
        setattr(channel, name, getattr(fresh, name))
    return bool(before != fresh.state)


def _tell(channel: Channel, *, has_changed: bool) -> None:
    channel.save(update_fields=FIELDS)
    if has_changed:
        log_event(channel, channel.state, channel.state_reason)
        organization_id, channel_id = str(channel.organization_id), str(channel.pk)
        publish(ChannelStateChanged(organization_id, channel_id, channel.state, channel.state_reason))
    tell_pages(channel)


def _is_no_news(channel: Channel, state: str, reason: str, phone: str) -> bool:
    return channel.state == state and channel.state_reason == reason and phone in {"", channel.phone}


def _is_overruled(channel: Channel, state: str) -> bool:
    if channel.removed_at is not None:
        return True
    if channel.state == ChannelState.PAUSED:
        return state != ChannelState.RESTRICTED
    return state == ChannelState.CONNECTED and rests_until(channel) > now()


def rests_until(channel: Channel) -> datetime:
    """Return when the channel's last restriction has been slept over; long ago when there was none."""
    if channel.restricted_until is None:
        return datetime.min.replace(tzinfo=UTC)
    return channel.restricted_until - RESTRICTED_FOR + REST_AFTER_RESTRICTION


def _enter(channel: Channel, state: str, reason: str, phone: str) -> None:
    at, is_new = now(), channel.state != state
    channel.state, channel.state_reason, channel.phone = state, reason, phone or channel.phone
    if state != ChannelState.QR_REQUIRED:
        channel.qr, channel.qr_at, channel.pairing_code = "", None, ""
    if is_new or channel.state_at is None:
        channel.state_at = at
    if state == ChannelState.QR_REQUIRED and is_new:
        channel.next_check_at = at  # the code is fetched at once
    if state == ChannelState.RESTRICTED and is_new:
        channel.restricted_until = at + RESTRICTED_FOR
    if state == ChannelState.CONNECTED and is_new:
        channel.connected_at = channel.connected_at or at
        channel.failed_streak = channel.unacked_sends = channel.failed_checks = 0
        channel.silent_since = None


def note_account(channel: Channel, account: AccountUpdate) -> None:
    """Keep what the provider says of an official number: its limit and its quality."""
    said: dict[str, object] = {}
    if account.limit is not None:
        said["message_limit"] = account.limit
    if account.quality:
        said["quality"] = account.quality[:10]
    changed = {name: value for name, value in said.items() if getattr(channel, name) != value}
    if not changed:
        return
    with transaction.atomic():
        Channel.objects.filter(pk=channel.pk).update(**changed)
        if "message_limit" in changed and channel.portfolio_id:
            # Meta counts over all numbers of the business, so what one hears of its limit holds for all.
            Channel.objects.filter(portfolio=channel.portfolio_id).update(message_limit=changed["message_limit"])
        log_event(channel, "account", "", before={name: getattr(channel, name) for name in changed}, **changed)
        tell_pages(channel)
    for name, value in changed.items():
        setattr(channel, name, value)


def pause_until(channel: Channel, until: datetime, reason: str) -> None:
    """Let the channel rest, as its provider asked; a longer rest that was asked before holds."""
    rows = Channel.objects.filter(pk=channel.pk).exclude(paused_until__gte=until)
    with transaction.atomic():
        if rows.update(paused_until=until, pause_reason=reason[:300]):
            channel.paused_until, channel.pause_reason = until, reason[:300]
            log_event(channel, "rest", reason, until=until.isoformat())
            tell_pages(channel)


def log_event(channel: Channel, kind: str, detail: str = "", **data: object) -> None:
    """Add a line to the channel's history."""
    ChannelEvent.objects.create(
        organization_id=channel.organization_id, channel=channel, kind=kind, detail=detail[:500], data=data
    )


def tell_pages(channel: Channel) -> None:
    signal(channel.organization_id, f"channel:{channel.pk}")
    signal(channel.organization_id, "channels")
