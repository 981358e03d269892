from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned

PERCENT = (MinValueValidator(1), MaxValueValidator(100))


class CampaignGuard(OrganizationOwned):
    """When a campaign of the organization pauses by itself because too many messages fail or too many people leave."""

    is_on = models.BooleanField(_("pause by itself when too much goes wrong"), default=True)
    failure_percent = models.PositiveSmallIntegerField(
        _("pause when so many of 100 messages fail"), default=25, validators=PERCENT
    )
    leaving_percent = models.PositiveSmallIntegerField(
        _("pause when so many of 100 people block or ask not to receive"), default=5, validators=PERCENT
    )
    window_minutes = models.PositiveSmallIntegerField(
        _("looking at the last so many minutes"), default=60, validators=[MinValueValidator(5), MaxValueValidator(1440)]
    )
    minimum = models.PositiveSmallIntegerField(
        _("with so many messages at least"), default=20, validators=[MinValueValidator(5), MaxValueValidator(10000)]
    )

    class Meta:
        verbose_name = _("pausing of campaigns")
        verbose_name_plural = _("pausing of campaigns")
        constraints = [models.UniqueConstraint(fields=["organization"], name="campaign_guard_once")]

    def __str__(self) -> str:
        return str(self.organization)
