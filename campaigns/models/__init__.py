from campaigns.models.campaign import Campaign, CampaignChannel, CampaignList, CampaignState, Variant
from campaigns.models.recipient import Recipient, RecipientState, SkipReason

__all__ = [
    "Campaign",
    "CampaignChannel",
    "CampaignList",
    "CampaignState",
    "Recipient",
    "RecipientState",
    "SkipReason",
    "Variant",
]
