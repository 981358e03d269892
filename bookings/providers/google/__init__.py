from bookings.providers.google.client import GoogleCalendar, overlaps
from bookings.providers.google.contract import CalendarEvent, Changes, Entry, Watch
from bookings.providers.google.errors import (
    GoogleBusyError,
    GoogleDownError,
    GoogleError,
    GoogleRefusedError,
    GoogleRevokedError,
    SyncExpiredError,
)
from bookings.providers.google.tokens import AccessToken, give_back, refresh

__all__ = [
    "AccessToken",
    "CalendarEvent",
    "Changes",
    "Entry",
    "GoogleBusyError",
    "GoogleCalendar",
    "GoogleDownError",
    "GoogleError",
    "GoogleRefusedError",
    "GoogleRevokedError",
    "SyncExpiredError",
    "Watch",
    "give_back",
    "overlaps",
    "refresh",
]
