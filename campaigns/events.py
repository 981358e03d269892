from dataclasses import dataclass

from sagas.events import Event


@dataclass(frozen=True)
class CampaignStarted(Event):
    campaign_id: str


@dataclass(frozen=True)
class CampaignFinished(Event):
    """Nothing of the campaign waits any more; ``state`` is completed or cancelled."""

    campaign_id: str
    state: str


@dataclass(frozen=True)
class CampaignAsks(Event):
    """The start of the campaign was missed; people decide whether it is sent now."""

    campaign_id: str


@dataclass(frozen=True)
class CampaignGuarded(Event):
    """The campaign paused by itself because too much went wrong; ``kind`` says what (:mod:`campaigns.queries.guarding`)."""

    campaign_id: str
    kind: str


@dataclass(frozen=True)
class CampaignOutOfPlan(Event):
    """The campaign paused because the plan's messages are used up, the first of its organization to do so in a week."""

    campaign_id: str


@dataclass(frozen=True)
class DemandExceeded(Event):
    """There is more to send than fits; people may decide."""

    overload_id: str
