from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, OrganizationOwned
from campaigns.models.campaign import Campaign, Variant
from campaigns.models.sequence import StopReason
from core.placeholders import shown
from gateways.models import Channel
from leads.models import Contact


class RecipientState(models.TextChoices):
    QUEUED = "queued", _("in line")
    SENDING = "sending", _("sending")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    READ = "read", _("read")
    FAILED = "failed", _("failed")
    INVALID = "invalid", _("invalid number")
    SKIPPED = "skipped", _("left out")
    UNKNOWN = "unknown", _("to be confirmed")


SENT_STATES = (RecipientState.SENT, RecipientState.DELIVERED, RecipientState.READ)
"""Of what has left for certain and was not reported as failed."""


class SkipReason(models.TextChoices):
    NONE = "", ""
    OPTED_OUT = "opted_out", _("asked not to receive")
    STATUS = "status", _("status 0 in the list")
    NO_PHONE = "no_phone", _("no phone")
    UNANSWERED = "unanswered", _("did not answer the last campaigns")
    IN_CAMPAIGN = "in_campaign", _("waits in another campaign")
    FREQUENCY = "frequency", _("was written to enough lately")
    CUSTOMER = "customer", _("is a customer already")
    DUPLICATE = "duplicate", _("already in this campaign")
    ANONYMISED = "anonymised", _("data erased")
    EMPTY = "empty", _("the message would be empty")
    CANCELLED = "cancelled", _("campaign cancelled")
    REPLIED = "replied", _("answered before")
    BOOKED = "booked", _("booked before")
    CLOSED = "closed", _("conversation closed before")


class Recipient(OrganizationOwned):
    """One contact of one step of a campaign: the frozen text and everything that happened to it.

    The claim (``sending``, token, lease) is committed before the call to the provider, the result after it. A lapsed lease
    turns into ``unknown``, which only positive evidence or a person moves. ``position`` is the order of sending. A
    ``pinned`` contact has talked with ``channel`` before and stays with it unless that number dies. The composite keys of the
    migrations tie each row to its campaign, contact, wording and number; plain ones beside them would be checked for nothing.

    ``won_at`` is when somebody of the business said that the contact closed a deal because of this message; of the messages of
    one campaign to a contact at most one bears it.

    In a sequence a row ``leads_on`` while the next step may follow it, or says why it was ``stopped``. A message with
    ``silent_since`` leaves only if the contact has written nothing since then.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False, verbose_name=_("organization")
    )
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="recipients", db_index=False, db_constraint=False
    )
    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    variant = models.ForeignKey(
        Variant, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False, db_constraint=False
    )
    channel = models.ForeignKey(
        Channel, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False, db_constraint=False
    )
    position = models.PositiveIntegerField(default=0)
    pinned = models.BooleanField(default=False, db_default=False)
    step = models.PositiveSmallIntegerField(default=1, db_default=1)
    leads_on = models.BooleanField(default=False, db_default=False)
    silent_since = models.DateTimeField(null=True)
    stopped = models.CharField(max_length=8, choices=StopReason, blank=True, default="", db_default="")
    phone = models.CharField(max_length=20, blank=True)
    body = models.TextField(blank=True)
    state = models.CharField(max_length=9, choices=RecipientState, default=RecipientState.QUEUED, db_default="queued")
    skip_reason = models.CharField(max_length=12, choices=SkipReason, blank=True, default="", db_default="")
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_attempt_at = models.DateTimeField(null=True)
    claim_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    external_id = models.CharField(max_length=200, null=True)
    error_code = models.CharField(max_length=40, blank=True, default="", db_default="")
    error = models.CharField(max_length=500, blank=True, default="", db_default="")
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    replied_at = models.DateTimeField(null=True)
    won_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="recipient_org_id"),
            models.UniqueConstraint(fields=["campaign", "contact", "step"], name="recipient_step_once"),
        ]
        indexes = [
            models.Index(
                fields=["campaign", "channel", "position"], condition=Q(state="queued"), name="recipient_queue"
            ),
            models.Index(fields=["campaign", "position"], name="recipient_order"),
            models.Index(fields=["campaign", "sent_at"], condition=Q(leads_on=True), name="recipient_leads_on"),
            models.Index(fields=["campaign", "step"], condition=~Q(stopped=""), name="recipient_stopped"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="recipient_lease"),
            models.Index(fields=["campaign", "state", "position"], name="recipient_by_state"),
            models.Index(
                fields=["campaign", "state", "error_code", "position"],
                condition=Q(state__in=["failed", "invalid"]),
                name="recipient_by_error",
            ),
            models.Index(
                fields=["campaign", "skip_reason", "position"], condition=Q(state="skipped"), name="recipient_by_skip"
            ),
            models.Index(fields=["campaign", "-sent_at"], condition=~Q(sent_at=None), name="recipient_sent"),
            models.Index(fields=["campaign", "-replied_at"], condition=~Q(replied_at=None), name="recipient_replied"),
            models.Index(fields=["campaign"], condition=~Q(won_at=None), name="recipient_won"),
            models.Index(fields=["channel", "external_id"], condition=~Q(external_id=None), name="recipient_external"),
            models.Index(fields=["organization", "contact", "-sent_at"], name="recipient_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.phone}: {self.state}"

    @property
    def text(self) -> str:
        """What this person reads, or is going to."""
        return shown(self.body)
