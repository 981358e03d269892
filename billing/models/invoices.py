from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned
from billing.models.charges import Charge


class InvoiceState(models.TextChoices):
    NEW = "new", _("not sent yet")
    PROCESSING = "processing", _("with the city hall")
    AUTHORISED = "authorised", _("issued")
    REFUSED = "refused", _("refused")
    CANCELLED = "cancelled", _("cancelled")


class FiscalInvoice(OrganizationOwned):
    """An NFS-e; ``ref`` is our name for it at Focus NFe and makes issuing the same invoice twice impossible."""

    ref = models.CharField(max_length=50)
    charge = models.ForeignKey(Charge, null=True, blank=True, on_delete=models.PROTECT, related_name="invoices")
    state = models.CharField(max_length=12, choices=InvoiceState, default=InvoiceState.NEW)
    environment = models.CharField(max_length=12)
    amount_cents = models.PositiveIntegerField()
    description = models.CharField(max_length=1000)
    taker_name = models.CharField(max_length=120)
    taker_document = models.CharField(max_length=14, blank=True)
    taker_email = models.EmailField(blank=True)
    # What was sent, word for word: the same reference is only ever sent again with the same content.
    payload = models.JSONField(default=dict)
    number = models.CharField(max_length=40, blank=True)
    verification_code = models.CharField(max_length=80, blank=True)
    url = models.URLField(max_length=500, blank=True)
    pdf_url = models.URLField(max_length=500, blank=True)
    errors = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("fiscal invoice")
        verbose_name_plural = _("fiscal invoices")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="invoice_org_id"),
            models.UniqueConstraint(fields=["organization", "ref"], name="invoice_ref_once"),
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="invoice_over_something"),
        ]
        ordering: ClassVar[list[str]] = ["-created_at"]

    def __str__(self) -> str:
        return self.number or self.ref
