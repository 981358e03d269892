"""What ties billing's charges to the people, bookings and chats that billing itself does not know."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import OrganizationOwned
from billing.models import Charge
from bookings.models.booking import Booking
from conversations.models import Conversation
from leads.models import Contact


class ChargeLink(OrganizationOwned):
    """Of whom a charge is asked, for which booking and in which chat; each may be unknown."""

    charge = models.OneToOneField(Charge, on_delete=models.CASCADE, related_name="link")
    contact = models.ForeignKey(Contact, null=True, on_delete=models.SET_NULL, related_name="charge_links")
    booking = models.ForeignKey(Booking, null=True, on_delete=models.SET_NULL, related_name="charge_links")
    conversation = models.ForeignKey(Conversation, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("link of a charge")
        verbose_name_plural = _("links of charges")

    def __str__(self) -> str:
        return str(self.charge_id)


class MailState(models.TextChoices):
    NONE = "none", _("no e-mail address")
    QUEUED = "queued", pgettext_lazy("receipt", "about to be sent")
    SENDING = "sending", pgettext_lazy("receipt", "being sent")
    SENT = "sent", pgettext_lazy("receipt", "sent")
    REFUSED = "refused", pgettext_lazy("receipt", "refused")
    UNKNOWN = "unknown", pgettext_lazy("receipt", "not confirmed")


class PaymentReceipt(OrganizationOwned):
    """What a payer was told about a payment: one per key of the process, however often its step is tried.

    The message in the chat is written in the same transaction. The e-mail leaves afterwards, claimed by ``lease_until``;
    one whose sender died is ``unknown`` and never repeated, for it may have arrived.
    """

    charge = models.ForeignKey(Charge, on_delete=models.CASCADE, related_name="receipts")
    key = models.CharField(max_length=200)
    conversation_ref = models.UUIDField(null=True)
    message_ref = models.UUIDField(null=True)
    mail_state = models.CharField(max_length=8, choices=MailState, default=MailState.NONE)
    mail_attempts = models.PositiveSmallIntegerField(default=0)
    mail_due_at = models.DateTimeField(null=True)
    mail_error = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="payment_receipt_once")]
        indexes = [models.Index(fields=["mail_due_at"], condition=Q(mail_state="queued"), name="payment_receipt_due")]

    def __str__(self) -> str:
        return self.key
