from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization


class Plan(models.Model):
    """What an organization may use; rows, not code, so that staff can change them."""

    code = models.SlugField(_("code"), unique=True, max_length=40)
    name = models.CharField(_("name"), max_length=80)
    price_cents = models.PositiveIntegerField(_("monthly price in cents"), default=0)
    currency = models.CharField(max_length=3, default="BRL")
    trial_days = models.PositiveSmallIntegerField(_("trial days"), default=0)
    monthly_messages = models.PositiveIntegerField(_("messages a month"), null=True, blank=True)
    daily_messages = models.PositiveIntegerField(_("messages a day"), null=True, blank=True)
    messages_per_minute = models.PositiveIntegerField(_("messages a minute"), null=True, blank=True, default=100)
    seats = models.PositiveIntegerField(_("people"), null=True, blank=True)
    channels = models.PositiveIntegerField(_("numbers"), null=True, blank=True)
    ai_budget_cents = models.PositiveIntegerField(_("AI budget a month in cents"), null=True, blank=True)
    is_public = models.BooleanField(_("on sale"), default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering = ["position", "price_cents"]

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """The plan that an organization is on."""

    organization = models.OneToOneField(Organization, on_delete=models.CASCADE, primary_key=True)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    trial_ends_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")

    def __str__(self) -> str:
        return f"{self.organization}: {self.plan}"

    def is_expired(self, at: datetime) -> bool:
        return self.trial_ends_at is not None and self.trial_ends_at <= at
