from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned
from gateways.models.channel import Channel


class SimulatedHook(OrganizationOwned):
    """A webhook that a virtual contact of a Simulator channel will send when its time comes."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    phone = models.CharField(max_length=20)
    body = models.JSONField()
    due_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("simulated hook")
        verbose_name_plural = _("simulated hooks")
        indexes = [
            models.Index(fields=["due_at"], condition=Q(delivered_at=None), name="simulated_hook_due"),
            models.Index(fields=["channel", "phone"], name="simulated_hook_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.phone} {self.due_at}"
