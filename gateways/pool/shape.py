"""When people answer: hours in which few do get longer gaps, so that the day's messages fall where they are read."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Sum
from django.db.models.functions import ExtractHour

from accounts.models import Organization
from core.clock import local, now
from core.jobs import job
from core.tenancy import across_organizations, activate_organization
from gateways import pacing
from gateways.models import Channel, ChannelHour
from gateways.pacing import HOURS, LONGEST_STRETCH

SPAN = timedelta(days=28)
# Below this the hours say more about chance than about people.
ENOUGH_MESSAGES = 300


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
    """Write the shape of the active organization's hours to its numbers; None where too little is known."""
    zone: str = Organization.objects.values_list("timezone", flat=True).get(pk=organization_id)
    hours = ChannelHour.objects.filter(hour__gte=at - SPAN).annotate(clock=ExtractHour("hour", tzinfo=UTC))
    counted = dict(hours.values("clock").annotate(sum=Sum("received")).values_list("clock", "sum"))
    shape = shape_of(counted, _open_hours(at, zone)) if sum(counted.values()) >= ENOUGH_MESSAGES else None
    Channel.objects.update(hour_shape=shape)
    return shape


def _open_hours(at: datetime, zone: str) -> list[int]:
    """Return the UTC hours in which messages leave by default, that is, outside of the quiet ones."""
    start, end = pacing.QUIET_HOURS
    moments = [at + timedelta(hours=n) for n in range(HOURS)]
    return [one.hour for one in moments if end <= local(one, zone).time().replace(minute=0) < start]


def shape_of(counts: Mapping[int, int], open_hours: list[int]) -> list[int]:
    """Return 24 percentages by UTC hour: 100 where as many answer as on average or more, up to 200 where nobody does.

    An hour is smoothed with its neighbours, so that one busy moment makes no rush hour.
    """
    smooth = [
        (counts.get((hour - 1) % HOURS, 0) + 2 * counts.get(hour, 0) + counts.get((hour + 1) % HOURS, 0)) / 4
        for hour in range(HOURS)
    ]
    mean = sum(smooth[hour] for hour in open_hours) / max(1, len(open_hours))
    most = LONGEST_STRETCH
    return [round(100 * min(most, max(1.0, mean / value if value else most))) for value in smooth]
