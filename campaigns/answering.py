"""Who of the SDR talks to those who answer a campaign."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q

from campaigns.models import SENT_STATES, Campaign, CampaignAgent, Recipient, RecipientState
from core.clock import now
from sdr.campaign_agents import CampaignBook, Choice, register

SHOWN = 100
REACHED = (*SENT_STATES, RecipientState.UNKNOWN)


def choices() -> list[Choice]:
    """Return the newest campaigns, and older ones that have an agent."""
    newest = Campaign.objects.order_by("-created_at", "-pk").values_list("pk", "name")
    given = Campaign.objects.exclude(answering=None).values_list("pk", "name")
    return list({**dict(newest[:SHOWN]), **dict(given)}.items())


def by_agent() -> dict[UUID, list[Choice]]:
    found: dict[UUID, list[Choice]] = defaultdict(list)
    rows = CampaignAgent.objects.order_by("-campaign__created_at")
    for agent_id, campaign_id, name in rows.values_list("agent_id", "campaign_id", "campaign__name"):
        found[agent_id].append((campaign_id, name))
    return found


def choose(agent_id: UUID, campaign_ids: Sequence[UUID]) -> None:
    """Give the agent exactly these campaigns; one that another agent had moves to it."""
    CampaignAgent.objects.filter(Q(agent_id=agent_id) | Q(campaign_id__in=campaign_ids)).delete()
    for campaign_id in campaign_ids:
        CampaignAgent.objects.create(agent_id=agent_id, campaign_id=campaign_id)


def agent_of(contact_id: UUID) -> UUID | None:
    """Return the agent of the campaign that reached the contact last, while an answer still counts for it."""
    # A very quick answer may overtake the settling of the send that it answers: that row is still being sent.
    wrote = Q(state=RecipientState.SENDING) | Q(
        state__in=REACHED, sent_at__gt=now() - F("campaign__attribution_days") * timedelta(days=1)
    )
    newest = Recipient.objects.filter(wrote, contact_id=contact_id).order_by(F("sent_at").desc(nulls_first=True))
    agent_id: UUID | None = newest.values_list("campaign__answering__agent_id", flat=True).first()
    return agent_id


register(CampaignBook(choices, by_agent, choose, agent_of))
