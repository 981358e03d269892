"""When what people write may not reach us: a number that was down, or one that says it works while nobody is heard.

Nobody has to find out from a customer: the span is shown where the conversations are, until somebody has looked at the
phone.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from core.clock import local, now
from core.jobs import job
from core.tenancy import across_organizations, activate_organization
from gateways import pacing
from gateways.models import Channel, ChannelHour, ChannelState, MissingSpan
from gateways.pool.backfill import look_into
from gateways.pool.incidents import WARNING, alert
from gateways.services.health import expect_check
from gateways.services.states import BY_HAND, tell_pages

DOWN, QUIET = "down", "quiet"
NOT_HEARING = (ChannelState.DISCONNECTED, ChannelState.QR_REQUIRED)
# A session that is opened anew in a minute gets what was written meanwhile from its phone.
SHORT = timedelta(minutes=1)
WINDOW = timedelta(hours=2)
WEEKS = 4
# Where ten are usual, none comes by chance once in twenty thousand times.
USUAL = 10
SHOWN_FOR = timedelta(days=2)


@job("default")
def watch_silences() -> None:
    """Open and close the silences of every number that has ever worked; the Simulator's people are never lost."""
    with across_organizations():
        rows = Channel.objects.filter(removed_at=None, connected_at__isnull=False).exclude(provider="simulator")
        opened = Exists(MissingSpan.objects.filter(channel=OuterRef("pk"), until=None))
        deaf = Q(state__in=NOT_HEARING) | Q(last_event_at__lt=now() - WINDOW)
        channels = list(rows.filter(deaf | Q(opened)).select_related("organization"))
    for channel in channels:
        with activate_organization(channel.organization_id):
            listen(channel, now())


@transaction.atomic
def listen(channel: Channel, at: datetime) -> MissingSpan | None:
    """Judge whether the number hears, and keep its open silence up to date; return the open one, if any."""
    span: MissingSpan | None = MissingSpan.objects.select_for_update(of=("self",)).filter(
        channel=channel, until=None
    ).first()  # fmt: skip
    if span is not None:
        return None if _close(span, channel, at) else span
    if channel.state in NOT_HEARING and channel.state_reason != BY_HAND:
        since = channel.state_at or at
        return _open(channel, DOWN, since) if since <= at - SHORT else None
    if channel.state == ChannelState.CONNECTED and is_suspiciously_quiet(channel, at):
        expect_check(channel, timedelta(0))
        alert(channel, WARNING, QUIET)
        return _open(channel, QUIET, max(channel.last_event_at or at - WINDOW, channel.state_at or at - WINDOW))
    return None


def _open(channel: Channel, reason: str, since: datetime) -> MissingSpan:
    made: MissingSpan = MissingSpan.objects.create(channel=channel, reason=reason, since=since)
    tell_pages(channel)
    return made


def _close(span: MissingSpan, channel: Channel, at: datetime) -> bool:
    """A number hears again once it is connected, and a quiet one once anything was heard of it."""
    if span.reason == DOWN:
        if channel.state in NOT_HEARING and channel.state_reason != BY_HAND:
            return False
        span.until = max(span.since, channel.state_at or at)
    else:
        heard = channel.last_event_at
        if heard is None or heard <= span.since:
            return False
        span.until = heard
    span.save(update_fields=["until"])
    look_into.enqueue(organization_id=str(span.organization_id), span_id=str(span.pk))
    tell_pages(channel)
    return True


def is_suspiciously_quiet(channel: Channel, at: datetime) -> bool:
    """Tell whether nothing came for two hours in which many usually write, by the same hours of the last four weeks."""
    latest = max(filter(None, [channel.last_event_at, channel.state_at]), default=None)
    if latest is None or latest > at - WINDOW or not _is_day(channel, at):
        return False
    counts = [_received(channel, at - timedelta(weeks=week)) for week in range(1, WEEKS + 1)]
    return sum(counts) / WEEKS >= USUAL and min(counts) > 0 and not _received(channel, at)


def _is_day(channel: Channel, at: datetime) -> bool:
    start, end = pacing.QUIET_HOURS
    return all(end <= local(one, channel.organization.timezone).time() < start for one in (at - WINDOW, at))


def _received(channel: Channel, end: datetime) -> int:
    hours = ChannelHour.objects.filter(channel=channel, hour__gt=end - WINDOW - timedelta(hours=1), hour__lte=end)
    return hours.aggregate(sum=Sum("received"))["sum"] or 0


def silences(at: datetime) -> "QuerySet[MissingSpan]":
    """Return what people should know of now: what lasts, and what ended lately and nobody has looked at."""
    rows: QuerySet[MissingSpan] = MissingSpan.objects.filter(dismissed_at=None, channel__removed_at=None)
    return rows.exclude(until__lt=at - SHOWN_FOR).select_related("channel").order_by("-since")


def dismiss(channel: Channel) -> int:
    """Note that somebody has looked at the phone for what is over."""
    over = MissingSpan.objects.filter(channel=channel, dismissed_at=None, until__isnull=False)
    count = over.update(dismissed_at=now())
    tell_pages(channel)
    return int(count)
