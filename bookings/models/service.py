from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned
from bookings.models.professional import Professional


class Service(OrganizationOwned):
    """Something that customers book. Buffers keep time free around it, e.g. to clean up; no customer sees them."""

    name = models.CharField(_("name"), max_length=80)
    description = models.CharField(_("description"), max_length=300, blank=True)
    duration_minutes = models.PositiveSmallIntegerField(_("duration in minutes"), default=60)
    price_cents = models.PositiveIntegerField(_("price in cents"), default=0)
    buffer_before_minutes = models.PositiveSmallIntegerField(_("minutes free before"), default=0)
    buffer_after_minutes = models.PositiveSmallIntegerField(_("minutes free after"), default=0)
    color = models.PositiveSmallIntegerField(_("color"), default=1)
    is_active = models.BooleanField(_("on offer"), default=True)
    professionals = models.ManyToManyField(Professional, through="ServiceProfessional", related_name="services")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="service_org_id"),
            models.UniqueConstraint(
                "organization", Lower("name"), condition=Q(is_active=True), name="service_name_once"
            ),
            models.CheckConstraint(
                condition=Q(duration_minutes__gte=5, duration_minutes__lte=720), name="service_duration"
            ),
            models.CheckConstraint(
                condition=Q(buffer_before_minutes__lte=240, buffer_after_minutes__lte=240), name="service_buffers"
            ),
            models.CheckConstraint(condition=Q(color__gte=1, color__lte=6), name="service_color"),
        ]

    def __str__(self) -> str:
        return self.name


class ServiceProfessional(OrganizationOwned):
    """Who does what."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE)
    professional = models.ForeignKey(Professional, on_delete=models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(F("service"), F("professional"), name="service_professional_once")]

    def __str__(self) -> str:
        return f"{self.service_id}: {self.professional_id}"
