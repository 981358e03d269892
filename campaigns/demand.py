"""How many messages of campaigns wait to be sent: what the pool of numbers is measured against."""

from datetime import datetime

from django.db.models import Q, Sum

from campaigns.models import Campaign, CampaignState, RecipientState, Tally
from gateways.pool.capacity import waiting_messages


@waiting_messages
def waiting_before(moment: datetime) -> int:
    """Count the people of the active organization to whom a campaign that runs by then has still to write."""
    running = Q(state=CampaignState.RUNNING) | Q(state=CampaignState.SCHEDULED, start_at__lt=moment)
    campaigns = Campaign.objects.filter(running).values("pk")
    waiting = Tally.objects.filter(campaign__in=campaigns, state=RecipientState.QUEUED)
    return int(waiting.aggregate(people=Sum("people"))["people"] or 0)
