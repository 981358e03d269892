"""The facts of the timetable: settings, who takes bookings, hours, days off."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from accounts.models import Membership, Organization
from accounts.services.audit import record_audit
from bookings.availability import Shift
from bookings.errors import ScheduleError
from bookings.holidays import holidays_between
from bookings.models import BookingSettings, DayRule, Professional, Service, ServiceProfessional, TimeOff, WorkingHours
from core.tenancy import current_organization_id
from core.text import slug_key

WEEKDAYS: dict[int, Sequence[Shift]] = dict.fromkeys(range(5), ((9 * 60, 12 * 60), (13 * 60, 18 * 60)))


def zone() -> str:
    """Return the time zone of the active organization."""
    return Organization.objects.values_list("timezone", flat=True).get(pk=current_organization_id())


def get_settings() -> BookingSettings:
    """Return the active organization's settings, made at first use."""
    found: BookingSettings | None = BookingSettings.objects.first()
    if found is not None:
        return found
    name = Organization.objects.values_list("name", flat=True).get(pk=current_organization_id())
    base = slug_key(name).replace("_", "-").strip("-")[:40] or "agenda"
    for slug in (base, f"{base}-{current_organization_id().hex[-6:]}"):
        if BookingSettings.unscoped.filter(slug=slug).exists():
            continue
        try:
            with transaction.atomic():
                made: BookingSettings = BookingSettings.objects.create(slug=slug)
                return made
        except IntegrityError:
            # The same moment's other request made them, or another business took the address.
            if again := BookingSettings.objects.first():
                return again  # type: ignore[no-any-return]
    raise ScheduleError(_("No address is left for the page. Choose one in the settings."))


@transaction.atomic
def save_professional(member: Membership, *, name: str, is_active: bool, actor: Membership | None) -> Professional:
    """Let a member be booked, with the usual hours of an office week to begin with."""
    row, created = Professional.objects.get_or_create(
        membership=member, organization_id=current_organization_id(), defaults={"name": name, "is_active": is_active}
    )
    if created:
        row.refresh_from_db()
        set_hours(row, WEEKDAYS, actor=actor)
    else:
        row.name, row.is_active = name, is_active
        row.save(update_fields=["name", "is_active"])
    record_audit("booking.professional", actor=actor, target=name)
    return row  # type: ignore[no-any-return]


def hours_of(professionals: Iterable[Professional]) -> dict[UUID, dict[int, list[Shift]]]:
    """Return the shifts of each weekday by professional."""
    found: dict[UUID, dict[int, list[Shift]]] = defaultdict(lambda: defaultdict(list))
    for row in WorkingHours.objects.filter(professional__in=list(professionals)):
        found[row.professional_id][row.weekday].append((row.start_minute, row.end_minute))
    return found


@transaction.atomic
def set_hours(professional: Professional, week: Mapping[int, Sequence[Shift]], *, actor: Membership | None) -> None:
    """Replace a professional's week; raises :class:`ScheduleError` when two shifts of a day overlap."""
    check_week(week)
    Professional.objects.select_for_update(no_key=True).get(pk=professional.pk)
    WorkingHours.objects.filter(professional=professional).delete()
    WorkingHours.objects.bulk_create(
        WorkingHours(
            organization_id=professional.organization_id, professional=professional,
            professional_number=professional.number, weekday=day, start_minute=start, end_minute=end,
        )
        for day, shifts in week.items() for start, end in shifts
    )  # fmt: skip
    record_audit("booking.hours", actor=actor, target=professional.name)


def check_week(week: Mapping[int, Sequence[Shift]]) -> None:
    """Raise :class:`ScheduleError` when two stretches of a day overlap or one ends before it begins."""
    for shifts in week.values():
        _check_shifts(shifts)


def _check_shifts(shifts: Sequence[Shift]) -> None:
    if any(not 0 <= start < end <= 1440 for start, end in shifts):
        raise ScheduleError(_("Each stretch of work ends after it begins."))
    ordered = sorted(shifts)
    if any(later[0] < earlier[1] for earlier, later in itertools.pairwise(ordered)):
        raise ScheduleError(_("Two stretches of the same day overlap."))


def closed_days(first: date, last: date) -> dict[date, str]:
    """Return the days on which the business does not open, with the reason."""
    settings = get_settings()
    found: dict[date, str] = {}
    if settings.closes_on_holidays:
        found = holidays_between(first, last, settings.state_code, optional=settings.closes_on_optional)
    for rule in DayRule.objects.filter(day__range=(first, last)):
        if rule.is_open:
            found.pop(rule.day, None)
        else:
            found[rule.day] = rule.name or _("closed day")
    return found


def set_day_rule(day: date, *, is_open: bool, name: str, actor: Membership | None) -> None:
    """Close a day, or open on a holiday."""
    DayRule.objects.update_or_create(
        day=day, organization_id=current_organization_id(), defaults={"is_open": is_open, "name": name}
    )
    record_audit("booking.day", actor=actor, target=day.isoformat())


def add_time_off(
    professional: Professional | None, start: datetime, end: datetime, *, reason: str, actor: Membership | None
) -> TimeOff:
    """Keep a stretch free of bookings, of one professional or of all."""
    if end <= start:
        raise ScheduleError(_("The end comes after the beginning."))
    record_audit("booking.time_off", actor=actor, target=str(professional or ""))
    made: TimeOff = TimeOff.objects.create(professional=professional, during=DateTimeTZRange(start, end), reason=reason)
    return made


@transaction.atomic
def save_service(
    service: Service, *, professionals: Iterable[Professional], actor: Membership | None, **values: Any
) -> Service:
    """Create or change a service and say who does it; bookings made before keep their price and length."""
    for name, value in values.items():
        setattr(service, name, value)
    try:
        with transaction.atomic():
            service.save()
    except IntegrityError as error:
        if "service_name_once" not in str(error):
            raise
        raise ScheduleError(_("There is a service of this name already."), code="name") from error
    wanted = {row.pk for row in professionals}
    ServiceProfessional.objects.filter(service=service).exclude(professional_id__in=wanted).delete()
    rows = [
        ServiceProfessional(organization_id=service.organization_id, service=service, professional_id=pk)
        for pk in wanted
    ]
    ServiceProfessional.objects.bulk_create(rows, ignore_conflicts=True)
    record_audit("booking.service", actor=actor, target=service.name)
    return service
