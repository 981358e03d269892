"""When people answer: hours in which few do get longer gaps, so that the day's messages fall where they are read.

The map is of what people really wrote, by weekday and hour of the organization's own clock. Its shape is kept with each number,
where :func:`gateways.pacing.pace_of` reads it: the sender, the plan before a start and its calendar all ask that one function.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Sum
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay

from accounts.models import Membership, Organization
from accounts.services.audit import record_audit
from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations, activate_organization, current_organization_id
from core.week import DAYS, HOURS, Week, utc_hours
from gateways import pacing
from gateways.models import Channel, ChannelHour, PaceSettings
from gateways.pacing import LONGEST_STRETCH

SPAN = timedelta(days=28)
# Below this the hours say more about chance than about people.
ENOUGH_MESSAGES = 300
# A weekday's own hours count as much as the hours of all days together once so many wrote on it.
COMMON_WEIGHT = 150


@job("bulk")
def shape_hours() -> None:
    """Learn the hours of every organization anew."""
    since = now() - SPAN
    with across_organizations():
        talking = set(ChannelHour.objects.filter(hour__gte=since).order_by().values_list("organization_id", flat=True))
        shaped = Channel.objects.exclude(hour_shape=None).order_by()
        found = talking | set(shaped.values_list("organization_id", flat=True))
    for organization_id in sorted(found):
        with activate_organization(organization_id):
            learn(organization_id, now())


def learn(organization_id: UUID, at: datetime) -> list[int] | None:
    """Write the shape of the active organization's week to its numbers; None where too little is known or it is not wanted."""
    zone: str = Organization.objects.values_list("timezone", flat=True).get(pk=organization_id)
    week = answers_of(zone, at)
    wanted = follows_answers() and week.total >= ENOUGH_MESSAGES
    shape = in_utc(shape_of(week, open_hours()), zone, at) if wanted else None
    Channel.objects.update(hour_shape=shape)
    return shape


def answers_of(zone: str, at: datetime) -> Week:
    """Return when people wrote to the active organization's numbers in the last four weeks, by its own clock."""
    clock = ZoneInfo(zone)
    rows = ChannelHour.objects.filter(hour__gte=at - SPAN, hour__lte=at).order_by()
    parts = rows.annotate(day=ExtractIsoWeekDay("hour", tzinfo=clock), clock=ExtractHour("hour", tzinfo=clock))
    counted = parts.values_list("day", "clock").annotate(sum=Sum("received"))
    return Week.of((day - 1, hour, count) for day, hour, count in counted)


def open_hours() -> range:
    """Return the hours of the day in which messages leave by default, that is, outside of the quiet ones."""
    start, end = pacing.QUIET_HOURS
    return range(end.hour, start.hour)


def shape_of(week: Week, hours: Collection[int]) -> list[list[int]]:
    """Return percentages by weekday and hour: 100 where as many answer as on the day's average or more, up to 200 where nobody does.

    An hour is smoothed with its neighbours, so that one busy moment makes no rush hour, and a weekday leans on the hours of all
    days as far as little is known of itself.
    """
    common = _smooth(week.by_hour)
    whole = sum(common) or 1
    found = []
    for day in range(DAYS):
        own = _smooth(week.counts[day])
        values = [mine + COMMON_WEIGHT * all_days / whole for mine, all_days in zip(own, common, strict=True)]
        mean = sum(values[hour] for hour in hours) / max(1, len(hours))
        found.append([_percentage(mean, value) for value in values])
    return found


def _smooth(counts: Collection[int]) -> list[float]:
    row = list(counts)
    return [(row[hour - 1] + 2 * row[hour] + row[(hour + 1) % HOURS]) / 4 for hour in range(HOURS)]


def _percentage(mean: float, value: float) -> int:
    return round(100 * min(LONGEST_STRETCH, max(1.0, mean / value if value else LONGEST_STRETCH)))


def in_utc(shape: list[list[int]], zone: str, at: datetime) -> list[int]:
    """Return the shape by the hours of the week of UTC, as numbers keep it."""
    return [shape[day][hour] for day, hour in utc_hours(zone, at)]


def follows_answers() -> bool:
    """Tell whether the active organization wants its pace shaped; it does until it says otherwise."""
    found = PaceSettings.objects.values_list("follows_answers", flat=True).first()
    return True if found is None else found


def follow_answers(*, follows: bool, actor: Membership | None = None) -> None:
    """Let the pace follow the map of answers or not, from now on."""
    organization_id = current_organization_id()
    if follows == follows_answers():
        return
    PaceSettings.objects.update_or_create(organization_id=organization_id, defaults={"follows_answers": follows})
    record_audit("pace.answers_followed" if follows else "pace.answers_ignored", actor=actor)
    learn(organization_id, now())
