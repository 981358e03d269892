"""Messages to customers about their bookings: planned as rows, written to the chat once, never again.

A notice and its message are one transaction: a killed worker has either sent both or neither. What happens to the message
afterwards is the conversation's business, which never repeats one whose outcome is unknown.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import translation

from accounts.models import Organization
from bookings import notice_times, wording
from bookings.models import ACTIVE, Booking, BookingNotice, BookingState, NoticeKind, NoticeState
from bookings.services.schedule import get_settings
from bookings.services.threads import say, thread_of
from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations, current_organization_id

SELF = ("customer", "sdr")
TOO_LATE = {NoticeKind.DAY_BEFORE: timedelta(hours=6), NoticeKind.HOUR_BEFORE: timedelta(minutes=45)}
REMINDERS = (NoticeKind.DAY_BEFORE, NoticeKind.HOUR_BEFORE)


def plan(booking_id: UUID | str, kind: NoticeKind, version: int, *, by: str) -> None:
    """Plan the message about what just happened and the reminders that follow from it; safe to do twice."""
    booking = Booking.objects.get(pk=booking_id)
    if booking.version != version:
        return
    zone, at = _organization().timezone, now()
    _drop_stale(booking, kind)
    due: dict[NoticeKind, datetime | None] = {
        kind: notice_times.news_at(at, booking.starts_at, zone, own_doing=by in SELF)
    }
    settings = get_settings()
    if kind in {NoticeKind.CONFIRMED, NoticeKind.MOVED}:
        if settings.reminds_day_before:
            due[NoticeKind.DAY_BEFORE] = notice_times.day_before_at(at, booking.starts_at, zone)
        if settings.reminds_hour_before:
            due[NoticeKind.HOUR_BEFORE] = notice_times.hour_before_at(at, booking.starts_at, zone)
    rows = [
        BookingNotice(
            organization_id=booking.organization_id, booking=booking, kind=name, version=version, due_at=moment
        )
        for name, moment in due.items()
        if moment is not None
    ]
    BookingNotice.objects.bulk_create(rows, ignore_conflicts=True)
    send_due_notices.enqueue(coalesce_key="booking-notices")


def _drop_stale(booking: Booking, kind: NoticeKind) -> None:
    old = BookingNotice.objects.filter(booking=booking, state=NoticeState.PLANNED)
    if kind != NoticeKind.CANCELLED:
        old = old.filter(version__lt=booking.version)
    old.update(state=NoticeState.SKIPPED, reason="stale")


def drop_planned(booking_id: UUID | str) -> None:
    """Nothing more is said of a booking that is over."""
    BookingNotice.objects.filter(booking_id=booking_id, state=NoticeState.PLANNED).update(
        state=NoticeState.SKIPPED, reason="over"
    )


@job("default")
def send_due_notices() -> None:
    """Ring for every notice whose time has come."""
    with across_organizations():
        due = BookingNotice.objects.filter(state=NoticeState.PLANNED, due_at__lte=now()).order_by("due_at")
        for organization_id, pk in due.values_list("organization_id", "pk")[:500]:
            send_notice.enqueue(coalesce_key=str(pk), organization_id=str(organization_id), notice_id=str(pk))


@job("default")
def send_notice(*, organization_id: str, notice_id: str) -> None:
    """Write one notice to its chat, and e-mail it."""
    send(notice_id)


def send(notice_id: UUID | str) -> None:
    """Claim, write and settle in one transaction; whoever does not get the claim does nothing."""
    with transaction.atomic():
        due = BookingNotice.objects.filter(pk=notice_id, state=NoticeState.PLANNED, due_at__lte=now())
        notice = due.select_for_update(skip_locked=True, of=("self",)).first()
        if notice is None:
            return
        booking = Booking.objects.select_related("contact", "professional", "service").get(pk=notice.booking_id)
        notice.reason = _why_not(notice, booking)
        if notice.reason:
            notice.state = NoticeState.SKIPPED
        else:
            _write(notice, booking)
        notice.save()
    if _mails(notice, booking):
        mail_notice.enqueue(organization_id=str(notice.organization_id), notice_id=str(notice.pk))


def _why_not(notice: BookingNotice, booking: Booking) -> str:
    """Return why nothing is to be said any more, in a code; empty when it still is."""
    if notice.version != booking.version:
        return "stale"
    if notice.kind == NoticeKind.CANCELLED:
        return "" if booking.state == BookingState.CANCELLED else "stale"
    wanted = (BookingState.HELD,) if notice.kind == NoticeKind.HELD else ACTIVE
    if booking.state not in wanted or booking.starts_at <= now():
        return "stale"
    if (limit := TOO_LATE.get(NoticeKind(notice.kind))) and notice.due_at + limit < now():
        return "too_late"
    return ""


def _write(notice: BookingNotice, booking: Booking) -> None:
    thread = None if booking.contact.is_opted_out else thread_of(booking.contact)
    if thread is None:
        notice.state = NoticeState.SKIPPED
        notice.reason = "opted_out" if booking.contact.is_opted_out else "no_number"
        return
    message = say(thread, text_of(notice, booking), f"booking:{notice.pk}")
    notice.state, notice.sent_at = NoticeState.SENT, now()
    notice.conversation_ref, notice.message_ref = thread.pk, message.pk
    if notice.kind != NoticeKind.CANCELLED:
        notice.awaits_answer_until = booking.starts_at


def text_of(notice: BookingNotice, booking: Booking, *, answerable: bool = True) -> str:
    """Return the notice in the business's language."""
    organization = _organization()
    with translation.override(organization.language):
        return wording.notice_text(notice, booking, get_settings(), organization.timezone, answerable=answerable)


def subject_of(notice: BookingNotice, booking: Booking) -> str:
    """Return the subject of the notice as an e-mail, in the business's language."""
    organization = _organization()
    with translation.override(organization.language):
        return wording.subject(notice, booking, organization.timezone)


def _organization() -> Organization:
    return Organization.objects.get(pk=current_organization_id())


def _mails(notice: BookingNotice, booking: Booking) -> bool:
    """E-mails of booking and cancelling belong to the booking's process; those in between are ours."""
    between = notice.kind in {NoticeKind.MOVED, NoticeKind.HELD, *REMINDERS}
    unsaid = notice.state == NoticeState.SKIPPED and notice.reason not in {"opted_out", "no_number"}
    return between and not unsaid and bool(address_of(booking))


def address_of(booking: Booking) -> str:
    """Return the e-mail of this booking, else the contact's own."""
    return booking.email or booking.contact.email


@job("default")
def mail_notice(*, organization_id: str, notice_id: str) -> None:
    """E-mail a notice. It is marked before it leaves: lost with a dying worker rather than sent twice."""
    if not BookingNotice.objects.filter(pk=notice_id, emailed_at=None).update(emailed_at=now()):
        return
    notice = BookingNotice.objects.select_related("booking__contact", "booking__professional").get(pk=notice_id)
    body = text_of(notice, notice.booking, answerable=False)
    EmailMessage(subject_of(notice, notice.booking), body, to=[address_of(notice.booking)]).send()
