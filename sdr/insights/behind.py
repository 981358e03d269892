"""The leads behind each number, found by the same conditions that counted them."""

from collections.abc import Callable, Mapping
from uuid import UUID

from django.db.models import Q

from sdr.contract import FACTS
from sdr.insights.figures import CALENDAR, Insights
from sdr.insights.outcomes import KINDS, Leads, with_outcome
from sdr.models import Qualification, QualificationStatus

Behind = Callable[[Insights, str], Leads | None]


def rows_behind(insights: Insights, kind: str, key: str) -> Leads | None:
    """Return the leads behind a number, or None for a number that does not exist."""
    found = _BY_KIND.get(kind)
    return found(insights, key) if found else None


def _status(insights: Insights, key: str) -> Leads | None:
    return insights.leads.filter(status=key) if key in QualificationStatus.values else None


def _since(insights: Insights, key: str) -> Leads | None:
    """Return who was qualified today, in 7 or in 30 days, which the period does not limit."""
    if key not in CALENDAR:
        return None
    return Qualification.objects.filter(qualified_at__gte=insights.period.first_moment(CALENDAR[key]))


def _qualified_in(insights: Insights, key: str) -> Leads | None:
    bucket = insights.period.bucket(key)
    if bucket is None:
        return None
    return insights.qualified.filter(qualified_at__gte=bucket.start, qualified_at__lt=bucket.end)


def _read_in(insights: Insights, key: str) -> Leads | None:
    bucket = insights.period.bucket(key)
    if bucket is None:
        return None
    return insights.read.filter(started_at__gte=bucket.start, started_at__lt=bucket.end)


def _missing(insights: Insights, key: str) -> Leads | None:
    if key not in FACTS:
        return None
    return insights.lost.filter(Q(**{f"facts__{key}": None}) | ~Q(facts__has_key=key))


def _with(kind: str) -> Behind:
    def found(insights: Insights, key: str) -> Leads:
        rows = with_outcome(insights.qualified, kind)
        return rows.filter(temperature=key) if key else rows

    return found


def _these(insights: Insights, found: Mapping[str, set[UUID]], key: str) -> Leads:
    return insights.leads.filter(pk__in=found.get(key, set()))


_BY_KIND: dict[str, Behind] = {
    "all": lambda insights, _key: insights.leads,
    "qualified": lambda insights, _key: insights.qualified,
    "ended": lambda insights, _key: insights.ended,
    "read": lambda insights, _key: insights.read,
    "cost": lambda insights, _key: insights.paid_for,
    "since": _since,
    "qualified_in": _qualified_in,
    "read_in": _read_in,
    "status": _status,
    "temperature": lambda insights, key: insights.qualified.filter(temperature=key),
    "service": lambda insights, key: insights.leads.filter(facts__interest__value=key),
    "reason": lambda insights, key: insights.leads.filter(handoff_reason=key),
    "missing": _missing,
    "objection": lambda insights, key: _these(insights, insights.heard.objections, key),
    "word": lambda insights, key: _these(insights, insights.heard.words, key),
    "unanswered": lambda insights, key: _these(insights, insights.asked, key),
    **{kind: _with(kind) for kind in KINDS},
}
