from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import OrganizationOwned
from bookings.models.booking import Booking
from bookings.models.service import Service
from leads.models import Contact


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


class SlotOffer(OrganizationOwned):
    """Free slots written into a chat as a numbered list; what the customer answers picks one of them, once.

    ``slots`` is a list of ``{"starts_at", "professional_id"}`` in the order of the numbers; ``booking`` is the one that
    moves, or None for a new one.
    """

    conversation_ref = models.UUIDField()
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")
    booking = models.ForeignKey(Booking, null=True, on_delete=models.CASCADE, related_name="+")
    made = models.ForeignKey(Booking, null=True, on_delete=models.SET_NULL, related_name="+")
    slots = models.JSONField(default=list)
    message_ref = models.UUIDField(null=True)
    expires_at = models.DateTimeField()
    chosen_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("offer of times")
        verbose_name_plural = _("offers of times")
        indexes = [models.Index(fields=["conversation_ref", "-created_at"], name="slot_offer_thread")]

    def __str__(self) -> str:
        return f"{self.service_id}: {len(self.slots)}"


class HandledReply(OrganizationOwned):
    """A customer's message that the agenda understood and acted on; it is acted on once, and nobody else answers it."""

    message_ref = models.UUIDField()
    conversation_ref = models.UUIDField()
    action = models.CharField(max_length=12)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("answer to the agenda")
        verbose_name_plural = _("answers to the agenda")
        constraints = [models.UniqueConstraint(fields=["organization", "message_ref"], name="handled_reply_once")]

    def __str__(self) -> str:
        return f"{self.action} ({self.message_ref})"
