from campaigns.models.answering import CampaignAgent
from campaigns.models.campaign import (
    PLAN_PREFIX,
    Campaign,
    CampaignChannel,
    CampaignList,
    CampaignState,
    Split,
    Variant,
)
from campaigns.models.guard import CampaignGuard
from campaigns.models.overload import DecisionKind, DemandDecision, DemandSettings, Help, Overload, Window
from campaigns.models.recipient import SENT_STATES, Recipient, RecipientState, SkipReason
from campaigns.models.sequence import Step, StopReason, WaitUnit
from campaigns.models.series import Occurrence, Outcome, Recurrence, ScheduleSettings
from campaigns.models.tally import AnswerTally, Tally

__all__ = [
    "PLAN_PREFIX",
    "SENT_STATES",
    "AnswerTally",
    "Campaign",
    "CampaignAgent",
    "CampaignChannel",
    "CampaignGuard",
    "CampaignList",
    "CampaignState",
    "DecisionKind",
    "DemandDecision",
    "DemandSettings",
    "Help",
    "Occurrence",
    "Outcome",
    "Overload",
    "Recipient",
    "RecipientState",
    "Recurrence",
    "ScheduleSettings",
    "SkipReason",
    "Split",
    "Step",
    "StopReason",
    "Tally",
    "Variant",
    "WaitUnit",
    "Window",
]
