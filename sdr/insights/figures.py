"""What became of the leads that the SDR talked to; behind each number are the conversations that make it.

A lead belongs to the day on which its talk began, a qualification to the day on which it was reached.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID

from django.db.models import Avg, Count, F, Q, QuerySet, Sum

from accounts.models import Organization
from bookings.models import ACTIVE, Booking, BookingState
from conversations.models import Direction, Message
from core.charts import Series
from core.clock import local
from sdr.contract import FACTS
from sdr.engine.words import content_words, plain, words_in
from sdr.models import ModelCall, Qualification, QualificationStatus, Question, QuestionState, Refusal
from sdr.services.spending import MICROS_PER_CENT

TEMPERATURES = ("quente", "morno", "frio", "muito_frio")
PERIODS = (7, 30, 90)
MOST_MESSAGES = 5000
OBJECTIONS: dict[str, re.Pattern[str]] = {
    "price": re.compile(
        r"\b(car[oa]s?|salgado|puxado|sem (dinheiro|grana)|nao tenho (dinheiro|condicoes)|fora do (meu )?orcamento|mais barato|desconto)\b"
    ),
    "later": re.compile(
        r"\b(vou pensar|depois (eu )?(vejo|falo|te)|agora nao|mais para frente|te aviso|(vou )?(ver|falar) com (meu|minha|o|a) "
        r"(marido|esposa|mae|pai|socio|socia|namorad[oa]))\b"
    ),
    "distance": re.compile(r"\b((muito|e|fica|moro) longe|distante|fora de mao)\b"),
    "trust": re.compile(r"\b(golpe|confiavel|e serio isso|reclame aqui|tem garantia)\b"),
    "elsewhere": re.compile(
        r"\b(outro lugar|outra (clinica|loja|academia|empresa|escola)|concorrente|ja (fechei|contratei|fiz com))\b"
    ),
    "fear": re.compile(r"\b(medo|receio|insegur\w+|doi|vai doer)\b"),
    "time": re.compile(r"\b(sem tempo|correria|nao tenho (tempo|horario)|nao consigo ir)\b"),
}
COMMON = words_in(
    """
