"""When people answer a campaign."""

from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay

from campaigns.models import Campaign, Recipient
from core.week import Week


def replies_of(campaign: Campaign) -> Week:
    """Return the answers to a campaign by weekday and hour of the organization's own clock; only those who answered are read."""
    clock = ZoneInfo(campaign.organization.timezone)
    rows = Recipient.objects.filter(campaign=campaign).exclude(replied_at=None).order_by()
    parts = rows.annotate(
        day=ExtractIsoWeekDay("replied_at", tzinfo=clock), clock=ExtractHour("replied_at", tzinfo=clock)
    )
    counted = parts.values_list("day", "clock").annotate(count=Count("pk"))
    return Week.of((day - 1, hour, count) for day, hour, count in counted)
