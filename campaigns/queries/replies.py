"""When people answer a campaign."""

from zoneinfo import ZoneInfo

from django.db.models import Sum

from campaigns.models import AnswerTally, Campaign
from core.week import Week


def replies_of(campaign: Campaign) -> Week:
    """Return the answers to a campaign by weekday and hour of the organization's own clock, from the counts by the hour."""
    clock = ZoneInfo(campaign.organization.timezone)
    hours = AnswerTally.objects.filter(campaign=campaign).values_list("hour").annotate(count=Sum("people"))
    local = [(at.astimezone(clock), count) for at, count in hours.filter(count__gt=0)]
    return Week.of((at.weekday(), at.hour, count) for at, count in local)
