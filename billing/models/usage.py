from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned


class UsageDay(OrganizationOwned):
    """Messages that an organization has reserved on one day of its own calendar."""

    day = models.DateField()
    messages = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("usage")
        verbose_name_plural = _("usage")
        constraints = [
            models.UniqueConstraint(fields=["organization", "day"], name="usage_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.messages}"
