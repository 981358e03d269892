"""The heartbeat of the channels: asked, judged by evidence, brought back with patience."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse

from core.breaker import CircuitOpenError
from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations
from gateways.calls import Operation
from gateways.contract import ConnectionReport
from gateways.models import Channel, ChannelState
from gateways.portfolios import belongs_to, is_worth_asking
from gateways.registry import get_adapter
from gateways.services.evidence import NO_ACKS, SILENT_AFTER_SENDS
from gateways.services.servers import should_switch, switch_server, tell_switch
from gateways.services.simulation import simulator_port
from gateways.services.states import BY_HAND, mark_state, note_account, tell_pages
from gateways.transport import sync

BEAT = timedelta(seconds=30)
QR_BEAT = timedelta(seconds=10)
QR_PATIENCE = timedelta(minutes=10)
LAZY_BEAT = timedelta(minutes=5)
FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(minutes=5)
SILENCE_PATIENCE = timedelta(minutes=2)
SILENCE_REST = timedelta(minutes=15)
CHECK_TAKES = timedelta(seconds=90)
JITTER = 0.2


@dataclass(frozen=True)
class Verdict:
    """What to believe of a channel, and when to ask again; ``reconnect`` asks the provider to open the session anew."""

    state: str
    reason: str
    again_in: timedelta
    reconnect: bool = False
    is_silent: bool = False


def judge(channel: Channel, report: ConnectionReport, at: datetime) -> Verdict:
    """Weigh what the provider says against the evidence."""
    if report.state == ChannelState.CONNECTED:
        return _judge_connected(channel, report, at)
    if report.state == ChannelState.QR_REQUIRED:
        is_fresh = channel.state_at is None or at - channel.state_at < QR_PATIENCE
        return Verdict(report.state, report.reason, QR_BEAT if is_fresh else LAZY_BEAT)
    if report.state == ChannelState.RESTRICTED:
        return Verdict(report.state, report.reason, LAZY_BEAT)
    patience = retry_after(channel.failed_checks)
    # Only what once worked is opened again by itself; before that a person is setting it up.
    reconnect = report.state == ChannelState.DISCONNECTED and channel.connected_at is not None
    return Verdict(report.state, report.reason, patience, reconnect=reconnect)


def _judge_connected(channel: Channel, report: ConnectionReport, at: datetime) -> Verdict:
    if channel.state == ChannelState.DISCONNECTED and channel.state_reason == NO_ACKS:
        # It has rested: a fresh session gets the benefit of the doubt, and its next sends tell.
        return Verdict(report.state, report.reason, BEAT, reconnect=True)
    if channel.unacked_sends < SILENT_AFTER_SENDS or not get_adapter(channel.provider).acknowledges:
        return Verdict(report.state, report.reason, BEAT)
    if channel.silent_since is None or at - channel.silent_since < SILENCE_PATIENCE:
        return Verdict(report.state, report.reason, BEAT, is_silent=True)
    return Verdict(ChannelState.DISCONNECTED, NO_ACKS, SILENCE_REST)


def retry_after(failures: int) -> timedelta:
    """Return how long to wait after so many failures in a row: 5 s, doubling, at most 5 minutes."""
    return min(FIRST_RETRY * (1 << min(failures, 10)), LONGEST_RETRY)


def jittered(span: timedelta, dice: float) -> timedelta:
    """Return the span up to a fifth shorter or longer by ``dice`` in 0..1, so that channels do not march in step."""
    return span * (1 - JITTER + 2 * JITTER * dice)


@job("default", timeout_seconds=120)
def check_channel(*, organization_id: str, channel_id: str) -> None:
    """Heartbeat of one channel, unless another worker has just begun it."""
    at = now()
    if _due(at).filter(pk=channel_id).update(next_check_at=at + CHECK_TAKES):
        check_health(Channel.objects.get(pk=channel_id))


@job("default")
def check_channels() -> None:
    """Ring for the heartbeat of every channel that is due; the Simulator needs none."""
    with across_organizations():
        for organization_id, pk in _due(now()).values_list("organization_id", "pk"):
            check_channel.enqueue(coalesce_key=str(pk), organization_id=str(organization_id), channel_id=str(pk))


def _due(at: datetime) -> "QuerySet[Channel]":
    rows: QuerySet[Channel] = Channel.objects.filter(Q(next_check_at=None) | Q(next_check_at__lte=at), removed_at=None)
    # What a person stopped stays stopped.
    rows = rows.exclude(provider="simulator").exclude(state=ChannelState.PAUSED)
    return rows.exclude(state=ChannelState.DISCONNECTED, state_reason=BY_HAND)


@job("urgent", timeout_seconds=120)
def connect_channel(*, organization_id: str, channel_id: str) -> None:
    """Open the provider's session and register our webhook."""
    channel = Channel.objects.filter(pk=channel_id, removed_at=None).first()
    if channel is not None:
        believe(channel, ask_to_connect(channel))
        learn_portfolio(channel)


