"""How many people an official business has written to: Meta's limit counts them over all its numbers."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned


class Portfolio(OrganizationOwned):
    """A business at Meta, whose numbers share one limit of people in 24 hours.

    ``external_id`` is Meta's id of the business, or ``waba:`` and the WhatsApp Business account until Meta tells it, which
    was last asked at ``asked_at``. ``people`` is never under the true count: those of ``counted_at`` and all new ones since;
    ``frees_at`` is when the first of them leaves the 24 hours.
    """

    external_id = models.CharField(max_length=60)
    people = models.PositiveIntegerField(default=0)
    counted_at = models.DateTimeField(null=True)
    frees_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("business portfolio")
        verbose_name_plural = _("business portfolios")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "id"], name="portfolio_org_id"),
            models.UniqueConstraint(fields=["organization", "external_id"], name="portfolio_once"),
        ]

    def __str__(self) -> str:
        return self.external_id


class PortfolioContact(models.Model):
    """A phone that was last written to at ``at`` without having written itself in the 24 hours before."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, related_name="contacts", db_index=False, db_constraint=False
    )
    phone = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["portfolio", "phone"], name="portfolio_contact_once")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["portfolio", "at"], name="portfolio_contact_at")]

    def __str__(self) -> str:
        return self.phone
