from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.access import Membership
from accounts.models.organization import OrganizationOwned


class AuditEntry(OrganizationOwned):
    """Who did what, and when; rows are only ever added."""

    actor = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_name = models.CharField(max_length=120, blank=True)
    action = models.CharField(max_length=80)
    target = models.CharField(max_length=200, blank=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [models.Index(fields=["organization", "-at"], name="audit_newest")]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"


class Secret(OrganizationOwned):
    """A key of an outside service, encrypted with :mod:`core.crypto`; never shown again after it was saved."""

    name = models.SlugField(_("name"), max_length=60)
    sealed = models.TextField()
    hint = models.CharField(max_length=12, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("secret")
        verbose_name_plural = _("secrets")
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="secret_once")]

    def __str__(self) -> str:
        return self.name


class IdempotentRequest(OrganizationOwned):
    """The stored answer to a POST that carried an ``Idempotency-Key``; kept for 24 hours."""

    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    response = models.BinaryField(null=True)
    content_type = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("idempotent request")
        verbose_name_plural = _("idempotent requests")
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key
