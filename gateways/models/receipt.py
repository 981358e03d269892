import orjson
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from gateways.models.channel import Channel


class ReceiptState(models.TextChoices):
    PENDING = "pending", _("waiting")
    DONE = "done", _("understood")
    IGNORED = "ignored", _("ignored")
    FAILED = "failed", _("not understood")


class Receipt(models.Model):
    """A webhook exactly as it came, secrets redacted, stored before anything in it is understood.

    ``id`` is a sequence: a channel's receipts are processed in its order. Rows are inserted by the one statement of
    :mod:`gateways.intake.receipts`, hence the database defaults; the composite foreign key alone ties them to their channel.
    """

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    channel = models.ForeignKey(
        Channel, on_delete=models.CASCADE, related_name="receipts", db_index=False, db_constraint=False
    )
    dedupe_key = models.CharField(max_length=128)
    body = models.BinaryField()
    state = models.CharField(max_length=8, choices=ReceiptState, default=ReceiptState.PENDING, db_default="pending")
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    duplicates = models.PositiveIntegerField(default=0, db_default=0)
    note = models.CharField(max_length=500, default="", db_default="", blank=True)
    received_at = models.DateTimeField(db_default=Now())
    processed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [models.UniqueConstraint(fields=["channel", "dedupe_key"], name="receipt_once")]
        indexes = [
            models.Index(fields=["channel", "id"], condition=Q(state="pending"), name="receipt_pending"),
            models.Index(fields=["channel", "-id"], name="receipt_newest"),
        ]

    def __str__(self) -> str:
        return self.dedupe_key

    @property
    def as_text(self) -> str:
        """The body for people: indented where it is JSON, as every stored body should be."""
        try:
            return orjson.dumps(orjson.loads(bytes(self.body)), option=orjson.OPT_INDENT_2).decode()
        except orjson.JSONDecodeError:
            return bytes(self.body).decode("utf-8", "replace")


class MessageStatus(models.Model):
    """The furthest delivery state a provider has reported for one of its message ids; it never goes back.

    Kept apart from the messages because a status may arrive before the send that it belongs to is saved.
    """

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    channel = models.ForeignKey(
        Channel, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    external_id = models.CharField(max_length=200)
    state = models.CharField(max_length=10)
    error_code = models.CharField(max_length=40, default="", db_default="", blank=True)
    error = models.CharField(max_length=500, default="", db_default="", blank=True)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "external_id"], name="message_status_once")]
        indexes = [models.Index(fields=["channel", "updated_at"], name="message_status_age")]

    def __str__(self) -> str:
        return f"{self.external_id}: {self.state}"
