from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from statistics import median
from uuid import UUID

from django.db.models import Avg, Count, F, Q, QuerySet, Sum

from accounts.models import Organization
from core.charts import Series
from core.text import search_text
from sdr.contract import FACTS
from sdr.insights.heard import Heard, heard_of
from sdr.insights.outcomes import Leads, outcomes_of
from sdr.insights.parts import TEMPERATURES, Outcome, Part
from sdr.insights.period import Period, Unit
from sdr.models import ModelCall, Qualification, QualificationStatus, Question, QuestionState, Refusal
from sdr.scoring import Rubric
from sdr.services.profiles import get_profile
from sdr.services.spending import MICROS_PER_CENT

CALENDAR = {"today": 1, "week": 7, "month": 30}
LOST = (QualificationStatus.ABANDONED, QualificationStatus.HANDED_OFF)
MOST_PARTS, MOST_WORDS, LEAST_OF_A_WORD = 10, 16, 2


@dataclass
class Insights:
    """The numbers of the active organization over the last ``days``, each computed when it is asked for."""

    organization: Organization
    now: datetime
    days: int = 30
    unit: Unit | None = None
    _wordings: dict[str, str] = field(default_factory=dict)

    @cached_property
    def period(self) -> Period:
        return Period(self.now, self.organization.timezone, self.days, self.unit)

    @property
    def start(self) -> datetime:
        return self.period.start

    @property
    def leads(self) -> Leads:
        return Qualification.objects.filter(started_at__gte=self.start)

    @property
    def qualified(self) -> Leads:
        return Qualification.objects.filter(qualified_at__gte=self.start)

    @property
    def read(self) -> Leads:
        """Return the leads that have a score."""
        return self.leads.exclude(temperature="")

    @property
    def lost(self) -> Leads:
        return self.leads.filter(status__in=LOST)

    @property
    def ended(self) -> Leads:
        return self.leads.exclude(status=QualificationStatus.COLLECTING)

    @property
    def paid_for(self) -> Leads:
        """Return the leads whose talk has had answers of a model that costs money."""
        return Qualification.objects.filter(conversation_id__in=self._calls.values("conversation_ref"))

    @property
    def _calls(self) -> "QuerySet[ModelCall]":
        return ModelCall.objects.filter(at__gte=self.start, cost_micros__gt=0)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Return leads and what became of them, by status."""
        by_status = {row["status"]: row["n"] for row in self.leads.values("status").annotate(n=Count("pk"))}
        return {
            "all": sum(by_status.values()),
            **{status: by_status.get(status, 0) for status in QualificationStatus.values},
        }

    @cached_property
    def ended_count(self) -> int:
        return self.counts["all"] - self.counts[QualificationStatus.COLLECTING]

    @cached_property
    def success_rate(self) -> float:
        """Return the share of ended talks that ended in a qualification, in percent."""
        return _percent(self.counts[QualificationStatus.QUALIFIED], self.ended_count)

    @cached_property
    def abandoned_rate(self) -> float:
        """Return the share of ended talks in which the customer stopped answering, in percent."""
        return _percent(self.counts[QualificationStatus.ABANDONED], self.ended_count)

    @cached_property
    def qualified_count(self) -> int:
        return self.qualified.count()

    @cached_property
    def read_count(self) -> int:
        return self.read.count()

    @cached_property
    def calendar(self) -> dict[str, int]:
        """Return how many were qualified today, in the last 7 and in the last 30 days, whatever the period."""
        found = Qualification.objects.aggregate(
            **{
                name: Count("pk", filter=Q(qualified_at__gte=self.period.first_moment(days)))
                for name, days in CALENDAR.items()
            }
        )
        return dict(found)

    @cached_property
    def means(self) -> dict[str, float | None]:
        """Return the mean score of those who were read, and the minutes from the first message to the qualification."""
        score = self.read.aggregate(mean=Avg("score"))["mean"]
        taken = [
            span.total_seconds() / 60
            for span in self.qualified.values_list(F("qualified_at") - F("started_at"), flat=True)
        ]
        minutes = sum(taken) / len(taken) if taken else None
        return {"score": score, "minutes": minutes, "median_minutes": median(taken) if taken else None}

    @cached_property
    def mean_temperature(self) -> str:
        """Return the temperature that the mean score stands for, by the weights in use; empty without a score."""
        score = self.means["score"]
        return "" if score is None else Rubric.from_json(get_profile().rubric).temperature(round(score))

    @cached_property
    def temperatures(self) -> list[Part]:
        return [Part(one.key, one.count, self.qualified_count) for one in self.outcomes]

    @cached_property
    def outcomes(self) -> list[Outcome]:
        return outcomes_of(self.qualified)

    @cached_property
    def converted(self) -> Outcome:
        """Return the outcome of all temperatures together."""
        rows = self.outcomes
        return Outcome(
            "", sum(o.count for o in rows), sum(o.booked for o in rows), sum(o.closed for o in rows),
            sum(o.paid for o in rows), sum(o.cents for o in rows),
        )  # fmt: skip

    @cached_property
    def services(self) -> list[Part]:
        rows = self.leads.exclude(facts__interest=None).values_list("facts__interest__value", flat=True)
        return _most(Counter(value for value in rows if value), self.counts["all"])

    @cached_property
    def reasons(self) -> list[Part]:
        rows = self.leads.exclude(handoff_reason="").values_list("handoff_reason").annotate(n=Count("pk"))
        return _most(Counter(dict(rows)), self.counts["all"])

    @cached_property
    def missing(self) -> list[Part]:
        """Return what was never learnt of those who were lost on the way, by fact."""
        found = Counter(
            name for facts in self.lost.values_list("facts", flat=True) for name in FACTS if not facts.get(name)
        )
        return _most(found, self.counts[QualificationStatus.ABANDONED] + self.counts[QualificationStatus.HANDED_OFF])

    @cached_property
    def cost_cents(self) -> int:
        spent = self._calls.aggregate(total=Sum("cost_micros"))["total"] or 0
        return int(spent) // MICROS_PER_CENT

    @cached_property
    def paid_for_count(self) -> int:
        return self.paid_for.count()

    @cached_property
    def cost_per_qualified(self) -> int | None:
        return self.cost_cents // self.qualified_count if self.qualified_count else None

    @cached_property
    def course(self) -> tuple[list[str], list[Series]]:
        """Return days, weeks or months and, for each, who was qualified and the mean score of who began."""
        buckets = self.period.buckets
        done = Counter(self.period.bucket_of(at) for at in self.qualified.values_list("qualified_at", flat=True) if at)
        points: dict[str, list[int]] = defaultdict(list)
        for at, score in self.read.values_list("started_at", "score"):
            points[self.period.bucket_of(at)].append(score)
        return [bucket.label for bucket in buckets], [
            Series("qualified", [done[bucket.key] for bucket in buckets]),
            Series("score", [_mean(points[bucket.key]) for bucket in buckets]),
        ]

    @cached_property
    def heard(self) -> Heard:
        return heard_of(self.leads, self.start)

    @cached_property
    def objections(self) -> list[Part]:
        return _largest(self.heard.objections, MOST_PARTS)

    @cached_property
    def keywords(self) -> list[Part]:
        found = [part for part in _largest(self.heard.words, MOST_WORDS) if part.count >= LEAST_OF_A_WORD]
        return [replace(part, name=self.heard.spelling(part.key)) for part in found]

    @cached_property
    def asked(self) -> Mapping[str, set[UUID]]:
        """Return the questions that nothing answered in the period's talks, each with its leads."""
        found: dict[str, set[UUID]] = defaultdict(set)
        for pk, texts in self.leads.exclude(unanswered=[]).values_list("pk", "unanswered"):
            for text in texts:
                found[question_key(text)].add(pk)
                self._wordings.setdefault(question_key(text), text)
        return found

    @cached_property
    def unanswered(self) -> list[Part]:
        return [replace(part, name=self._wordings[part.key]) for part in _largest(self.asked, MOST_PARTS)]

    @cached_property
    def open_questions(self) -> int:
        return Question.objects.filter(state=QuestionState.OPEN).count()

    @cached_property
    def held_back(self) -> int:
        return Refusal.objects.filter(at__gte=self.start).count()


def question_key(text: str) -> str:
    """Return the folded words by which the same question is known again."""
    return search_text(" ".join(text.split())[:300]).strip(" ?!.")


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def _mean(points: Iterable[int]) -> int:
    found = list(points)
    return round(sum(found) / len(found)) if found else 0


def _most(found: Counter[str], total: int) -> list[Part]:
    best = sorted(found, key=lambda name: (-found[name], name))[:MOST_PARTS]
    return [Part(name, found[name], total) for name in best]


def _largest(found: Mapping[str, set[UUID]], count: int) -> list[Part]:
    best = sorted(found, key=lambda name: (-len(found[name]), name))[:count]
    return [Part(name, len(found[name])) for name in best]


__all__ = ["CALENDAR", "TEMPERATURES", "Insights", "question_key"]
