from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned
from bookings.models.booking import Booking
from bookings.models.calendar import CalendarAccount


class CalendarEntry(OrganizationOwned):
    """Where a booking stands in a linked calendar, as it was at ``version``."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="entries")
    account = models.ForeignKey(CalendarAccount, on_delete=models.CASCADE, related_name="entries")
    version = models.PositiveIntegerField()
    written_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("entry of a calendar")
        verbose_name_plural = _("entries of calendars")
        constraints = [models.UniqueConstraint(fields=["booking", "account"], name="calendar_entry_once")]

    def __str__(self) -> str:
        return f"{self.booking_id} ({self.version})"
