from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned


class StripeEvent(OrganizationOwned):
    """A verified webhook of Stripe, kept once; what it says is never applied, it only tells where to look."""

    event_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=120)
    body = models.BinaryField()
    received_at = models.DateTimeField(auto_now_add=True)
    handled_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = _("Stripe event")
        verbose_name_plural = _("Stripe events")
        constraints = [models.UniqueConstraint(fields=["organization", "event_id"], name="stripe_event_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(handled_at=None), name="stripe_event_waiting"),
            models.Index(fields=["received_at"], name="stripe_event_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"
