from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned


class Tombstone(OrganizationOwned):
    """A person who was erased, known only by a keyed hash of the phone: whoever comes back stays out of campaigns."""

    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("erased person")
        verbose_name_plural = _("erased persons")
        constraints = [models.UniqueConstraint(fields=["organization", "fingerprint"], name="tombstone_once")]

    def __str__(self) -> str:
        return self.fingerprint[:8]
