import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned


def new_hook_token() -> str:
    """Return the unguessable part of an organization's webhook address."""
    return secrets.token_urlsafe(24)


class PaymentSettings(OrganizationOwned):
    """How an organization gets paid; its keys are :class:`accounts.models.Secret` rows, encrypted."""

    hook_token = models.CharField(max_length=40, unique=True, default=new_hook_token)
    stripe_account = models.CharField(max_length=120, blank=True)
    stripe_pix = models.BooleanField(_("Pix by Stripe"), default=False)
    pix_name = models.CharField(_("receiver's name"), max_length=60, blank=True)
    pix_city = models.CharField(_("receiver's city"), max_length=60, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("payment settings")
        verbose_name_plural = _("payment settings")
        constraints = [models.UniqueConstraint(fields=["organization"], name="payment_settings_once")]

    def __str__(self) -> str:
        return str(self.organization)


class IssueMoment(models.TextChoices):
    NEVER = "never", _("do not issue")
    PAYMENT = "payment", _("when the payment arrives")
    BOOKING = "booking", _("when the appointment is booked")


class FiscalEnvironment(models.TextChoices):
    TEST = "homologacao", _("test, without fiscal value")
    REAL = "producao", _("real")


class TaxRegime(models.IntegerChoices):
    """``codigo_opcao_simples_nacional`` of the national layout."""

    NONE = 1, _("not in Simples Nacional")
    MEI = 2, _("MEI")
    SMALL = 3, _("ME or EPP in Simples Nacional")


class FiscalSettings(OrganizationOwned):
    """What the national NFS-e needs to know of the provider; the token of Focus NFe is a Secret row."""

    issue_at = models.CharField(_("issue the NFS-e"), max_length=10, choices=IssueMoment, default=IssueMoment.NEVER)
    environment = models.CharField(
        _("environment"), max_length=12, choices=FiscalEnvironment, default=FiscalEnvironment.TEST
    )
    provider_document = models.CharField(_("your CNPJ"), max_length=14, blank=True)
    municipal_registration = models.CharField(_("municipal registration"), max_length=20, blank=True)
    municipality_code = models.CharField(_("IBGE code of your city"), max_length=7, blank=True)
    tax_regime = models.PositiveSmallIntegerField(_("tax regime"), choices=TaxRegime, default=TaxRegime.MEI)
    service_code = models.CharField(_("national service code"), max_length=6, blank=True)
    service_description = models.CharField(_("description of the service"), max_length=300, blank=True)
    keeps_payment = models.BooleanField(
        _("when the city hall refuses the invoice, keep the payment and try again"), default=False
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("fiscal settings")
        verbose_name_plural = _("fiscal settings")
        constraints = [models.UniqueConstraint(fields=["organization"], name="fiscal_settings_once")]

    def __str__(self) -> str:
        return str(self.organization)
