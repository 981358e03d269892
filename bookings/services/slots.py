"""Free slots of a service, read from the database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from bookings.availability import Rules, Span, free_slots, moment
from bookings.models import ACTIVE, Booking, BookingSettings, BookingState, BusyBlock, Professional, Service, TimeOff
from bookings.services.schedule import closed_days, get_settings, hours_of, zone
from core.clock import local, now


@dataclass(frozen=True)
class Slot:
    """A beginning that can be booked, and with whom."""

    starts_at: datetime
    professional: Professional


def professionals_of(service: Service) -> list[Professional]:
    """Return who does the service and takes bookings."""
    rows = Professional.objects.filter(services=service, is_active=True, membership__is_active=True)
    return list(rows.select_related("membership__user").order_by("name", "pk"))


def open_slots(
    service: Service, professionals: Sequence[Professional], first: date, last: date, *, at: datetime | None = None,
    ignoring: UUID | None = None, unhurried: bool = False,
) -> list[Slot]:  # fmt: skip
    """Return the free slots of the local days from ``first`` to ``last``, earliest first.

    ``ignoring`` is a booking that is about to move; ``unhurried`` leaves the minimum notice out, for the team.
    """
    at = at or now()
    here, settings = zone(), get_settings()
    rules = _rules(service, settings, here, unhurried=unhurried)
    closed = closed_days(first, last)
    reach = timedelta(hours=8)
    window = Span(moment(first, 0, here) - reach, moment(last, 1440, here) + reach)
    hours = hours_of(professionals)
    taken = busy_spans(professionals, window, at=at, ignoring=ignoring)
    slots = [
        Slot(start, who)
        for who in professionals
        for start in free_slots(first, last, hours=hours[who.pk], closed=closed, busy=taken[who.pk], rules=rules, at=at)
    ]
    return sorted(slots, key=lambda slot: (slot.starts_at, slot.professional.name))


def _rules(service: Service, settings: BookingSettings, here: str, *, unhurried: bool) -> Rules:
    return Rules(
        zone=here, duration=timedelta(minutes=service.duration_minutes),
        step=timedelta(minutes=settings.slot_step_minutes),
        before=timedelta(minutes=service.buffer_before_minutes), after=timedelta(minutes=service.buffer_after_minutes),
        min_notice=timedelta() if unhurried else timedelta(minutes=settings.min_notice_minutes),
        horizon_days=365 if unhurried else settings.horizon_days,
    )  # fmt: skip


def busy_spans(
    professionals: Iterable[Professional], window: Span, *, at: datetime, ignoring: UUID | None = None
) -> dict[UUID, list[Span]]:
    """Return what is taken in the window, by professional: bookings with their buffers, time off, linked calendars."""
    who = list(professionals)
    found: dict[UUID, list[Span]] = {professional.pk: [] for professional in who}
    inside = DateTimeTZRange(window.start, window.end)
    bookings = Booking.objects.filter(professional__in=who, state__in=ACTIVE, blocked__overlap=inside)
    bookings = bookings.exclude(Q(state=BookingState.HELD) & Q(held_until__lte=at)).exclude(pk=ignoring)
    for owner, during in bookings.values_list("professional_id", "blocked"):
        found[owner].append(Span(during.lower, during.upper))
    off = TimeOff.objects.filter(Q(professional__in=who) | Q(professional=None), during__overlap=inside)
    for owner, during in off.values_list("professional_id", "during"):
        for pk in [owner] if owner else found:
            found[pk].append(Span(during.lower, during.upper))
    blocks = BusyBlock.objects.filter(professional__in=who, during__overlap=inside)
    for owner, during in blocks.values_list("professional_id", "during"):
        found[owner].append(Span(during.lower, during.upper))
    return found


def is_open_slot(
    service: Service, professional: Professional, starts_at: datetime, *, ignoring: UUID | None = None
) -> bool:
    """Tell whether a customer may still book this very moment."""
    day = local(starts_at, zone()).date()
    slots = open_slots(service, [professional], day, day, ignoring=ignoring)
    return any(slot.starts_at == starts_at for slot in slots)
