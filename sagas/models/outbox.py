from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _


class OutboxEvent(models.Model):
    """A published fact, written in the transaction that made it true."""

    id = models.BigAutoField(primary_key=True)
    organization_id = models.UUIDField(db_index=True)
    name = models.CharField(max_length=100)
    payload = models.JSONField()
    ordering_key = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"


class DeliveryState(models.TextChoices):
    PENDING = "pending", _("pending")
    DONE = "done", _("done")
    DEAD = "dead", _("given up")


class OutboxDeliveryQuerySet(models.QuerySet["OutboxDelivery"]):
    def due(self, at: datetime) -> "OutboxDeliveryQuerySet":
        return self.filter(state=DeliveryState.PENDING, due_at__lte=at)

    def first_in_order(self) -> "OutboxDeliveryQuerySet":
        """Leave out deliveries that have an older unfinished one for the same subscriber and ordering key."""
        older = OutboxDelivery.objects.filter(
            state=DeliveryState.PENDING,
            subscriber=OuterRef("subscriber"),
            ordering_key=OuterRef("ordering_key"),
            pk__lt=OuterRef("pk"),
        ).exclude(ordering_key="")
        return self.exclude(Exists(older))

    def claim_next(self, at: datetime) -> "OutboxDelivery | None":
        """Lock and return the oldest delivery that may run now; another worker's locked rows are skipped."""
        return (
            self.due(at)
            .first_in_order()
            .select_related("event")
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("pk")
            .first()
        )


class OutboxDelivery(models.Model):
    """One event on its way to one subscriber."""

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(OutboxEvent, on_delete=models.CASCADE, related_name="deliveries")
    subscriber = models.CharField(max_length=200)
    ordering_key = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[OutboxDeliveryQuerySet] = OutboxDeliveryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [models.UniqueConstraint(fields=["event", "subscriber"], name="one_delivery_per_subscriber")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="pending"), name="outbox_due"),
            models.Index(
                fields=["subscriber", "ordering_key", "id"], condition=models.Q(state="pending"), name="outbox_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber} ← {self.event_id}"

    def finish(self, failure: Exception | None, *, at: datetime, max_attempts: int, first_retry: timedelta) -> None:
        """Record the outcome: done, due again later, or dead once the attempts are used up."""
        self.attempts += 1
        if failure is None:
            self.state, self.finished_at, self.error = DeliveryState.DONE, at, ""
        else:
            self.error = f"{type(failure).__name__}: {failure}"[:2000]
            self.due_at = at + first_retry * 2**self.attempts
            if self.attempts >= max_attempts:
                self.state, self.finished_at = DeliveryState.DEAD, at
        self.save()
