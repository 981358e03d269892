from dataclasses import dataclass

from sagas.events import Event


@dataclass(frozen=True)
class LeadQualified(Event):
    """The SDR knows enough: the lead has its score and its team."""

    contact_id: str
    conversation_id: str
    temperature: str
    score: int


@dataclass(frozen=True)
class AiCostPassed(Event):
    """The models have cost more than the limit for a warning; ``month`` is its first day."""

    month: str
    cents: int
