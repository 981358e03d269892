"""One booking as an iCalendar file (RFC 5545)."""

from datetime import UTC, datetime

from bookings.models import Booking, BookingSettings

LINE = 74


def calendar_file(booking: Booking, settings: BookingSettings, link: str) -> bytes:
    """Return the file; a later version of the booking replaces an earlier one in the customer's calendar."""
    cancelled = not booking.is_active
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Prosa//Agenda//PT", "METHOD:PUBLISH", "BEGIN:VEVENT",
        f"UID:{booking.pk}@prosa", f"SEQUENCE:{booking.version}", f"DTSTAMP:{_stamp(booking.updated_at)}",
        f"DTSTART:{_stamp(booking.starts_at)}", f"DTEND:{_stamp(booking.ends_at)}",
        f"SUMMARY:{_text(f'{booking.service_name} · {settings.organization.name}')}",
        f"LOCATION:{_text(settings.address)}", f"URL:{link}",
        f"STATUS:{'CANCELLED' if cancelled else 'CONFIRMED'}", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line)).encode()


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def _folded(line: str) -> list[str]:
    """Break a line so that none is longer than 75 octets; a character is never cut in two."""
    parts, current = [], ""
    for character in line:
        if len((current + character).encode()) > LINE:
            parts.append(current)
            current = " "
        current += character
    return [*parts, current]
