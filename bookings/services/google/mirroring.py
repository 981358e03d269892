"""Bookings in the professionals' own calendars: written, moved and taken out under one id each."""

from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from bookings import wording
from bookings.models import ACTIVE, Booking, CalendarAccount, CalendarEntry, CalendarState
from bookings.providers.google import Entry, GoogleError
from bookings.services.google.accounts import SECONDS, account_of, open_calendar
from bookings.services.schedule import get_settings
from core.breaker import CircuitOpenError
from core.clock import now
from core.jobs import job
from core.phones import format_national
from core.tenancy import across_organizations

LATELY = timedelta(minutes=2)


def event_id(booking_id: UUID) -> str:
    """Return the booking's id in every calendar: only letters up to v and digits, as Google wants it."""
    return f"prosa{booking_id.hex}"


def mirror(booking: Booking, *, seconds: float = SECONDS) -> CalendarAccount | None:
    """Bring the calendars in line with the booking; return the one that it stands in now.

    Raises :class:`GoogleError` and CircuitOpenError, after which it may be called again.
    """
    stands = booking.state in ACTIVE and booking.contact.anonymised_at is None
    home = account_of(booking.professional) if stands else None
    _remove(booking, [one for one in _known(booking) if home is None or one.pk != home.pk], seconds)
    if home is None:
        return None
    version = booking.version
    open_calendar(home, seconds=seconds).write(_entry(booking))
    CalendarEntry.objects.update_or_create(
        booking=booking, account=home, organization_id=booking.organization_id, defaults={"version": version}
    )
    return home


def withdraw(booking: Booking, *, seconds: float = SECONDS) -> None:
    """Take the booking out of every calendar in which it stands or may stand."""
    home = account_of(booking.professional)
    _remove(booking, {one.pk: one for one in [*_known(booking), *([home] if home else [])]}.values(), seconds)


def _known(booking: Booking) -> list[CalendarAccount]:
    rows = CalendarAccount.objects.filter(entries__booking=booking, state=CalendarState.CONNECTED)
    return list(rows)


def _remove(booking: Booking, accounts: object, seconds: float) -> None:
    for account in list(accounts):  # type: ignore[call-overload]
        open_calendar(account, seconds=seconds).remove(event_id(booking.pk))
        CalendarEntry.objects.filter(booking=booking, account=account).delete()


def _entry(booking: Booking) -> Entry:
    organization = Organization.objects.get(pk=booking.organization_id)
    own, contact = get_settings(), booking.contact
    with translation.override(organization.language):
        link = _("In Prosa: %(link)s") % {"link": wording.page_of(booking)}
    lines = [format_national(contact.phone) if contact.phone else "", booking.notes, link]
    return Entry(
        id=event_id(booking.pk), summary=f"{booking.service_name} · {contact.display_name}",
        description="\n".join(line for line in lines if line), location=own.address, start=booking.starts_at,
        end=booking.ends_at, zone=organization.timezone,
        mark={"prosa_booking": str(booking.pk), "prosa_version": str(booking.version)},
    )  # fmt: skip


@job("default")
def mirror_booking(*, organization_id: str, booking_id: str) -> None:
    """Bring the calendars in line with one booking; what fails is found again by :func:`sweep_calendars`."""
    rows = Booking.objects.select_related("contact", "professional", "service")
    booking = rows.filter(pk=booking_id).first()
    if booking is None:
        return
    try:
        mirror(booking)
    except (GoogleError, CircuitOpenError):
        return


@job("default")
def mirror_upcoming(*, organization_id: str, professional_id: str) -> None:
    """Write what lies ahead to a calendar that was just linked."""
    ahead = Booking.objects.filter(professional_id=professional_id, state__in=ACTIVE, during__startswith__gt=now())
    for pk in ahead.values_list("pk", flat=True)[:500]:
        mirror_booking.enqueue(coalesce_key=str(pk), organization_id=organization_id, booking_id=str(pk))


@job("default")
def sweep_calendars() -> None:
    """Find bookings that a linked calendar shows as they were, or still shows though they are off or must be forgotten."""
    with across_organizations():
        rows = CalendarEntry.objects.filter(account__state=CalendarState.CONNECTED, written_at__lt=now() - LATELY)
        changed = ~Q(version=F("booking__version")) | ~Q(booking__state__in=ACTIVE)
        erased = Q(booking__contact__anonymised_at__isnull=False)
        stale = rows.filter((Q(booking__during__startswith__gt=now()) & changed) | erased)
        found = list(stale.values_list("organization_id", "booking_id").distinct()[:500])
    for organization_id, pk in found:
        mirror_booking.enqueue(coalesce_key=str(pk), organization_id=str(organization_id), booking_id=str(pk))