voce voces quero queria gostaria bom boa dia tarde noite ola obrigado obrigada sim nao tudo bem esta estou para como quanto qual quando onde
tem ter fazer faz mais muito isso esse essa este aqui minha meu sou ser pode por favor com uma sem ainda hoje amanha semana mes que vem favor
entao voce ja vou moro nome vcs ele ela saber sobre pela pelo seria gente oie certo beleza legal tambem mesmo depois agora acho ai la so
""".replace("\n", " ")
)


@dataclass(frozen=True)
class Part:
    """One value of a breakdown; ``booked`` are those of it who booked afterwards."""

    key: str
    count: int
    booked: int = 0

    @property
    def rate(self) -> float:
        return 100 * self.booked / self.count if self.count else 0.0


@dataclass(frozen=True)
class Suggestion:
    code: str
    count: int
    key: str = ""


@dataclass
class Insights:
    """The numbers of the active organization over the last ``days``, each computed when it is asked for."""

    organization: Organization
    now: datetime
    days: int = 30
    _heard: dict[str, dict[str, set[UUID]]] = field(default_factory=dict)

    @cached_property
    def start(self) -> datetime:
        midnight = local(self.now, self.organization.timezone).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - timedelta(days=self.days - 1)

    @property
    def leads(self) -> "QuerySet[Qualification]":
        return Qualification.objects.filter(started_at__gte=self.start)

    @property
    def qualified(self) -> "QuerySet[Qualification]":
        return Qualification.objects.filter(qualified_at__gte=self.start)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Return leads and what became of them, by status."""
        by_status = {row["status"]: row["n"] for row in self.leads.values("status").annotate(n=Count("pk"))}
        return {
            "all": sum(by_status.values()),
            **{status: by_status.get(status, 0) for status in QualificationStatus.values},
        }

    @cached_property
    def success_rate(self) -> float:
        """Return the share of ended talks that ended in a qualification, in percent."""
        ended = self.counts["all"] - self.counts[QualificationStatus.COLLECTING]
        return 100 * self.counts[QualificationStatus.QUALIFIED] / ended if ended else 0.0

    @cached_property
    def calendar(self) -> dict[str, int]:
        """Return how many were qualified today, in the last 7 and in the last 30 days."""
        today = local(self.now, self.organization.timezone).replace(hour=0, minute=0, second=0, microsecond=0)
        starts = {"today": today, "week": today - timedelta(days=6), "month": today - timedelta(days=29)}
        found = Qualification.objects.aggregate(
            **{name: Count("pk", filter=Q(qualified_at__gte=at)) for name, at in starts.items()}
        )
        return dict(found)

    @cached_property
    def means(self) -> dict[str, float | None]:
        """Return the mean score of those who were read, and the mean minutes from the first message to the qualification."""
        score = self.leads.exclude(temperature="").aggregate(mean=Avg("score"))["mean"]
        taken = self.qualified.aggregate(mean=Avg(F("qualified_at") - F("started_at")))["mean"]
        return {"score": score, "minutes": taken.total_seconds() / 60 if taken else None}

    @cached_property
    def temperatures(self) -> list[Part]:
        rows = dict(self.qualified.values_list("temperature").annotate(n=Count("pk")))
        booked = dict(self.booked.values_list("temperature").annotate(n=Count("pk")))
        return [Part(name, rows.get(name, 0), booked.get(name, 0)) for name in TEMPERATURES]

    @property
    def booked(self) -> "QuerySet[Qualification]":
        """Return those who booked after they were qualified."""
        stands = Booking.objects.filter(state__in=[*ACTIVE, BookingState.DONE], created_at__gte=self.start)
        return self.qualified.filter(contact_id__in=stands.values("contact_id"))

    @cached_property
    def services(self) -> list[Part]:
        rows = self.leads.exclude(facts__interest=None).values_list("facts__interest__value", flat=True)
        found = Counter(value for value in rows if value)
        return [Part(name, count) for name, count in found.most_common(10)]

    @cached_property
    def reasons(self) -> list[Part]:
        rows = self.leads.exclude(handoff_reason="").values("handoff_reason").annotate(n=Count("pk")).order_by("-n")
        return [Part(row["handoff_reason"], row["n"]) for row in rows[:10]]

    @cached_property
    def cost_cents(self) -> int:
        spent = ModelCall.objects.filter(at__gte=self.start).aggregate(total=Sum("cost_micros"))["total"] or 0
        return int(spent) // MICROS_PER_CENT

    @cached_property
    def cost_per_qualified(self) -> int | None:
        count = self.qualified.count()
        return self.cost_cents // count if count else None

    @cached_property
    def course(self) -> tuple[list[str], list[Series]]:
        """Return days and, for each, who was qualified and the mean score of who began."""
        zone = self.organization.timezone
        days = [(self.start + timedelta(days=number)).date() for number in range(self.days)]
        done = Counter(local(at, zone).date() for at in self.qualified.values_list("qualified_at", flat=True) if at)
        points: dict[object, list[int]] = defaultdict(list)
        for at, score in self.leads.exclude(temperature="").values_list("started_at", "score"):
            points[local(at, zone).date()].append(score)
        means = [round(sum(points[day]) / len(points[day])) if points[day] else 0 for day in days]
        return [f"{day:%d/%m}" for day in days], [
            Series("qualified", [done[day] for day in days]),
            Series("score", means),
        ]

    @cached_property
    def heard(self) -> Mapping[str, Mapping[str, set[UUID]]]:
        """Return the objections and the keywords of the newest messages, each with its conversations."""
        objections: dict[str, set[UUID]] = defaultdict(set)
        words: dict[str, set[UUID]] = defaultdict(set)
        rows = Message.objects.filter(
            direction=Direction.IN, at__gte=self.start, conversation_id__in=self.leads.values("conversation_id")
        )
        for conversation_id, body in rows.order_by("-at").values_list("conversation_id", "body")[:MOST_MESSAGES]:
            sentence = plain(body[:1000])
            for code, pattern in OBJECTIONS.items():
                if pattern.search(sentence):
                    objections[code].add(conversation_id)
            for word in set(content_words(body[:1000])) - COMMON:
                if len(word) > 3 and word.isalpha():
                    words[word].add(conversation_id)
        return {"objection": objections, "word": words}

    @cached_property
    def objections(self) -> list[Part]:
        return _largest(self.heard["objection"], 10)

    @cached_property
    def keywords(self) -> list[Part]:
        return [part for part in _largest(self.heard["word"], 20) if part.count > 1]

    @cached_property
    def open_questions(self) -> int:
        return Question.objects.filter(state=QuestionState.OPEN).count()

    @cached_property
    def held_back(self) -> int:
        return Refusal.objects.filter(at__gte=self.start).count()

    @cached_property
    def missing(self) -> list[Part]:
        """Return what was never learnt of those who were lost on the way, by fact."""
        lost = self.leads.filter(status__in=[QualificationStatus.ABANDONED, QualificationStatus.HANDED_OFF])
        found = Counter(name for facts in lost.values_list("facts", flat=True) for name in FACTS if not facts.get(name))
        return [Part(name, count) for name, count in found.most_common()]

    @cached_property
    def suggestions(self) -> list[Suggestion]:
        """Return what the numbers speak for changing; none without enough of them."""
        told = [Suggestion("questions", self.open_questions)] if self.open_questions else []
        lost = self.counts[QualificationStatus.ABANDONED] + self.counts[QualificationStatus.HANDED_OFF]
        if self.missing and lost >= 5 and self.missing[0].count * 5 >= lost * 2:
            told.append(Suggestion("missing", self.missing[0].count, self.missing[0].key))
        if self.objections and self.objections[0].count >= 3:
            told.append(Suggestion("objection", self.objections[0].count, self.objections[0].key))
        people = next((part.count for part in self.reasons if part.key == "wants_human"), 0)
        if people >= 3 and people * 5 >= self.counts["all"]:
            told.append(Suggestion("people", people))
        if self.held_back >= 2:
            told.append(Suggestion("held_back", self.held_back))
        return told

    def behind(self, kind: str, key: str) -> "QuerySet[Qualification] | None":
        """Return the leads behind a number, or None for a number that does not exist."""
        rows: dict[str, QuerySet[Qualification]] = {
            "all": self.leads, "qualified": self.qualified, "booked": self.booked, "status": self.leads.filter(status=key),
            "temperature": self.qualified.filter(temperature=key), "booked_of": self.booked.filter(temperature=key),
            "service": self.leads.filter(facts__interest__value=key), "reason": self.leads.filter(handoff_reason=key),
        }  # fmt: skip
        if kind in {"objection", "word"}:
            return self.leads.filter(conversation_id__in=self.heard[kind].get(key, set()))
        if kind == "missing" and key in FACTS:
            lost = [QualificationStatus.ABANDONED, QualificationStatus.HANDED_OFF]
            return self.leads.filter(Q(**{f"facts__{key}": None}) | ~Q(facts__has_key=key), status__in=lost)
        return rows.get(kind)


def _largest(found: Mapping[str, set[UUID]], count: int) -> list[Part]:
    best = sorted(found, key=lambda name: (-len(found[name]), name))[:count]
    return [Part(name, len(found[name])) for name in best]