def learn_portfolio(channel: Channel) -> None:
    """Ask Meta once which business an official number belongs to: its limit of people is that of all its numbers."""
    adapter = get_adapter(channel.provider)
    if not adapter.sends_templates or channel.state != ChannelState.CONNECTED or not is_worth_asking(channel, now()):
        return
    config = adapter.config_model.model_validate(channel.config)
    try:
        found = sync.run(adapter.portfolio(config), simulator=simulator_port(channel))
    except CircuitOpenError:
        return  # the next heartbeat asks again
    if found is not None:
        belongs_to(channel, found)


def check_health(channel: Channel) -> ConnectionReport:
    """Ask the provider how the connection is, bring it back where that may help, and note what came of it."""
    adapter = get_adapter(channel.provider)
    config = adapter.config_model.model_validate(channel.config)
    report = _ask(channel, adapter.health(config))
    if should_switch(channel, report):
        switch_server(channel, reason=report.reason)
        report = ask_to_connect(channel)
    elif judge(channel, report, now()).reconnect:
        report = ask_to_connect(channel)
    believe(channel, report)
    if channel.state == ChannelState.CONNECTED and channel.config.get("second_url"):
        tell_switch(channel)
    learn_portfolio(channel)
    return report


def ask_to_connect(channel: Channel) -> ConnectionReport:
    """Let the provider open the session and send its webhooks to us."""
    adapter = get_adapter(channel.provider)
    config = adapter.config_model.model_validate(channel.config)
    return _ask(channel, adapter.connect(config, webhook_url(channel)))


def _ask(channel: Channel, operation: Operation[ConnectionReport]) -> ConnectionReport:
    try:
        return sync.run(operation, simulator=simulator_port(channel))
    except CircuitOpenError as rest:
        # What the channels of one server found out counts for its others; too many questions at once say nothing.
        if rest.is_open:
            return ConnectionReport(ChannelState.DISCONNECTED, f"unreachable: {rest.code}")
        return ConnectionReport(channel.state, channel.state_reason, qr=channel.qr)


def webhook_url(channel: Channel) -> str:
    """Return the address that the provider calls."""
    return settings.BASE_URL + reverse("hook", args=[channel.provider, channel.hook_token])


def believe(channel: Channel, report: ConnectionReport) -> None:
    """Note a report, weighed against the evidence, and plan the next check."""
    at = now()
    verdict = judge(channel, report, at)
    again_in = verdict.again_in
    if verdict.state == ChannelState.CONNECTED and not verdict.is_silent:
        again_in = max(again_in, timedelta(seconds=get_adapter(channel.provider).beat_seconds))
    if report.account is not None:
        note_account(channel, report.account)
    mark_state(channel, verdict.state, verdict.reason, phone=report.phone)
    has_trouble = verdict.state not in {ChannelState.CONNECTED, ChannelState.QR_REQUIRED}
    qr_changed = report.qr != channel.qr
    Channel.objects.filter(pk=channel.pk).update(
        warning=report.warning[:300],
        qr=report.qr,
        qr_at=at if report.qr else None,
        failed_checks=min(channel.failed_checks + 1, 100) if has_trouble else 0,
        silent_since=(channel.silent_since or at) if verdict.is_silent else None,
        next_check_at=at + jittered(again_in, random.random()),  # noqa: S311  # spread, not secrets
    )
    channel.refresh_from_db()
    if qr_changed:
        tell_pages(channel)


def expect_check(channel: Channel, span: timedelta) -> None:
    """Ask after the channel in a while, or earlier when that was planned."""
    at = now() + span
    Channel.objects.filter(Q(next_check_at=None) | Q(next_check_at__gt=at), pk=channel.pk).update(next_check_at=at)
