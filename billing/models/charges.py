import secrets
from typing import ClassVar, Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, OrganizationOwned


class ChargeMethod(models.TextChoices):
    CARD_LINK = "card_link", _("card")
    PIX_STRIPE = "pix_stripe", _("Pix by Stripe")
    PIX_STATIC = "pix_static", _("Pix to your key")


class ChargeState(models.TextChoices):
    OPEN = "open", _("open")
    PAID = "paid", _("paid")
    EXPIRED = "expired", _("expired")
    CANCELLED = "cancelled", _("cancelled")
    REFUNDING = "refunding", _("being refunded")
    REFUNDED = "refunded", _("refunded")


# The one table of what may follow what. Money that arrives late still arrived; a refund may be refused days later.
MOVES: Final[dict[str, frozenset[str]]] = {
    ChargeState.OPEN: frozenset({ChargeState.PAID, ChargeState.EXPIRED, ChargeState.CANCELLED}),
    ChargeState.EXPIRED: frozenset({ChargeState.PAID}),
    ChargeState.CANCELLED: frozenset({ChargeState.PAID}),
    ChargeState.PAID: frozenset({ChargeState.REFUNDING, ChargeState.REFUNDED}),
    ChargeState.REFUNDING: frozenset({ChargeState.REFUNDED, ChargeState.PAID}),
    ChargeState.REFUNDED: frozenset({ChargeState.PAID}),
}


class Confirmation(models.TextChoices):
    """How it became known that the money is there."""

    STRIPE = "stripe", _("by Stripe")
    HAND = "hand", _("by hand")


class ChargeProblem(models.TextChoices):
    """What a person has to look at."""

    AMOUNT = "amount", _("another amount was paid")
    PARTLY_REFUNDED = "partly_refunded", _("only a part was refunded")
    REFUND_REFUSED = "refund_refused", _("the refund was refused")
    REFUND_BY_HAND = "refund_by_hand", _("send the money back yourself")
    DISPUTED = "disputed", _("the payer disputes it")


def new_token() -> str:
    """Return the unguessable part of a payment page's address."""
    return secrets.token_urlsafe(24)


class Charge(OrganizationOwned):
    """Money asked of somebody; the payer is copied here, because what was charged must not change with the contact."""

    payer_name = models.CharField(_("name"), max_length=120)
    payer_phone = models.CharField(_("phone"), max_length=20, blank=True)
    payer_email = models.EmailField(_("e-mail"), blank=True)
    payer_document = models.CharField(_("CPF or CNPJ"), max_length=14, blank=True)
    amount_cents = models.PositiveIntegerField(_("amount in cents"))
    currency = models.CharField(max_length=3, default="BRL")
    description = models.CharField(_("description"), max_length=200)
    method = models.CharField(_("how to pay"), max_length=12, choices=ChargeMethod)
    state = models.CharField(_("state"), max_length=12, choices=ChargeState, default=ChargeState.OPEN)
    problem = models.CharField(max_length=20, choices=ChargeProblem, blank=True)
    public_token = models.CharField(max_length=40, unique=True, default=new_token)
    search = models.TextField(blank=True)

    pix_code = models.TextField(blank=True)
    pix_txid = models.CharField(max_length=25, null=True)
    session_id = models.CharField(max_length=255, null=True)
    session_number = models.PositiveSmallIntegerField(default=0)
    session_expires_at = models.DateTimeField(null=True)
    payment_intent_id = models.CharField(max_length=255, null=True)
    refund_id = models.CharField(max_length=255, null=True)
    refund_number = models.PositiveSmallIntegerField(default=0)
    received_cents = models.PositiveIntegerField(default=0)
    refunded_cents = models.PositiveIntegerField(default=0)
    # Each look at Stripe takes a ticket first; a look with an older ticket than the last one used changes nothing.
    look_taken = models.PositiveIntegerField(default=0)
    look_used = models.PositiveIntegerField(default=0)
    looked_at = models.DateTimeField(null=True)

    created_by = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("pay until"))
    paid_at = models.DateTimeField(null=True)
    confirmation = models.CharField(max_length=10, choices=Confirmation, blank=True)
    confirmed_by = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")
    cancelled_at = models.DateTimeField(null=True)
    refunded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("charge")
        verbose_name_plural = _("charges")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="charge_org_id"),
            models.UniqueConstraint(fields=["organization", "session_id"], name="charge_session_once"),
            models.UniqueConstraint(fields=["organization", "payment_intent_id"], name="charge_intent_once"),
            models.UniqueConstraint(fields=["organization", "refund_id"], name="charge_refund_once"),
            models.UniqueConstraint(fields=["organization", "pix_txid"], name="charge_txid_once"),
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="charge_asks_something"),
            models.CheckConstraint(condition=Q(currency="BRL"), name="charge_in_reais"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "expired", "cancelled"], paid_at=None)
                | (Q(state__in=["paid", "refunding", "refunded"], paid_at__isnull=False) & ~Q(confirmation="")),
                name="charge_paid_says_when_and_how",
            ),
            models.CheckConstraint(
                condition=~Q(state="refunded") | Q(refunded_at__isnull=False), name="charge_refunded_says_when"
            ),
            models.CheckConstraint(
                condition=~Q(method="pix_static") | ~Q(pix_code=""), name="charge_static_pix_has_its_code"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-created_at", "-id"], name="charge_newest"),
            models.Index(fields=["expires_at"], condition=Q(state="open"), name="charge_open_until"),
        ]
        ordering: ClassVar[list[str]] = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.payer_name}: {self.description}"

    @property
    def is_stripe(self) -> bool:
        return self.method != ChargeMethod.PIX_STATIC

    def may_become(self, state: str) -> bool:
        return state in MOVES[self.state]
