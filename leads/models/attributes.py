from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned


class AttributeLabel(OrganizationOwned):
    """The words under which people know an attribute of contacts: the header of the column that it came from."""

    key = models.CharField(max_length=60)
    label = models.CharField(max_length=120)

    class Meta:
        verbose_name = _("extra field")
        verbose_name_plural = _("extra fields")
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="attribute_key_once")]

    def __str__(self) -> str:
        return self.label
