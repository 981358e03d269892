"""Free slots as customers see them: by day, with anybody or with one professional."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from bookings.models import ACTIVE, Booking, Professional, Service
from bookings.services.schedule import get_settings, zone
from bookings.services.slots import Slot, open_slots, professionals_of
from core.clock import day_bounds, local, now

WINDOW = timedelta(days=13)


@dataclass(frozen=True)
class Offer:
    """The days of a window that have free slots, and the slots of the one that is looked at."""

    days: list[date]
    day: date | None
    slots: list[Slot]
    earlier: date | None
    later: date | None


def offer(
    service: Service, professional: Professional | None, wanted: date | None, *, ignoring: UUID | None = None
) -> Offer:
    """Return what is free from ``wanted`` on, or from the first day that has anything."""
    who = [professional] if professional else professionals_of(service)
    here = zone()
    today = local(now(), here).date()
    last = today + timedelta(days=get_settings().horizon_days)
    start = min(max(wanted or today, today), last)
    slots: list[Slot] = []
    while who and not slots and start <= last:
        slots = open_slots(service, who, start, min(start + WINDOW, last), ignoring=ignoring)
        if not slots:
            start += WINDOW + timedelta(days=1)
    by_day: dict[date, list[Slot]] = defaultdict(list)
    for slot in slots:
        by_day[local(slot.starts_at, here).date()].append(slot)
    days = sorted(by_day)
    day = wanted if wanted in by_day else next(iter(days), None)
    begin = min(start, last)
    return Offer(
        days=days, day=day, slots=_one_each(by_day[day], day, here) if day else [],
        earlier=max(begin - WINDOW - timedelta(days=1), today) if begin > today else None,
        later=begin + WINDOW + timedelta(days=1) if begin + WINDOW < last else None,
    )  # fmt: skip


def _one_each(slots: Sequence[Slot], day: date, here: str) -> list[Slot]:
    """Return each beginning once, with the professional who has least to do that day."""
    begin, end = day_bounds(day, here)
    rows = Booking.objects.filter(state__in=ACTIVE, during__overlap=DateTimeTZRange(begin, end))
    load = Counter(rows.values_list("professional_id", flat=True))
    chosen: dict[datetime, Slot] = {}
    for slot in slots:
        best = chosen.get(slot.starts_at)
        if best is None or load[slot.professional.pk] < load[best.professional.pk]:
            chosen[slot.starts_at] = slot
    return [chosen[start] for start in sorted(chosen)]
