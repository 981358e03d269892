"""What qualified leads did since their talk began: who booked, who came, who paid and how much."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from billing.models import ChargeState
from bookings.charges.models import ChargeLink
from bookings.models import Booking, BookingState
from sdr.insights.parts import TEMPERATURES, Outcome
from sdr.models import Qualification

BOOKED = (BookingState.CONFIRMED, BookingState.MOVED, BookingState.DONE, BookingState.MISSED)
CAME = (BookingState.DONE,)
PAID = (ChargeState.PAID, ChargeState.REFUNDING)
KINDS = ("booked", "closed", "paid")

Leads = QuerySet[Qualification]


def with_outcome(leads: Leads, kind: str) -> Leads:
    """Return the leads of which one of ``KINDS`` is true."""
    return leads.filter(_conditions()[kind])


def _conditions() -> dict[str, Q]:
    came, paid = Q(_has_booking(CAME)), Q(_has_paid())
    return {"booked": Q(_has_booking(BOOKED)), "closed": came | paid, "paid": paid}


def _has_booking(states: Iterable[BookingState]) -> Exists:
    mine = Booking.objects.filter(contact_id=OuterRef("contact_id"), created_at__gte=OuterRef("started_at"))
    return Exists(mine.filter(state__in=list(states)))


def _has_paid() -> Exists:
    mine = ChargeLink.objects.filter(contact_id=OuterRef("contact_id"), charge__paid_at__gte=OuterRef("started_at"))
    return Exists(mine.filter(charge__state__in=PAID))


def outcomes_of(qualified: Leads) -> list[Outcome]:
    """Return one outcome for each temperature, the hottest first."""
    counts: dict[str, Mapping[str, Any]] = {
        row["temperature"]: row
        for row in qualified.values("temperature").annotate(
            all=Count("pk"), **{kind: Count("pk", filter=condition) for kind, condition in _conditions().items()}
        )
    }
    money = money_of(qualified)
    return [_outcome(name, counts.get(name, {}), money.get(name, 0)) for name in TEMPERATURES]


def _outcome(name: str, row: Mapping[str, Any], cents: int) -> Outcome:
    return Outcome(name, row.get("all", 0), row.get("booked", 0), row.get("closed", 0), row.get("paid", 0), cents)


def money_of(qualified: Leads) -> dict[str, int]:
    """Return what came in since the talks began and was not given back, in cents by temperature."""
    paid = ChargeLink.objects.filter(
        charge__state__in=PAID,
        contact__qualification__in=qualified.values("pk"),
        charge__paid_at__gte=F("contact__qualification__started_at"),
    ).values("contact__qualification__temperature")
    rows = paid.annotate(cents=Sum(F("charge__amount_cents") - F("charge__refunded_cents")))
    return {row["contact__qualification__temperature"]: int(row["cents"]) for row in rows}
