"""What changed in linked calendars: taken time becomes busy blocks, and our own events that were moved or deleted there
move or cancel the booking."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from bookings.availability import moment
from bookings.models import ACTIVE, Booking, BusyBlock, CalendarAccount, CalendarEntry, CalendarState
from bookings.providers.google import CalendarEvent, GoogleCalendar, GoogleError, SyncExpiredError
from bookings.services import booking as bookings
from bookings.services.google.accounts import open_calendar
from bookings.services.google.mirroring import event_id, mirror_booking
from bookings.services.schedule import zone
from core.breaker import CircuitOpenError
from core.clock import now
from core.errors import DomainError
from core.jobs import job
from core.live import signal
from core.tenancy import across_organizations

BEHIND, AHEAD = timedelta(days=1), timedelta(days=400)
STALE, STALE_WATCHED = timedelta(minutes=3), timedelta(minutes=30)
FOREIGN_ID = 1024


@dataclass(frozen=True)
class Pulled:
    """Everything that one round of reading found; ``is_whole`` when it replaces what was known."""

    events: list[CalendarEvent]
    sync_token: str
    is_whole: bool


def pull(account: CalendarAccount) -> None:
    """Read what changed and act on it; raises :class:`GoogleError` and CircuitOpenError, then nothing was changed."""
    calendar, since, began = open_calendar(account, seconds=60), account.sync_token, now()
    try:
        found = _read(calendar, since)
    except SyncExpiredError:
        found = _read(calendar, "")
    ours = [event for event in found.events if "prosa_booking" in event.mark or _names_a_booking(event.id)]
    if not _store(account, since, found, {event.id for event in ours}):
        return
    for event in ours:
        _follow(account, event)
    if found.is_whole:
        _write_what_is_missing(account, {event.id for event in ours}, began)


def _read(calendar: GoogleCalendar, since: str) -> Pulled:
    events: list[CalendarEvent] = []
    page, at = "", now()
    while True:
        changes = calendar.changes(since, page, first=at - BEHIND, last=at + AHEAD)
        events += changes.events
        page = changes.next_page
        if not page:
            return Pulled(events, changes.sync_token, is_whole=not since)


def _names_a_booking(event_id: str) -> bool:
    return event_id.startswith("prosa") and len(event_id) == len("prosa") + 32


@transaction.atomic
def _store(account: CalendarAccount, since: str, found: Pulled, ours: set[str]) -> bool:
    """Keep taken time and the place up to which was read; False when another round got there first."""
    locked = CalendarAccount.objects.select_for_update().filter(pk=account.pk).first()
    if locked is None or locked.sync_token != since:
        return False
    here = zone()
    spans = {event.id: _span(event, here) for event in found.events if event.id not in ours}
    gone = BusyBlock.objects.filter(account=locked)
    (gone if found.is_whole else gone.filter(external_id__in=spans)).delete()
    BusyBlock.objects.bulk_create(
        [
            BusyBlock(
                organization_id=locked.organization_id, account=locked, professional_id=locked.professional_id,
                external_id=key[:FOREIGN_ID], during=span, title="Google",
            )
            for key, span in spans.items() if span is not None
        ],
        batch_size=1000,
    )  # fmt: skip
    CalendarAccount.objects.filter(pk=locked.pk).update(sync_token=found.sync_token, synced_at=now(), error="")
    if found.events:
        signal(locked.organization_id, "bookings")
    return True


def _span(event: CalendarEvent, here: str) -> DateTimeTZRange | None:
    """Return the time that an event takes; None when it takes none."""
    if event.is_cancelled or not event.is_busy or event.start is None or event.end is None:
        return None
    start, end = _at(event.start, here), _at(event.end, here)
    return DateTimeTZRange(start, end) if start < end else None


def _at(when: datetime | date, here: str) -> datetime:
    return when if isinstance(when, datetime) else moment(when, 0, here)


def _write_what_is_missing(account: CalendarAccount, there: set[str], began: datetime) -> None:
    """A whole list does not say what was deleted and when: whoever is missing in it is not cancelled but written again."""
    rows = CalendarEntry.objects.filter(account=account, written_at__lt=began, booking__state__in=ACTIVE)
    for pk in rows.filter(booking__during__startswith__gt=began).values_list("booking_id", flat=True):
        if event_id(pk) not in there:
            mirror_booking.enqueue(
                coalesce_key=str(pk), organization_id=str(account.organization_id), booking_id=str(pk)
            )


def _follow(account: CalendarAccount, event: CalendarEvent) -> None:
    """Do to a booking what its professional did to its event, unless the booking has changed since it was written."""
    booking = Booking.objects.select_related("professional").filter(pk=_booking_id(event)).first()
    if booking is None or booking.state not in ACTIVE or booking.starts_at <= now():
        return
    entry = CalendarEntry.objects.filter(booking=booking, account=account).first()
    if entry is None or entry.version != booking.version or booking.professional_id != account.professional_id:
        return
    try:
        _do_as_there(booking, entry, event)
    except DomainError:
        # It cannot be so here, e.g. because somebody else has that time: the calendar is set right again.
        mirror_booking.enqueue(organization_id=str(account.organization_id), booking_id=str(booking.pk))


def _do_as_there(booking: Booking, entry: CalendarEntry, event: CalendarEvent) -> None:
    if event.is_cancelled:
        language = Organization.objects.values_list("language", flat=True).get(pk=booking.organization_id)
        with translation.override(language), transaction.atomic():
            entry.delete()
            bookings.cancel(booking, reason=_("Deleted in Google Calendar"), by="team")
        return
    if event.mark.get("prosa_version") != str(booking.version) or not isinstance(event.start, datetime):
        return
    if event.start != booking.starts_at:
        bookings.move(booking, event.start, by="team")


def _booking_id(event: CalendarEvent) -> UUID | None:
    try:
        return UUID(event.mark.get("prosa_booking") or event.id.removeprefix("prosa"))
    except ValueError:
        return None


@job("default")
def pull_calendar(*, organization_id: str, account_id: str) -> None:
    """Read what changed in one linked calendar; what fails is noted and tried again later."""
    account = CalendarAccount.objects.filter(pk=account_id, state=CalendarState.CONNECTED).first()
    if account is None:
        return
    try:
        pull(account)
    except (GoogleError, CircuitOpenError) as error:
        CalendarAccount.objects.filter(pk=account.pk).update(error=error.message[:300])


@job("default")
def pull_calendars() -> None:
    """Read the linked calendars whose last look lies back too far; Google itself tells of the watched ones."""
    with across_organizations():
        found: Sequence[CalendarAccount] = CalendarAccount.objects.filter(state=CalendarState.CONNECTED)
        due = [account for account in found if _is_due(account)]
    for account in due:
        pull_calendar.enqueue(
            coalesce_key=str(account.pk), organization_id=str(account.organization_id), account_id=str(account.pk)
        )


def _is_due(account: CalendarAccount) -> bool:
    if account.synced_at is None:
        return True
    is_watched = account.watch_until is not None and account.watch_until > now()
    return bool(account.synced_at < now() - (STALE_WATCHED if is_watched else STALE))
