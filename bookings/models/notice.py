from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import OrganizationOwned
from bookings.models.booking import Booking


class NoticeKind(models.TextChoices):
    HELD = "held", _("asks to confirm")
    CONFIRMED = "confirmed", _("booked")
    MOVED = "moved", _("moved")
    CANCELLED = "cancelled", pgettext_lazy("booking", "cancelled")
    DAY_BEFORE = "day_before", _("24 h before")
    HOUR_BEFORE = "hour_before", _("1 h before")


class NoticeState(models.TextChoices):
    PLANNED = "planned", _("planned")
    SENT = "sent", pgettext_lazy("booking", "sent")
    SKIPPED = "skipped", _("not needed")


class BookingNotice(OrganizationOwned):
    """A message to the customer about a booking: one row per kind and version of the booking, written to a thread once.

    ``awaits_answer_until`` is how long 1, 2, 3 and their words in that thread mean this booking.
    """

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=12, choices=NoticeKind)
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=NoticeState, default=NoticeState.PLANNED)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=120, blank=True)
    conversation_ref = models.UUIDField(null=True)
    message_ref = models.UUIDField(null=True)
    emailed_at = models.DateTimeField(null=True)
    awaits_answer_until = models.DateTimeField(null=True)
    answer = models.CharField(max_length=12, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("booking notice")
        verbose_name_plural = _("booking notices")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="booking_notice_org_id"),
            models.UniqueConstraint(fields=["booking", "kind", "version"], name="booking_notice_once"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="planned"), name="booking_notice_due"),
            models.Index(fields=["conversation_ref", "-sent_at"], name="booking_notice_thread"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.due_at}"
