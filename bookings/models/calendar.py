from django.contrib.postgres.fields import DateTimeRangeField
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned
from bookings.models.professional import Professional


class CalendarState(models.TextChoices):
    CONNECTED = "connected", _("connected")
    REVOKED = "revoked", _("access withdrawn")


class CalendarAccount(OrganizationOwned):
    """A professional's Google Calendar. ``sealed`` holds the tokens, encrypted with :mod:`core.crypto`."""

    professional = models.OneToOneField(Professional, on_delete=models.CASCADE, related_name="calendar")
    email = models.EmailField(_("e-mail"), blank=True)
    calendar_id = models.CharField(max_length=200, default="primary")
    sealed = models.TextField()
    state = models.CharField(max_length=9, choices=CalendarState, default=CalendarState.CONNECTED)
    error = models.CharField(max_length=300, blank=True)
    sync_token = models.TextField(blank=True)
    synced_at = models.DateTimeField(null=True)
    watch_id = models.UUIDField(null=True, unique=True)
    watch_resource = models.CharField(max_length=200, blank=True)
    watch_secret = models.TextField(blank=True)
    watch_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("linked calendar")
        verbose_name_plural = _("linked calendars")
        constraints = [models.UniqueConstraint(fields=["organization", "id"], name="calendar_account_org_id")]

    def __str__(self) -> str:
        return self.email or self.calendar_id


class BusyBlock(OrganizationOwned):
    """Time that the linked calendar says is taken by something that Prosa did not write."""

    account = models.ForeignKey(CalendarAccount, on_delete=models.CASCADE, related_name="busy")
    professional = models.ForeignKey(Professional, on_delete=models.CASCADE, related_name="busy")
    external_id = models.CharField(max_length=1100)
    during = DateTimeRangeField()
    title = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name = _("busy time")
        verbose_name_plural = _("busy times")
        constraints = [models.UniqueConstraint(fields=["account", "external_id"], name="busy_block_once")]
        indexes = [GistIndex(fields=["during"], name="busy_block_during")]

    def __str__(self) -> str:
        return f"{self.title} {self.during}"
