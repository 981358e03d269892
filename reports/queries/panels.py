"""The lists beside the figures: who is hot, how the qualified spread over the temperatures, what to do first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Avg, Count, Max

from campaigns.models import Campaign
from conversations.models import Conversation, ConversationStatus
from gateways.models import Channel
from leads.models import Contact
from reports.periods import Period
from sdr.models import Qualification, SdrProfile

HOT = "quente"
TEMPERATURES = ("quente", "morno", "frio", "muito_frio")
TELLING = ("urgency", "interest", "knowledge", "location")


@dataclass(frozen=True)
class HotLead:
    """A contact ready to buy, with the words that showed it."""

    contact: Contact
    score: int
    quote: str
    conversation_id: UUID | None
    at: datetime


@dataclass(frozen=True)
class Temperatures:
    """How many were qualified in the period, by temperature from hot to very cold, and their mean score."""

    total: int
    mean: float
    rows: Sequence[tuple[str, int]]

    @property
    def most(self) -> int:
        return max(count for _level, count in self.rows)


@dataclass(frozen=True)
class FirstSteps:
    """What a new business has done of what it takes to see the whole way once."""

    contacts: bool
    sdr: bool
    campaign: bool
    number: bool

    @property
    def is_new(self) -> bool:
        return not self.campaign

    @property
    def next(self) -> str:
        """The name of the first step that is not done, empty when all are."""
        return next((name for name, done in vars(self).items() if not done), "")


def hot_leads(limit: int = 5) -> list[HotLead]:
    """Return the hot leads, those that changed last first."""
    rows = Qualification.objects.filter(temperature=HOT, contact__anonymised_at=None).select_related("contact")
    return [
        HotLead(row.contact, row.score, _quote(row), row.conversation_id, row.updated_at)
        for row in rows.order_by("-updated_at")[:limit]
    ]


def hot_and_waiting() -> int:
    """Return how many open conversations with hot leads nobody has taken yet."""
    rows = Conversation.objects.filter(status=ConversationStatus.OPEN, assigned_to=None, contact__temperature=HOT)
    return rows.count()  # type: ignore[no-any-return]


def temperatures(period: Period) -> Temperatures:
    """Return the qualified of the period by temperature."""
    rows = Qualification.objects.filter(qualified_at__gte=period.start).values("temperature").order_by()
    found = {row["temperature"]: row for row in rows.annotate(count=Count("pk"), mean=Avg("score"))}
    counts = [(level, found[level]["count"] if level in found else 0) for level in TEMPERATURES]
    total = sum(count for _level, count in counts)
    points = sum(found[level]["mean"] * count for level, count in counts if count)
    return Temperatures(total, points / total if total else 0.0, counts)


def first_steps() -> FirstSteps:
    """Return which of the first steps are done."""
    profile = SdrProfile.objects.filter(enabled=True).exclude(services=[]).exists()
    real = Channel.objects.filter(removed_at=None).exclude(provider="simulator").exists()
    started = Campaign.objects.aggregate(last=Max("started_at"))["last"]
    return FirstSteps(Contact.objects.exists(), profile, started is not None, real)


def _quote(row: Qualification) -> str:
    facts = (row.facts.get(name) for name in TELLING)
    return next((fact["quote"] for fact in facts if fact and fact.get("quote")), "")
