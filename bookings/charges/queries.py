"""What the pages of charges show."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from billing.models import Charge, ChargeMethod, ChargeState
from core.clock import day_bounds
from leads.queries import search_words

STATES: Final[dict[str, tuple[str, ...]]] = {
    "aberta": (ChargeState.OPEN,),
    "paga": (ChargeState.PAID,),
    "vencida": (ChargeState.EXPIRED,),
    "devolvida": (ChargeState.REFUNDING, ChargeState.REFUNDED),
    "cancelada": (ChargeState.CANCELLED,),
}
ATTENTION: Final = "atencao"
PERIODS: Final = {
    "hoje": _("Today"), "7dias": _("Last 7 days"), "mes": _("This month"), "mes-passado": _("Last month"), "ano": _("This year"),
}  # fmt: skip
FEW: Final = 3


@dataclass(frozen=True)
class Sums:
    """Cents and counts of the charges that the filters leave, whatever their state."""

    open_cents: int
    open_count: int
    paid_cents: int
    paid_count: int
    back_cents: int
    back_count: int
    expired_cents: int
    expired_count: int


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to, as its address says; what makes no sense narrows nothing. Days are local."""

    search: str = ""
    state: str = ""
    method: str = ""
    period: str = ""
    since: date | None = None
    until: date | None = None
    contact_id: UUID | None = None

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        state, method, period = query.get("estado", ""), query.get("forma", ""), query.get("periodo", "")
        since, until = _days(period)
        return cls(
            search=query.get("q", "").replace("\0", "")[:100],
            state=state if state in STATES or state == ATTENTION else "",
            method=method if method in ChargeMethod.values else "",
            period=period if period in PERIODS else "",
            since=since or _day(query.get("de", "")),
            until=until or _day(query.get("ate", "")),
        )

    def __bool__(self) -> bool:
        return any((self.search, self.state, self.method, self.since, self.until, self.contact_id))

    def charges(self, zone: str) -> "QuerySet[Charge]":
        rows = self._in_any_state(zone)
        if self.state == ATTENTION:
            return rows.exclude(problem="")
        return rows.filter(state__in=STATES[self.state]) if self.state else rows

    def sums(self, zone: str) -> Sums:
        """Return what the other filters leave, by state, in one query."""
        totals: dict[str, Any] = self._in_any_state(zone).aggregate(
            open_cents=Sum("amount_cents", filter=Q(state=ChargeState.OPEN), default=0),
            open_count=Count("pk", filter=Q(state=ChargeState.OPEN)),
            # What was given back in part is income only for the rest.
            paid_cents=Sum(F("amount_cents") - F("refunded_cents"), filter=Q(state=ChargeState.PAID), default=0),
            paid_count=Count("pk", filter=Q(state=ChargeState.PAID)),
            back_cents=Sum("amount_cents", filter=Q(state__in=STATES["devolvida"]), default=0),
            back_count=Count("pk", filter=Q(state__in=STATES["devolvida"])),
            expired_cents=Sum("amount_cents", filter=Q(state=ChargeState.EXPIRED), default=0),
            expired_count=Count("pk", filter=Q(state=ChargeState.EXPIRED)),
        )
        return Sums(**totals)

    def _in_any_state(self, zone: str) -> "QuerySet[Charge]":
        rows: QuerySet[Charge] = Charge.objects.all()
        for word in search_words(self.search):
            rows = rows.filter(search__contains=word)
        if self.method:
            rows = rows.filter(method=self.method)
        if self.contact_id:
            rows = rows.filter(link__contact_id=self.contact_id)
        if self.since:
            rows = rows.filter(created_at__gte=day_bounds(self.since, zone)[0])
        if self.until:
            rows = rows.filter(created_at__lt=day_bounds(self.until, zone)[1])
        return rows


def _days(period: str) -> tuple[date | None, date | None]:
    """Return the first and the last day of a period that ends today or before."""
    today = timezone.localdate()
    month = today.replace(day=1)
    match period:
        case "hoje":
            return today, today
        case "7dias":
            return today - timedelta(days=6), today
        case "mes":
            return month, today
        case "mes-passado":
            return (month - timedelta(days=1)).replace(day=1), month - timedelta(days=1)
        case "ano":
            return today.replace(month=1, day=1), today
    return None, None


def _day(text: str) -> date | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    # Beyond these years the first moment of a day may lie outside of what a moment can be.
    return day if day and 2000 <= day.year <= 2200 else None


def charges_of(*, contact_id: UUID | None = None, booking_id: UUID | None = None) -> list[Charge]:
    """Return the newest charges of a contact or a booking."""
    rows: QuerySet[Charge] = Charge.objects.order_by("-created_at", "-pk")
    own = Q(link__booking_id=booking_id) if booking_id else Q(link__contact_id=contact_id)
    return list(rows.filter(own)[:FEW])
