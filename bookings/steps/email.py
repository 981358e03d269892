"""The e-mail that a booking stands, and the one that it does not any more."""

import hashlib
import smtplib
from email.utils import parseaddr
from functools import partial

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from bookings import wording
from bookings.icalendar import calendar_file
from bookings.models import Booking, BookingNotice, NoticeKind
from bookings.services import notices
from bookings.services.marks import NothingSentError, send_once, was_begun
from bookings.services.schedule import get_settings
from bookings.steps.standing import action_key, booking_of, standing_booking
from sagas.definition import JSON, StepCall
from sagas.errors import StepUnknown


class AddressRefusedError(NothingSentError):
    """The mail server takes nothing for this address."""


def send_confirmation(call: StepCall) -> JSON:
    """E-mail the booking with a file for the customer's calendar; one without an address has no e-mail.

    An address that the server refuses does not cost the customer the time: it is as one that bounces later.
    """
    booking = standing_booking(call)
    if not notices.address_of(booking):
        return {"skipped": "no_address"}
    message = _message(booking, NoticeKind.CONFIRMED, call.idempotency_key)
    own = get_settings()
    entry = calendar_file(booking, own, wording.link_of(booking, own))
    message.attach("agenda.ics", entry.decode(), "text/calendar")
    try:
        return {"outcome": send_once(call.idempotency_key, partial(_send, message, call.seconds_left()))}
    except AddressRefusedError:
        return {"outcome": "refused"}


def send_cancellation(call: StepCall) -> None:
    """E-mail that the booking is cancelled to whom the confirmation went."""
    booking = booking_of(call)
    if not was_begun(action_key(call)) or not notices.address_of(booking):
        return
    message = _message(booking, NoticeKind.CANCELLED, call.idempotency_key)
    try:
        send_once(call.idempotency_key, partial(_send, message, call.seconds_left()))
    except AddressRefusedError:
        return


def _message(booking: Booking, kind: NoticeKind, key: str) -> EmailMessage:
    notice = BookingNotice(booking=booking, kind=kind, version=booking.version)
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    name = hashlib.sha256(f"{booking.organization_id}:{key}".encode()).hexdigest()[:32]
    body = notices.text_of(notice, booking, answerable=False)
    return EmailMessage(
        notices.subject_of(notice, booking), body, to=[notices.address_of(booking)],
        headers={"Message-ID": f"<{name}@{domain}>", "Auto-Submitted": "auto-generated"},
    )  # fmt: skip


def _send(message: EmailMessage, seconds: float) -> str:
    connection = get_connection(timeout=seconds)
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        raise NothingSentError(str(error)) from error
    try:
        connection.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        raise AddressRefusedError(str(error)) from error
    except smtplib.SMTPResponseException as error:
        raise NothingSentError(f"{error.smtp_code}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise StepUnknown(type(error).__name__) from error
    finally:
        connection.close()
    return str(message.extra_headers["Message-ID"])
