"""What the pages show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q, QuerySet

from accounts.models import Membership
from bookings.availability import Span
from bookings.grid import Grid, build_grid
from bookings.models import ACTIVE, Booking, BookingState, BusyBlock, Professional, Service, TimeOff
from bookings.services.schedule import closed_days, zone
from core.clock import day_bounds, now

SHOWN = (*ACTIVE, BookingState.DONE, BookingState.MISSED)


@dataclass(frozen=True)
class Away:
    """Time off or a block of a linked calendar."""

    title: str
    who: str


def agenda(days: Sequence[date], professional: Professional | None) -> Grid:
    """Return the days' bookings and absences, of one professional or of all."""
    here = zone()
    inside = DateTimeTZRange(day_bounds(days[0], here)[0], day_bounds(days[-1], here)[1])
    bookings = bookings_during(inside, professional)
    booked = [(Span(b.starts_at, b.ends_at), b) for b in bookings]
    return build_grid(days, booked, _away(inside, professional), closed_days(days[0], days[-1]), here, now())


def bookings_during(inside: DateTimeTZRange, professional: Professional | None = None) -> list[Booking]:
    rows = Booking.objects.filter(during__overlap=inside, state__in=SHOWN)
    rows = rows.exclude(state=BookingState.HELD, held_until__lte=now())
    if professional:
        rows = rows.filter(professional=professional)
    return list(rows.select_related("contact", "service", "professional").order_by("during")[:2000])


def _away(inside: DateTimeTZRange, professional: Professional | None) -> list[tuple[Span, Away]]:
    off = TimeOff.objects.filter(during__overlap=inside).select_related("professional")
    blocks = BusyBlock.objects.filter(during__overlap=inside).select_related("professional")
    if professional:
        off = off.filter(Q(professional=professional) | Q(professional=None))
        blocks = blocks.filter(professional=professional)
    found = [
        (Span(row.during.lower, row.during.upper), Away(row.reason, row.professional.name if row.professional else ""))
        for row in off
    ]
    return found + [
        (Span(row.during.lower, row.during.upper), Away(row.title, row.professional.name)) for row in blocks[:1000]
    ]


def professionals(*, active: bool = True) -> list[Professional]:
    rows = Professional.objects.select_related("membership__user").order_by("name", "pk")
    return list(rows.filter(is_active=True, membership__is_active=True) if active else rows)


def find_professional(value: str) -> Professional | None:
    """Return the professional that an address names, or None for anything else."""
    try:
        wanted = UUID(value)
    except ValueError:
        return None
    return next((row for row in professionals() if row.pk == wanted), None)


def members_and_professionals() -> list[tuple[Membership, Professional | None]]:
    """Return everybody who works here, with the professional that they are, if any."""
    known = {row.membership_id: row for row in professionals(active=False)}
    members = Membership.objects.filter(is_active=True).select_related("user").order_by("user__name")
    return [(member, known.get(member.pk)) for member in members]


def services(*, active: bool = True) -> QuerySet[Service]:
    rows = Service.objects.order_by("-is_active", "name")
    return rows.filter(is_active=True) if active else rows  # type: ignore[no-any-return]


def upcoming_time_off(at: datetime) -> list[TimeOff]:
    rows = TimeOff.objects.filter(during__endswith__gt=at).select_related("professional").order_by("during")
    return list(rows[:200])


def appointments_of(contact_id: UUID) -> tuple[list[Booking], list[Booking]]:
    """Return a contact's next appointments, soonest first, and the last ones that are over or off."""
    rows = Booking.objects.filter(contact_id=contact_id).select_related("professional")
    rows = rows.exclude(state=BookingState.HELD, held_until__lte=now())
    ahead = list(rows.filter(state__in=ACTIVE, during__endswith__gt=now()).order_by("during")[:5])
    before = rows.exclude(pk__in=[one.pk for one in ahead]).order_by("-during")
    return ahead, list(before.exclude(state__in=ACTIVE, during__startswith__gt=now())[:3])
