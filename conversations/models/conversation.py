from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, OrganizationOwned, Team
from gateways.models import Channel
from leads.models import Contact


class ConversationStatus(models.TextChoices):
    WAITING = "waiting", _("no answer yet")
    OPEN = "open", _("open")
    CLOSED = "closed", _("closed")


class Handler(models.TextChoices):
    BOT = "bot", _("SDR")
    HUMAN = "human", _("person")
    PAUSED = "paused", _("paused")


class Conversation(OrganizationOwned):
    """A thread with one contact on one channel; at most one of them is not closed.

    The list's columns (last message, unread) are kept here so that the inbox reads one table. ``waiting`` holds threads in
    which only a campaign has spoken; they enter the inbox when the contact answers.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="conversations")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="conversations")
    status = models.CharField(
        max_length=8, choices=ConversationStatus, default=ConversationStatus.OPEN, db_default="open"
    )
    handler = models.CharField(max_length=6, choices=Handler, default=Handler.BOT, db_default="bot")
    paused_until = models.DateTimeField(null=True)
    assigned_to = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")
    team = models.ForeignKey(Team, null=True, on_delete=models.SET_NULL, related_name="+")
    needs_human = models.CharField(max_length=200, blank=True, default="", db_default="")
    unread = models.PositiveIntegerField(default=0, db_default=0)
    last_message_at = models.DateTimeField(null=True)
    last_message_preview = models.CharField(max_length=200, blank=True, default="", db_default="")
    last_message_direction = models.CharField(max_length=4, blank=True, default="", db_default="")
    last_message_state = models.CharField(max_length=10, blank=True, default="", db_default="")
    last_inbound_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="conversation_org_id"),
            models.UniqueConstraint(
                fields=["organization", "contact", "channel"],
                condition=~Q(status="closed"),
                name="conversation_open_once",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "status", "-last_message_at", "-id"], name="conversation_inbox"),
            models.Index(
                fields=["organization", "assigned_to", "status", "-last_message_at", "-id"], name="conversation_mine"
            ),
            models.Index(
                fields=["organization", "team", "status", "-last_message_at", "-id"], name="conversation_team"
            ),
            models.Index(fields=["organization", "contact"], name="conversation_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} ({self.status})"

    def bot_may_answer(self, at: datetime) -> bool:
        """Whether the SDR is the handler now; a pause that has run out gives the conversation back to it."""
        if self.handler == Handler.PAUSED:
            return self.paused_until is not None and self.paused_until <= at
        return self.handler == Handler.BOT
