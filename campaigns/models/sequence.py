from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned
from campaigns.models.campaign import Campaign


class WaitUnit(models.TextChoices):
    HOURS = "hours", _("hours")
    DAYS = "days", _("days")


class StopReason(models.TextChoices):
    """Why somebody gets no further step of a sequence."""

    REPLIED = "replied", _("answered")
    BOOKED = "booked", _("booked")
    CLOSED = "closed", _("conversation closed")
    GONE = "gone", _("may not be written to any more")
    EMPTY = "empty", _("the message would be empty")


class Step(OrganizationOwned):
    """A further message of a campaign: who got the one before gets it after the wait. The campaign's own message is step 1.

    Its wordings are the campaign's variants of that ``step``. A wait in days keeps the time of day.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField()
    wait = models.PositiveSmallIntegerField()
    unit = models.CharField(max_length=5, choices=WaitUnit, default=WaitUnit.DAYS)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering: ClassVar[list[str]] = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="step_org_id"),
            models.UniqueConstraint(fields=["campaign", "number"], name="step_once"),
            models.CheckConstraint(condition=models.Q(number__gte=2, wait__gte=1), name="step_after_first"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.number}"
