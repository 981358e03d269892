"""Why a number was probably restricted: what the evidence of its last days says, and which of our rules it broke."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum

from core.clock import local
from gateways import pacing
from gateways.models import Channel, ChannelEvent, ChannelHour, ChannelState, MessageStatus

DAY, WEEK, MONTH = timedelta(days=1), timedelta(days=7), timedelta(days=30)
# 45 s between two messages are 80 an hour.
HOURLY = 80
FEW_ANSWERS = 0.05
MANY_FAILURES = 0.1
ENOUGH_SENDS = 50
NIGHT_SHARE = 0.2

YOUNG, TOO_FAST, TOO_MANY, UNANSWERED, BAD_LIST, AGAIN, AT_NIGHT, UNPROVOKED, UNCLEAR = (
    "young", "too_fast", "too_many", "unanswered", "bad_list", "again", "at_night", "unprovoked", "unclear",
)  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What is known of a number at the moment it went out of work; gaps in seconds."""

    age_days: int
    sent_hour: int
    sent_day: int
    sent_week: int
    failed_day: int
    received_week: int
    night_day: int
    smallest_gap: float
    daily_cap: int | None
    normal_cap: int
    restrictions_month: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def facts_of(channel: Channel, at: datetime, zone: str) -> Facts:
    """Collect the evidence; messages are counted by the provider's own word."""
    pace = pacing.pace_of(channel, at)
    age = pacing.age_in_days(channel, at)
    received = ChannelHour.objects.filter(channel=channel, hour__gte=at - WEEK).aggregate(sum=Sum("received"))["sum"]
    restrictions = ChannelEvent.objects.filter(channel=channel, kind=ChannelState.RESTRICTED, at__gte=at - MONTH)
    return Facts(
        **_counts(channel, at, zone), age_days=age, received_week=received or 0,
        smallest_gap=pace.min_gap.total_seconds() / pacing.stretch_of(channel, at), daily_cap=pace.daily_cap,
        normal_cap=pacing.cap_on_day(age), restrictions_month=restrictions.count(),
    )  # fmt: skip


def _counts(channel: Channel, at: datetime, zone: str) -> dict[str, int]:
    rows = MessageStatus.objects.filter(channel=channel, updated_at__gte=at - WEEK)
    counted: dict[str, int] = rows.aggregate(
        sent_hour=Count("pk", filter=Q(sent_at__gte=at - timedelta(hours=1))),
        sent_day=Count("pk", filter=Q(sent_at__gte=at - DAY)),
        sent_week=Count("pk", filter=Q(sent_at__gte=at - WEEK)),
        failed_day=Count("pk", filter=Q(state="failed", failed_at__gte=at - DAY)),
    )
    times = rows.filter(sent_at__gte=at - DAY).values_list("sent_at", flat=True)
    return counted | {"night_day": sum(_is_night(one, zone) for one in times if one)}


def _is_night(moment: datetime, zone: str) -> bool:
    start, end = pacing.QUIET_HOURS
    clock = local(moment, zone).time()
    return clock >= start or clock < end


def causes_of(facts: Facts) -> list[str]:
    """Return the codes of what probably did it, the likeliest first; never none."""
    return list(_causes(facts)) or [UNCLEAR]


def _causes(facts: Facts) -> Iterator[str]:
    if not facts.sent_day and not facts.failed_day:
        yield UNPROVOKED
        return
    if facts.age_days < pacing.WARM_DAYS and facts.sent_day > facts.normal_cap:
        yield YOUNG
    if facts.smallest_gap < pacing.QR_GAP_SECONDS or facts.sent_hour > HOURLY:
        yield TOO_FAST
    if facts.sent_day > pacing.QR_DAILY_CAP:
        yield TOO_MANY
    if facts.failed_day and facts.failed_day > MANY_FAILURES * (facts.sent_day + facts.failed_day):
        yield BAD_LIST
    if facts.sent_week >= ENOUGH_SENDS and facts.received_week < FEW_ANSWERS * facts.sent_week:
        yield UNANSWERED
    if facts.night_day > NIGHT_SHARE * facts.sent_day:
        yield AT_NIGHT
    if facts.restrictions_month > 1:
        yield AGAIN
