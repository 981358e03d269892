from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, OrganizationOwned
from conversations.models.conversation import Conversation
from gateways import refusals
from gateways.models import Channel


class Direction(models.TextChoices):
    IN = "in", _("received")
    OUT = "out", _("sent")
    NOTE = "note", _("note")
    EVENT = "event", _("event")


class Origin(models.TextChoices):
    CUSTOMER = "customer", _("contact")
    HUMAN = "human", _("person")
    BOT = "bot", _("SDR")
    CAMPAIGN = "campaign", _("campaign")
    PHONE = "phone", _("typed on the phone")
    SYSTEM = "system", _("system")


class MessageState(models.TextChoices):
    QUEUED = "queued", _("in line")
    SENDING = "sending", _("sending")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    READ = "read", _("read")
    FAILED = "failed", _("not sent")
    UNKNOWN = "unknown", _("to be confirmed")
    RECEIVED = "received", _("received")
    CANCELLED = "cancelled", _("cancelled")


class Message(OrganizationOwned):
    """One bubble of a thread. What leaves is a row first, and its state only moves forward.

    ``client_key`` makes a double click harmless; ``external_id`` is the provider's id, unique per channel; ``campaign_ref``
    is the id of the campaign recipient that a campaign message belongs to. ``search`` is filled by the writers as
    :mod:`conversations.search` says.
    """

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    direction = models.CharField(max_length=5, choices=Direction)
    origin = models.CharField(max_length=8, choices=Origin)
    kind = models.CharField(max_length=20, default="text", db_default="text")
    body = models.TextField(blank=True, default="", db_default="")
    state = models.CharField(max_length=9, choices=MessageState, default=MessageState.QUEUED)
    author = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    author_name = models.CharField(max_length=120, blank=True, default="", db_default="")
    external_id = models.CharField(max_length=200, null=True)
    client_key = models.CharField(max_length=80, null=True)
    reply_to_external_id = models.CharField(max_length=200, blank=True, default="", db_default="")
    campaign_ref = models.UUIDField(null=True)
    at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_attempt_at = models.DateTimeField(null=True)
    claim_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=40, blank=True, default="", db_default="")
    error = models.CharField(max_length=500, blank=True, default="", db_default="")
    data = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    search = SearchVectorField(null=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="message_org_id"),
            models.UniqueConstraint(fields=["channel", "external_id"], name="message_external_once"),
            models.UniqueConstraint(fields=["organization", "client_key"], name="message_client_once"),
            models.UniqueConstraint(fields=["organization", "campaign_ref"], name="message_campaign_once"),
        ]
        indexes = [
            models.Index(fields=["conversation", "-at", "-id"], name="message_thread"),
            models.Index(fields=["organization", "-at"], name="message_newest"),
            models.Index(
                fields=["state", "next_attempt_at"], condition=Q(state__in=["queued", "sending"]), name="message_due"
            ),
            GinIndex(fields=["search"], name="message_search"),
        ]

    def __str__(self) -> str:
        return self.body[:60]

    @property
    def refusal(self) -> str:
        """Why it was not sent, in plain words."""
        return refusals.words(self.error_code, self.error)


class Attachment(OrganizationOwned):
    """A file of a message; ``path`` is empty while an inbound file still waits to be fetched from the provider.

    ``next_try_at`` is when it is fetched, or fetched again; None once it is here or given up.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    kind = models.CharField(max_length=20)
    mimetype = models.CharField(max_length=100, blank=True)
    filename = models.CharField(max_length=200, blank=True)
    path = models.CharField(max_length=300, blank=True)
    size = models.PositiveIntegerField(default=0)
    remote = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_try_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(next_try_at__isnull=False), name="attachment_due"),
        ]

    def __str__(self) -> str:
        return self.filename
