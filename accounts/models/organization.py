from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7
from core.tenancy import TenantManager


class Organization(models.Model):
    """A tenant: one business and everything it owns."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=120)
    segment = models.CharField(_("line of business"), max_length=80, blank=True)
    timezone = models.CharField(_("time zone"), max_length=40, default="America/Sao_Paulo")
    language = models.CharField(
        _("language"), max_length=10, default="pt-br", choices=[("pt-br", _("Portuguese")), ("en", _("English"))]
    )
    is_demo = models.BooleanField(_("demonstration"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")

    def __str__(self) -> str:
        return self.name


class OrganizationOwned(models.Model):
    """Base of every row that belongs to a tenant.

    ``objects`` is limited to the active organization and raises without one. ``unscoped`` is for the admin, sweeps and
    commands. Foreign keys between owned rows get a composite twin in the migrations
    (:func:`core.migrations.composite_foreign_key`), for which every concrete table has ``UNIQUE (organization_id, id)``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", verbose_name=_("organization")
    )

    objects: ClassVar[Any] = TenantManager()
    unscoped: ClassVar[models.Manager[Any]] = models.Manager()

    class Meta:
        abstract = True
        base_manager_name = "unscoped"
