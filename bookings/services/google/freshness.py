"""A last look into the linked calendar at the moment in which somebody books by oneself."""

from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from bookings.errors import SlotTakenError
from bookings.models import Professional, Service
from bookings.providers.google import GoogleError, overlaps
from bookings.services.google.accounts import account_of, open_calendar
from bookings.services.google.pulling import pull_calendar
from core.breaker import CircuitOpenError

SECONDS: Final = 2.0


def check_calendar(service: Service, professional: Professional, starts_at: datetime) -> None:
    """Raise :class:`SlotTakenError` when the calendar has something there that Prosa has not heard of yet.

    A Google that does not answer keeps nobody from booking: what was read last counts.
    """
    account = account_of(professional)
    if account is None:
        return
    end = starts_at + timedelta(minutes=service.duration_minutes)
    try:
        busy = open_calendar(account, seconds=SECONDS).busy(starts_at, end)
    except (GoogleError, CircuitOpenError):
        return
    if overlaps(busy, starts_at, end):
        pull_calendar.enqueue(
            coalesce_key=str(account.pk), organization_id=str(account.organization_id), account_id=str(account.pk)
        )
        raise SlotTakenError(_("This time is no longer free. Choose another one."))
