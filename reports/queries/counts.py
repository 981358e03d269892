"""What was counted in each day or hour of a period: a handful of grouped queries, and the same stretch before for comparison."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Trunc

from campaigns.models import SENT_STATES, AnswerTally, Campaign, CampaignState, Recipient, RecipientState, Tally
from leads.models import Contact
from reports.periods import Period

TRIED = (*SENT_STATES, RecipientState.FAILED, RecipientState.INVALID)
STATES_OF = {
    "sent": SENT_STATES, "delivered": SENT_STATES[1:], "read": SENT_STATES[2:],
    "failed": (RecipientState.FAILED,), "invalid": (RecipientState.INVALID,),
}  # fmt: skip


@dataclass
class Counts:
    """One figure by bucket of the period, and its total in the stretch before."""

    by_bucket: Counter[datetime] = field(default_factory=Counter)
    before: int = 0

    @property
    def total(self) -> int:
        return self.by_bucket.total()

    def add(self, bucket: datetime, count: int, period: Period) -> None:
        if bucket < period.start:
            self.before += count
        else:
            self.by_bucket[bucket] += count

    def values(self, period: Period) -> list[int]:
        return [self.by_bucket[bucket] for bucket in period.buckets]


def recipient_counts(period: Period) -> dict[str, Counts]:
    """Return what became of the messages of the period: sent (delivered and read included), delivered, read, replied, failed, invalid.

    A message counts when it was sent; one that never left counts when its campaign started. The database counts recipients by
    the hour, so only the hour in the middle of which the stretch before ends is counted person by person.
    """
    begin, end = period.before
    cut = end.replace(minute=0, second=0, microsecond=0)
    tried = Tally.objects.filter(state__in=TRIED)
    left = tried.filter(Q(hour__gte=period.start) | Q(hour__gte=begin, hour__lt=cut)).annotate(moment=F("hour"))
    never = _within(tried.filter(hour=None).annotate(moment=F("campaign__started_at")), period)
    sums = (Sum("people"), Sum("replied"))
    found = {name: Counts() for name in (*STATES_OF, "replied")}
    for bucket, state, people, replied in (
        *_by_bucket(left, period).annotate(*sums), *_by_bucket(never, period).annotate(*sums),
        *_by_bucket(_left_between(cut, end), period).annotate(Count("pk"), Count("replied_at")),
    ):  # fmt: skip
        for name, states in STATES_OF.items():
            if state in states:
                found[name].add(bucket, people, period)
        if state in SENT_STATES:
            found["replied"].add(bucket, replied, period)
    return found


def answer_counts(period: Period) -> Counts:
    """Return the answers to campaigns by when they came."""
    hours = AnswerTally.objects.filter(hour__gte=period.start).annotate(bucket=_trunc("hour", period)).order_by()
    return _gathered(hours.values("bucket").annotate(answers=Sum("people")), ("answers",), period)["answers"]


def lead_counts(period: Period) -> Counts:
    """Return the contacts that came in."""
    rows = _within(Contact.objects.annotate(moment=F("created_at")), period)
    rows = rows.annotate(bucket=_trunc("moment", period)).order_by()
    return _gathered(rows.values("bucket").annotate(leads=Count("pk")), ("leads",), period)["leads"]


@dataclass(frozen=True)
class CampaignDay:
    """What the figures need to know of a campaign."""

    started_at: datetime
    finished_at: datetime | None
    closed_deals: int


def started_campaigns(period: Period) -> list[CampaignDay]:
    """Return the campaigns that were under way in the period or in the stretch before it."""
    rows = Campaign.objects.exclude(started_at=None).filter(
        Q(finished_at=None) | Q(finished_at__gte=period.before[0]) | Q(started_at__gte=period.before[0])
    )
    return [CampaignDay(*row) for row in rows.values_list("started_at", "finished_at", "closed_deals")]


def deal_counts(period: Period, campaigns: Iterable[CampaignDay]) -> Counts:
    """Return the closed deals of the campaigns that started in the period, on the day on which they started."""
    found = Counts()
    begin, end = period.before
    for one in campaigns:
        started = one.started_at.astimezone(period.zone)
        if started >= period.start or begin <= started < end:
            found.add(_bucket(started, period), one.closed_deals, period)
    return found


def under_way(period: Period, campaigns: Iterable[CampaignDay]) -> list[int]:
    """Return how many campaigns were under way in each bucket; the last one says how many are sending now."""
    spans = [(one.started_at, one.finished_at) for one in campaigns]
    ends = [*period.buckets[1:], period.at]
    past = [
        sum(started < end and (finished is None or finished >= begin) for started, finished in spans)
        for begin, end in zip(period.buckets, ends, strict=True)
    ]
    return [*past[:-1], Campaign.objects.filter(state=CampaignState.RUNNING).count()]


def _left_between(begin: datetime, end: datetime) -> "QuerySet[Any]":
    """Return the recipients whose message left within one hour, looked for in the campaigns that sent in it."""
    sending = Tally.objects.filter(hour=begin).values("campaign")
    rows = Recipient.objects.filter(campaign__in=sending, sent_at__gte=begin, sent_at__lt=end, state__in=TRIED)
    return rows.annotate(moment=F("sent_at"))


def _within(rows: "QuerySet[Any]", period: Period) -> "QuerySet[Any]":
    begin, end = period.before
    return rows.filter(Q(moment__gte=period.start) | Q(moment__gte=begin, moment__lt=end))


def _by_bucket(rows: "QuerySet[Any]", period: Period) -> "QuerySet[Any]":
    return rows.annotate(bucket=_trunc("moment", period)).order_by().values_list("bucket", "state")


def _trunc(column: str, period: Period) -> Trunc:
    return Trunc(column, period.unit, tzinfo=period.zone)


def _gathered(rows: Iterable[dict[str, Any]], names: tuple[str, ...], period: Period) -> dict[str, Counts]:
    found = {name: Counts() for name in names}
    for row in rows:
        for name, counts in found.items():
            counts.add(row["bucket"], row[name], period)
    return found


def _bucket(at: datetime, period: Period) -> datetime:
    start = at.replace(minute=0, second=0, microsecond=0)
    return start if period.unit == "hour" else start.replace(hour=0)
