from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned
from campaigns.models.campaign import Campaign
from sdr.models import Agent


class CampaignAgent(OrganizationOwned):
    """The agent of the SDR who talks to those who answer a campaign; without one it depends on the segment and the number."""

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, related_name="answering")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("agent of a campaign")
        verbose_name_plural = _("agents of campaigns")

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.agent_id}"
