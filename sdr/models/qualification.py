from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned
from conversations.models import Conversation
from leads.models import Contact
from sdr.models.agent import Agent
from sdr.models.prompt import Prompt


class QualificationStatus(models.TextChoices):
    COLLECTING = "collecting", _("talking")
    QUALIFIED = "qualificado", _("qualified")
    HANDED_OFF = "handed_off", _("with a person")
    ABANDONED = "abandoned", _("stopped answering")
    OPTED_OUT = "opted_out", _("asked to stop")


class Qualification(OrganizationOwned):
    """What the SDR has learnt of a contact, with the message that says each thing.

    ``facts`` is ``{fact: null | {"value", "level", "message_id", "quote"}}`` for name, interest, urgency, knowledge, location;
    ``breakdown`` is ``[{"criterion", "points", "max", "message_id", "reason", "level"}]``, engagement included;
    ``extra`` is ``[{"question", "answer", "message_id"}]``, the agent's own.
    """

    contact = models.OneToOneField(Contact, on_delete=models.CASCADE, related_name="qualification")
    conversation = models.ForeignKey(Conversation, null=True, on_delete=models.SET_NULL, related_name="+")
    prompt = models.ForeignKey(Prompt, null=True, on_delete=models.SET_NULL, related_name="+")
    agent = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+")
    extra = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    status = models.CharField(max_length=12, choices=QualificationStatus, default=QualificationStatus.COLLECTING)
    facts = models.JSONField(default=dict)
    breakdown = models.JSONField(default=list)
    score = models.PositiveSmallIntegerField(default=0)
    temperature = models.CharField(max_length=12, blank=True)
    sentiment = models.CharField(max_length=12, blank=True)
    bot_messages = models.PositiveSmallIntegerField(default=0)
    follow_ups = models.PositiveSmallIntegerField(default=0, db_default=0)
    closing_message_id = models.UUIDField(null=True)
    handoff_reason = models.CharField(max_length=200, blank=True)
    unanswered = models.JSONField(default=list)
    started_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    qualified_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("qualification")
        verbose_name_plural = _("qualifications")
        constraints = [models.UniqueConstraint(fields=["organization", "id"], name="qualification_org_id")]
        indexes = [
            models.Index(fields=["organization", "status", "-updated_at"], name="qualification_status"),
            models.Index(fields=["organization", "-qualified_at"], name="qualification_done"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id}: {self.score}"

    @property
    def minutes(self) -> float | None:
        """Return how long the talk took until the qualification, None before it."""
        return (self.qualified_at - self.started_at).total_seconds() / 60 if self.qualified_at else None
